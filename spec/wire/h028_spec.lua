local row = require "spec.support.row"

row { 28, "A second MAIL in a transaction",
  answer = "503 5.5.1; the first one stands" }

local at = row.serve { hop = {} }

row.case("is refused at any point of it", function(c)
  local before = #at.hop:messages()
  c:cmd("MAIL FROM:<first@b.test>", 250)
  c:cmd("MAIL FROM:<second@b.test>", "503 5%.5%.1")
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("MAIL FROM:<>", "503 5%.5%.1")
  c:cmd("MAIL FROM:<bad", "50[13] 5%.")
  c:cmd("RCPT TO:<c@x.test>", 250)
  c:cmd("DATA", 354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\n"
  c:expect(250)
  local list = at.hop:wait_messages(before + 1)
  assert.equal("first@b.test", list[before + 1].from)
  assert.same({ "b@x.test", "c@x.test" }, list[before + 1].to)
end)
