local row = require "spec.support.row"

row { 23, "8-bit octets in a command without SMTPUTF8; bad UTF-8 with it",
  answer = "500 5.5.2, in an address 553 5.6.7; bad UTF-8 500 5.5.2" }

describe("without SMTPUTF8", function()
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
end)

describe("with SMTPUTF8", function()
  row.serve {}

  row.case("good UTF-8 is taken, bad is not", function(c)
    assert.matches("SMTPUTF8", c:cmd("EHLO client.test", 250).text)
    for _, bad in ipairs {
      "\255", "\195", "\195(", "\192\175", "\224\128\175", "\237\160\128", "\244\144\128\128",
      "\248\136\128\128\128",
    } do
      c:cmd(("MAIL FROM:<%s@b.test> SMTPUTF8"):format(bad), "5[05][013] 5%.[156]%.[27]")
      c:cmd(("MAIL FROM:<a@%s.test> SMTPUTF8"):format(bad), "5[05][013] 5%.[156]%.[27]")
    end
    c:cmd("MAIL FROM:<\195\169@b.test>", "553 5%.6%.7")
    c:cmd("MAIL FROM:<\195\169@b.test> SMTPUTF8", 250)
    for _, bad in ipairs { "\255", "\195", "\237\160\128" } do
      c:cmd(("RCPT TO:<%s@x.test>"):format(bad), "5[05][013] 5%.[156]%.[27]")
    end
    c:cmd("RCPT TO:<\195\169@x.test>", 250)
  end)
end)
