local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 71, "The client leaves in the midst of DATA",
  answer = "Nothing is delivered; the next hop never sees an end of data" }

local at = row.serve { hop = {}, limits = [[memory_message = "4K"]] }

local content = "Subject: x\r\n\r\n" .. ("a line of it\r\n"):rep(1000)

for name, leave in pairs {
  ["with FIN"] = function(c) c:finish() end, ["with a reset"] = function(c) c:reset() end,
  ["closing"] = function(c) c:close() end,
} do
  for part, text in pairs {
    ["before the first octet"] = "", ["in the header"] = "Subject: x\r\n", ["in the body"] = content,
    ["before the last LF"] = content .. ".\r", ["behind a dot"] = content .. ".",
    ["in a line"] = content .. "half a li",
  } do
    row.case(name .. " " .. part, function(c)
      c:begin()
      if text ~= "" then
        c:send(text)
      end
      leave(c)
      local line = at.server:ended(c)
      assert.equal("lost", line.reason)
      assert.equal("0/1", line.data)
      assert.equal("0", line.messages)
    end, { whole = true })
  end
end

it("leaves the next hop with nothing", function()
  assert.equal(0, #at.hop:messages())
  for _, line in ipairs(at.hop:lines()) do
    assert.truthy(line ~= "DATA")
  end
  local c = at:dial "clear"
  assert.equal(250, c:mail {}.code)
  wait.for_("one message", function() return #at.hop:messages() == 1 end)
end)
