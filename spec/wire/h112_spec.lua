local signal = require "posix.signal"
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 112, "A worker is killed (SIGKILL, as by the kernel when memory is short)",
  answer = "It is replaced; the sessions of others go on; what it held of shared counts is " ..
    "given back", over = "process" }

local at = row.serve {
  crashes = true, config = [[ workers = { count = 2 }; limits = { per_client = 6, errors = 0 } ]],
}

-- Whose worker is it?  The id of a session is not its business, its lines are.
local function spread()
  local list = {}
  for i = 1, 6 do
    list[i] = at:dial "clear"
  end
  return list
end

it("nobody else notices", function()
  for _ = 1, 3 do
    local list, pids, from = spread(), at.server:workers(), at.server:here()
    assert.equal(2, #pids)
    at.server:dial():expect "421 4%.7%.0"
    signal.kill(pids[1], signal.SIGKILL)
    local line = at.server:wait_for("worker_exit", { pid = pids[1] }, from)
    assert.matches("KILL", line.line)
    local lost = 0
    for _, c in ipairs(list) do
      c:line "NOOP"
      local r = c:reply()
      if r then
        assert.equal(250, r.code)
        assert.equal(250, c:mail {}.code)
      else
        lost = lost + 1
      end
    end
    wait.for_("two workers", function() return #at.server:workers() == 2 end)
    -- As many as were lost may come again, and not one more.
    local new = {}
    for i = 1, lost do
      new[i] = at:dial "clear"
    end
    at.server:dial():expect "421 4%.7%.0"
    for _, all in ipairs { list, new } do
      for _, c in ipairs(all) do
        c:close()
      end
    end
    wait.for_("the sessions to end", function() return at.server:status().sessions == 0 end)
  end
end)
