local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local row = require "spec.support.row"

row { 119, "A second instance is started",
  answer = "It is refused, exit 78 and one line, by the locked pid file or the address; the " ..
    "first one does not notice", over = "process" }

local at = row.serve { config = [[ pid_file = "$DIR/pid"; bind = { retries = 0 } ]] }

local function second(...)
  return process.run {
    lunette.program, "run", "-c", at.server:path "lunette.lua", dir = at.server.dir, ...,
  }
end

it("by the pid file", function()
  local c = at:dial "clear"
  for _ = 1, 3 do
    local got = second()
    assert.equal(78, got.code)
    assert.matches("^lunette: [^\n]*pid[^\n]*\n$", got.err)
  end
  assert.equal(250, c:mail {}.code)
  c:close()
  assert.equal(at.server.process.pid, tonumber(process.read(at.server:path "pid")))
  assert.equal(250, at:dial("implicit"):mail {}.code)
  assert.equal(0, at.server:ctl("status").code)
end)

it("by the address", function()
  local got = second("-o", 'pid_file="other"', "-o", "control=nil", "-o",
    ("listen=\"127.0.0.1:%d\""):format(at.server.port))
  assert.equal(78, got.code)
  assert.matches("127%.0%.0%.1:" .. at.server.port, got.err)
  assert.equal(250, at:dial("clear"):mail {}.code)
  assert.equal(0, at.server:ctl("status").code)
end)

it("and the first one still owns its files", function()
  assert.equal("reload_done", at.server:reload().event)
  at.o.crashes = true
  for _, c in ipairs(at.server.clients) do
    c:close()
  end
  assert.equal(0, at.server:ctl("stop").code)
  assert.equal(0, (at.server.process:join()))
end)
