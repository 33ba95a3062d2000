local process = require "spec.support.process"
local row = require "spec.support.row"

row { 21, "A megabyte without a line end where a command is due",
  answer = "500 5.5.2 and close; it is not kept" }

local at = row.serve {}

local function memory()
  local status = process.read(("/proc/%d/status"):format(at.server:workers()[1]))
  return tonumber(status:match "VmRSS:%s*(%d+)")
end

row.case("ends the session and costs no memory", function(c)
  c:cmd("NOOP", 250)
  local before = memory()
  c:send(("x"):rep(1048576))
  c:expect "500 5%.5%.2"
  c:expect_closed()
  assert.truthy(row.sanitized or memory() < before + 1024)
end, { whole = true })
