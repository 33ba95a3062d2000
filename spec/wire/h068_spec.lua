local row = require "spec.support.row"

row { 68, "NUL in content",
  answer = "Passed as it is; it ends nothing" }

local at = row.serve { hop = {} }

row.case("goes on", function(c)
  for _, content in ipairs {
    "Subject: a\0b\r\n\r\nx\r\n", "Subject: x\r\n\r\na\0b\r\n", "Subject: x\r\n\r\n\0\r\n", "\0\r\n",
    "Subject: x\r\n\r\n\0.\r\nmore\r\n", "Subject: x\r\n\r\n" .. ("\0"):rep(5000) .. "\r\n",
  } do
    local before = #at.hop:messages()
    assert.equal(250, c:mail { data = content }.code)
    assert.truthy(at.hop:wait_messages(before + 1)[before + 1].data:sub(-#content) == content)
  end
end)
