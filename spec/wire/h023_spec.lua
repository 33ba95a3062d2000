local row = require "spec.support.row"

row { 23, "8-bit octets in a command without SMTPUTF8; bad UTF-8 with it",
  answer = "500 5.5.2, in an address 553 5.6.7; bad UTF-8 500 5.5.2" }

row.serve { config = [[ ehlo = { "SMTPUTF8" } ]] }

row.lines {
  { "\195\169HLO a.test", "500 5%.5%.2" }, { "NOO\208", "500 5%.5%.2" },
  { "EHLO caf\195\169.test", "50[01] 5%." }, { "EHLO \255\254", "50[01] 5%." },
  { "MAIL FROM:<\195\169@b.test>", "553 5%.6%.7" }, { "MAIL FROM:<a@\195\169.test>", "553 5%.6%.7" },
  { "MAIL FROM:<\255@b.test>", "5[05][03] 5%." }, { "MAIL FROM:<a@b.test> X=\195\169", "5%d%d 5%." },
}

row.case("of a recipient refuses it alone", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<\195\169@x.test>", "553 5%.6%.7")
  c:cmd("RCPT TO:<a@\195\169.test>", "553 5%.6%.7")
  c:cmd("RCPT TO:<a@x.test>", 250)
end)
