local row = require "spec.support.row"

row { 4, "QUIT and a half-close, replies unread",
  answer = "Every reply is sent, 221 last, then the end" }

local at = row.serve { hop = {} }

row.case("gets all its replies", function(c)
  c:send "NOOP\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<b@x.test>\r\nRSET\r\nQUIT\r\n"
  c:finish()
  c:expect(250)
  c:expect(250)
  c:expect(250)
  c:expect(250)
  c:expect(221)
  c:expect_closed()
end)

row.case("gets the answer to its message", function(c)
  c:begin()
  c:send "Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n"
  c:finish()
  c:expect(250)
  c:expect(221)
  c:expect_closed()
  assert.equal("quit", at.server:ended(c).reason)
end)
