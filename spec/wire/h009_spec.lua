local row = require "spec.support.row"

row { 9, "A TLS handshake where clear text is spoken",
  answer = "The connection is closed without a word; the log has no octet of it", over = "clear" }

local at = row.serve {}

-- What openssl sends first, and its older form.
local hellos = {
  ["TLS"] = "\22\3\1\2\0\1\0\1\252\3\3" .. ("\7\10\255"):rep(168),
  ["TLS, cut short"] = "\22\3\1",
  ["SSL 2"] = "\128\46\1\0\2\0\21\0\0\0\16" .. ("\1\0\128"):rep(10),
}

for name, hello in pairs(hellos) do
  row.case(name .. " ends the session", function(c)
    c:send(hello)
    c:expect_closed()
    assert.equal("refused", at.server:ended(c).reason)
  end, { greet = "banner" })
end

row.case("a true one fails and gets no clear text", function(c)
  assert.is_false((c:secure()))
  assert.equal("refused", at.server:ended(c).reason)
end, { greet = "banner", whole = true })

row.case("behind EHLO it is nothing but errors", function(c)
  c:send(hellos.TLS .. "\r\n")
  local r = c:reply()
  assert.truthy(not r or r.code == 500)
end, { whole = true })
