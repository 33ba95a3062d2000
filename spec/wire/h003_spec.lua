local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 3, "A reset right after the connection was accepted",
  answer = "The session ends: no hook is left waiting, one line in the log" }

local at = row.serve {
  config = [[ hooks = { "slow" } ]],
  hooks = { slow = [[
    local clock = require "lunette.clock"
    return {
      connect = function() clock.sleep(25) end,
      disconnect = function(session) session:log("info", "left " .. session.closed) end,
    } ]] },
}

for name, n in pairs { ["in the clear"] = 1, ["where TLS is expected"] = 2 } do
  it("leaves nothing, " .. name, function()
    local from = at.server:here()
    for _ = 1, 20 do
      at.server:dial(nil, n):reset()
    end
    wait.for_("the sessions to end", function() return at.server:status().sessions == 0 end)
    local ends = at.server:log("end", from)
    assert.truthy(#ends <= 20)
    assert.equal(at.server:count("connect", nil, from), #ends)
    for _, line in ipairs(ends) do
      assert.truthy(line.reason == "lost" or n == 2 and line.reason == "tls", line.line)
    end
  end)
end

it("is told to the hooks, once", function()
  local from = at.server:here()
  local c = at.server:dial()
  at.server:wait_for("connect", nil, from)
  c:reset()
  at.server:wait_for("end", { reason = "lost" }, from)
  local _, n = at.server:read(from):gsub("left lost", "")
  assert.equal(1, n)
end)
