local row = require "spec.support.row"

row { 61, "The 1001st recipient",
  answer = "452 4.5.3; the message still goes to the first thousand" }

local at = row.serve { hop = { brief = true } }

row.case("is one too many, and the others get their mail", function(c)
  local before = #at.hop:messages()
  local group = {}
  for i = 1, 1001 do
    group[i] = ("RCPT TO:<u%d@x.test>\r\n"):format(i)
  end
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:send(table.concat(group))
  for _ = 1, 1000 do
    c:expect "250 2%.1%.5"
  end
  c:expect "452 4%.5%.3"
  c:cmd("RCPT TO:<late@x.test>", "452 4%.5%.3")
  c:cmd("DATA", 354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\n"
  c:expect(250)
  local m = at.hop:wait_messages(before + 1)[before + 1]
  assert.equal(1000, #m.to)
  assert.equal("u1000@x.test", m.to[1000])
end, { whole = true })
