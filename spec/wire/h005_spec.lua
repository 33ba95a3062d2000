local process = require "spec.support.process"
local row = require "spec.support.row"
local stream = require "spec.support.stream"

row { 5, "The client never reads its replies",
  answer = "Output is capped: we stop reading, and end the session at `timeouts.command`" }

local at = row.serve { config = [[ timeouts = { command = 1 } ]] }

-- More than sockets hold, and its replies are twice as much.
local flood = ("RSET\r\n"):rep(10000000)

-- The most memory that the worker ever had, in KiB.
local function peak()
  local status = process.read(("/proc/%d/status"):format(at.server:workers()[1]))
  return tonumber(status:match "VmHWM:%s*(%d+)")
end

row.case("is not answered without end", function(c)
  local from, before, at_octet = at.server:here(), peak(), 0
  local sent, err, last
  c.sock:settimeout(0.1)
  repeat
    sent, err, last = c.sock:send(flood, at_octet + 1)
    at_octet = sent or last or at_octet
    local other = at:dial "clear"
    other:cmd("NOOP", 250)
    other:close()
  until not stream.is_wait(err)
  -- What comes after the end of the session is thrown away, not answered.
  local line = at.server:wait_for("end", { reason = "timeout" }, from)
  assert.truthy(tonumber(line.bytes) < #flood)
  -- A capped output, and what TLS and sockets need.
  assert.truthy(row.sanitized or peak() < before + 4096, peak() - before)
end, { whole = true })
