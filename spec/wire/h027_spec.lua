local row = require "spec.support.row"

row { 27, "MAIL before EHLO or HELO",
  answer = "503 5.5.1" }

row.serve {}

row.case("is refused, and so is what follows", function(c)
  c:cmd("MAIL FROM:<a@b.test>", "503 5%.5%.1")
  c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
  c:cmd("DATA", "503 5%.5%.1")
  c:cmd("NOOP", 250)
  c:cmd("RSET", 250)
  c:cmd("MAIL FROM:<a@b.test>", "503 5%.5%.1")
  c:cmd("EHLO client.test", 250)
  c:cmd("MAIL FROM:<a@b.test>", 250)
end, { greet = "banner" })
