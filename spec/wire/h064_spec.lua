local row = require "spec.support.row"

row { 64, "Lines that begin with a dot",
  answer = "One dot is taken off and put on again; `.` with anything behind it is content" }

local at = row.serve { hop = {} }

row.case("come out as they went in", function(c)
  local head = "Subject: x\r\n\r\n"
  for _, case in ipairs {
    { "..\r\n", ".\r\n" }, { "...\r\n", "..\r\n" }, { ".x\r\n", "x\r\n" }, { "..x\r\n", ".x\r\n" },
    { ". \r\n", " \r\n" }, { ".\t\r\n", "\t\r\n" }, { "x.\r\n", "x.\r\n" }, { ".\0\r\n", "\0\r\n" },
    { "\r\n..\r\n\r\n", "\r\n.\r\n\r\n" },
  } do
    local before = #at.hop:messages()
    c:begin()
    c:send(head .. case[1] .. ".\r\n")
    c:expect(250)
    local data = at.hop:wait_messages(before + 1)[before + 1].data
    assert.equal(head .. case[2], data:sub(-#head - #case[2]))
  end
end)

row.case("are doubled for the next hop", function(c)
  c:begin()
  c:send "Subject: x\r\n\r\n..MAIL FROM:<evil@b.test>\r\n..\r\n.\r\n"
  c:expect(250)
  local octets = at.hop:octets(at.hop:connections())
  assert.truthy(octets:find("\r\n..MAIL FROM:<evil@b.test>\r\n..\r\n.\r\n", 1, true))
end)
