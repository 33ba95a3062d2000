local process = require "spec.support.process"
local row = require "spec.support.row"

row { 5, "The client never reads its replies",
  answer = "Output is capped: we stop reading, and end the session at `timeouts.command`" }

local at = row.serve { config = [[ timeouts = { command = 0.3 } ]] }

local function memory()
  local status = process.read(("/proc/%d/status"):format(at.server:workers()[1]))
  return tonumber(status:match "VmRSS:%s*(%d+)")
end

row.case("is not answered without end", function(c)
  local from, before = at.server:here(), memory()
  local flood = ("RSET\r\n"):rep(2000000)
  c.sock:settimeout(0.1)
  local sent, _, last = c.sock:send(flood)
  assert.truthy((sent or last or 0) < #flood)
  local other = at:dial "clear"
  other:cmd("NOOP", 250)
  other:close()
  assert.truthy(row.sanitized or memory() < before + 2048)
  at.server:wait_for("end", { reason = "timeout" }, from)
end, { whole = true })
