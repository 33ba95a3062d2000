local row = require "spec.support.row"

row { 22, "NUL in a command",
  answer = "500 5.5.2; the text before it is not taken for the whole" }

local at = row.serve { hop = {} }

row.lines {
  { "NOOP\0", "500 5%.5%.2" }, { "\0NOOP", "500 5%.5%.2" }, { "RSET\0 x", "500 5%.5%.2" },
  { "EHLO a.test\0.evil", "500 5%.5%.2" }, { "MAIL FROM:<a@b.test>\0", "500 5%.5%.2" },
  { "MAIL FROM:<a@b.test\0.evil>", "500 5%.5%.2" }, { "MAIL FROM:<a@b.test> SIZE=1\0",
  "500 5%.5%.2" },
  { "\0", "500 5%.5%.2" },
}

row.case("of RCPT refuses the recipient", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<a@b.test\0c>", "50[01] 5%.[15]%.")
  c:cmd("RCPT TO:<a@b.test>\0c", "50[01] 5%.[15]%.")
  c:cmd("DATA", "554 5%.5%.1")
  assert.equal(0, at.hop:connections())
end)
