-- 10,000 sessions and 20 reloads under valgrind (the JIT is off): no process
-- leaks a byte or touches what is not its own.
local load = require "spec.support.load"
local lunette = require "spec.support.lunette"
local posix = require "posix"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local sessions, reloads = tonumber(os.getenv "SESSIONS") or 10000, 20
local program = lunette.program

local busy = [[
local clock, verdict = require "lunette.clock", require "lunette.verdict"
return {
  connect = function(session) session.note.busy = { ("x"):rep(100) } end,
  mail = function(session, sender) session:result("busy", "info", sender.address) end,
  rcpt = function() clock.sleep(0.001) return verdict.accept() end,
  message = function(session, message) message:add_header("X-Busy", session.id) end,
  unknown = function() error "on purpose" end,
} ]]

describe("under valgrind", function()
  local reports

  before_each(function()
    reports = process.directory()
    posix.chmod(reports, "rwxrwxrwx")
    process.write(reports .. "/lunette", ([[#!/bin/sh
exec valgrind -q --vgdb=no --leak-check=full --show-leak-kinds=definite,indirect --trace-children=yes \
  --log-file=%s/report.%%p %s "$@"
]]):format(reports, program))
    posix.chmod(reports .. "/lunette", "rwxr-xr-x")
    lunette.program = reports .. "/lunette"
  end)
  after_each(function()
    lunette.program = program
    lunette.clean()
    process.remove(reports)
  end)

  it("nothing leaks", function()
    local server = lunette.start {
      config = [[ relay = "maildir:mail"; hooks = { "busy" }; workers = { count = 2, watchdog = "60s" };
        limits = { per_client = 0 }; ]],
      hooks = { busy = busy },
    }
    local tasks = load.start(4, server.port, {
      messages = 1, check = function(c) c:cmd("XBAD", 451) end,
    })
    local function total()
      local n = 0
      for _ in ipairs(server:log "end") do n = n + 1 end
      return n
    end
    for round = 1, reloads do
      local want = math.floor(sessions * round / reloads)
      wait.for_(want .. " sessions", function() return total() >= want end, 3600)
      assert.equal("reload_done", server:reload(60).event)
    end
    local told = load.stop(tasks)
    assert.same({}, told.broken)
    assert.same({}, told.refused)
    assert.equal(0, server:stop(nil, 60))
    local found = {}
    for _, name in ipairs(process.list(reports)) do
      local text = name:match "^report" and process.read(reports .. "/" .. name)
      if text and text ~= "" then
        found[#found + 1] = text
      end
    end
    assert.equal("", table.concat(found, "\n"))
  end)
end)
