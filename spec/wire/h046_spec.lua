local row = require "spec.support.row"

row { 46, "Source routes",
  answer = "250; the route is taken off, mail goes to the last address, and only that is " ..
    "shown to hooks" }

local at = row.serve {
  hop = {}, config = [[ hooks = { { "rcpt_domains", domains = { "x.test" } } } ]],
}

row.case("are not followed", function(c)
  c:cmd("MAIL FROM:<@evil.test:a@b.test>", 250)
  c:cmd("RCPT TO:<@evil.test,@other.test:u@x.test>", 250)
  c:cmd("RCPT TO:<@x.test:u@evil.test>", "550 5%.7%.1")
  c:cmd("RCPT TO:<@x.test,@x.test:u@evil.test>", "550 5%.7%.1")
  c:cmd("DATA", 354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\n"
  c:expect(250)
  local list = at.hop:messages()
  assert.equal("a@b.test", list[#list].from)
  assert.same({ "u@x.test" }, list[#list].to)
end)

row.case("that are none are refused", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  for _, bad in ipairs { "<@x.test:>", "<@x.test>", "<@:u@x.test>", "<x.test:u@x.test>",
    "<@a.test,:u@x.test>" } do
    c:cmd("RCPT TO:" .. bad, "501 5%.1%.3")
  end
end)
