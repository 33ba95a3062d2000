local row = require "spec.support.row"

row { 19, "XCLIENT in the midst of a transaction",
  answer = "503 5.5.1; the transaction goes on, and the client is who it was" }

local at = row.serve {
  hop = {}, hooks = { shows = row.shows },
  config = [[ hooks = { "shows", "yes" }; xclient_clients = { "127.0.0.1" } ]],
}

row.case("is refused", function(c)
  local before = row.shown(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("XCLIENT ADDR=192.0.2.7", "503 5%.5%.1")
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("XCLIENT ADDR=192.0.2.7", "503 5%.5%.1")
  assert.same(before, row.shown(c))
  c:cmd("DATA", 354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\n"
  c:expect(250)
  local list = at.hop:messages()
  assert.matches("%[127%.0%.0%.1%]", list[#list].data)
  c:cmd("XCLIENT ADDR=192.0.2.7", 220)
  c:cmd("EHLO client.test", 250)
  assert.equal("192.0.2.7", row.shown(c).ip)
end)
