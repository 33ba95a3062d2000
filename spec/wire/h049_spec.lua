local row = require "spec.support.row"

row { 49, "Addresses at a literal, `u@[127.0.0.1]`",
  answer = "A domain like any other: no hook takes it for ours unless it is listed; " ..
    "malformed ones are 501 5.1.3" }

local at = row.serve {
  hop = {}, config = [[ hooks = { { "rcpt_domains", domains = { "x.test", "[192.0.2.1]",
    "[IPv6:2001:db8::1]" } } } ]],
}

row.case("is not local", function(c)
  c:cmd("MAIL FROM:<a@[192.0.2.9]>", 250)
  for _, to in ipairs { "u@[127.0.0.1]", "u@[IPv6:::1]", "u@[IPv6:2001:db8::2]",
    "postmaster@[127.0.0.1]" } do
    c:cmd(("RCPT TO:<%s>"):format(to), "550 5%.7%.1")
  end
  for _, bad in ipairs { "u@[1.2.3]", "u@[1.2.3.4", "u@1.2.3.4]", "u@[]", "u@[::1]",
    "u@[IPv6:1.2.3.4]",
    "u@[256.1.1.1]", "u@[IPv6:1::2::3]", "u@[1.2.3.4].x.test" } do
    c:cmd(("RCPT TO:<%s>"):format(bad), "501 5%.1%.3")
  end
  c:cmd("DATA", "554 5%.5%.1")
  c:cmd("RCPT TO:<u@[192.0.2.1]>", 250)
  c:cmd("RCPT TO:<u@[IPv6:2001:DB8::1]>", 250)
  local lines = at.hop:lines()
  assert.equal("RCPT TO:<u@[192.0.2.1]>", lines[#lines - 1])
  assert.equal("RCPT TO:<u@[ipv6:2001:db8::1]>", lines[#lines])
  assert.equal(0, #at.hop:messages())
end)
