local row = require "spec.support.row"

row { 77, "DATA, MAIL or RCPT between chunks; BDAT in the place of content",
  answer = "503 5.5.1, and the chunks go on; behind DATA it is content" }

local at = row.serve { hop = {} }

row.case("is out of order", function(c)
  local before = #at.hop:messages()
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:send "BDAT 14\r\nSubject: x\r\n\r\n"
  c:expect(250)
  for _, line in ipairs { "MAIL FROM:<c@b.test>", "RCPT TO:<c@x.test>", "DATA" } do
    c:cmd(line, "503 5%.5%.1")
  end
  c:cmd("NOOP", 250)
  c:send "BDAT 3 LAST\r\nx\r\n"
  c:expect(250)
  local m = at.hop:wait_messages(before + 1)[before + 1]
  assert.same({ "b@x.test" }, m.to)
  assert.matches("\r\nSubject: x\r\n\r\nx\r\n$", m.data)
end)

row.case("is content behind DATA", function(c)
  local before = #at.hop:messages()
  c:begin()
  c:send "BDAT 3 LAST\r\nx\r\n.\r\n"
  c:expect(250)
  assert.matches("BDAT 3 LAST\r\nx\r\n$", at.hop:wait_messages(before + 1)[before + 1].data)
end)
