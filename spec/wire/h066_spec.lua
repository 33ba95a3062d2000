local process = require "spec.support.process"
local row = require "spec.support.row"

row { 66, "A text line of 100 MB",
  answer = "550 5.6.0 behind the end; it is read and not kept" }

local at = row.serve { hop = { brief = true }, limits = [[message_size = "500M"]] }

local megabytes = os.getenv "SOAK" == "1" and 1000 or row.sanitized and 10 or 100

local function memory()
  local status = process.read(("/proc/%d/status"):format(at.server:workers()[1]))
  return tonumber(status:match "VmRSS:%s*(%d+)")
end

row.case("costs no memory", function(c, _, how)
  local n = how.way == "clear" and megabytes or megabytes / 10
  c:begin()
  c:send "Subject: x\r\n\r\n"
  local before, piece = memory(), ("x"):rep(1000000)
  for _ = 1, n do
    c:send(piece)
  end
  assert.truthy(row.sanitized or memory() < before + 4096, before .. " " .. memory())
  c:send "\r\n.\r\n"
  c:expect "550 5%.6%.0"
  c:cmd("NOOP", 250)
  assert.equal(0, #at.hop:messages())
end, { whole = true })
