local row = require "spec.support.row"

row { 24, "Verbs in any case; blanks before and behind them",
  answer = "Any case and blanks behind are fine; a blank before is 500 5.5.2" }

row.serve {}

row.lines {
  { "noop", 250 }, { "NoOp", 250 }, { "rset", 250 }, { "NOOP   ", 250 }, { "RSET \t ", 250 },
  { "ehlo client.test", 250 }, { "eHLO client.test  ", 250 }, { "mail from:<a@b.test>", 250 },
  { "Mail From:<a@b.test>  ", 250 }, { "vrfy postmaster", 252 },
  { " NOOP", "500 5%.5%.2" }, { "\tNOOP", "500 5%.5%.2" }, { " ", "500 5%.5%.2" },
  { "  RSET", "500 5%.5%.2" },
}

row.case("of a whole transaction", function(c)
  c:cmd("mail from:<a@b.test> ", 250)
  c:cmd("RcPt tO:<b@x.test>\t", 250)
  c:cmd("data ", 354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\n"
  c:expect(250)
  c:cmd("quit ", 221)
end)
