local row = require "spec.support.row"

row { 34, "Arguments where there are none: `DATA x`, `QUIT x`, `RSET x`",
  answer = "501 5.5.4; the session stays as it was" }

local at = row.serve {}

row.lines { { "RSET now", "501 5%.5%.4" }, { "QUIT now", "501 5%.5%.4" } }

row.case("of DATA in a transaction", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("DATA now", "501 5%.5%.4")
  c:cmd("QUIT now", "501 5%.5%.4")
  c:cmd("RSET now", "501 5%.5%.4")
  c:cmd("DATA", 354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\n"
  c:expect(250)
end)

row.case("does not end up in a message", function(c)
  local before = #at.server:mails()
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("DATA now", "501 5%.5%.4")
  c:cmd("Subject: x", "500 5%.5%.2")
  c:cmd(".", "500 5%.5%.2")
  assert.equal(before, #at.server:mails())
end)
