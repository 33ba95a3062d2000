-- Many sessions, some reloads: descriptors and memory stay what they were.
local load = require "spec.support.load"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local soak = os.getenv "SOAK" == "1"
local rounds, sessions = 4, soak and 25000 or 300
local sanitized = lunette.program:match "build%-san"

local busy = [[
local verdict = require "lunette.verdict"
return {
  connect = function(session) session.note.busy = { ("x"):rep(100) } end,
  mail = function(session, sender) session:result("busy", "info", sender.address) end,
  rcpt = function() return verdict.accept() end,
  message = function(session, message) message:add_header("X-Busy", session.id) end,
  unknown = function() error "on purpose" end,
} ]]

local function figures(pid)
  local status = process.read(("/proc/%d/status"):format(pid))
  return #process.list(("/proc/%d/fd"):format(pid)), tonumber(status:match "VmRSS:%s*(%d+)")
end

describe("after many sessions", function()
  after_each(lunette.clean)

  it("a worker holds no more than before", function()
    local server = lunette.start {
      config = [[ relay = "discard:"; hooks = { "busy" }; workers = { count = 1 };
        limits = { per_client = 0 }; ]],
      hooks = { busy = busy },
    }
    local fds, rss = {}, {}
    local function total() return server:status().accepted end
    for round = 1, rounds do
      local tasks = load.start(2, server.port, {
        check = function(c) c:cmd("XBAD", 451) end,
      })
      local want = sessions * round
      wait.for_(want .. " sessions", function() return total() >= want end, soak and 3600 or 60)
      local told = load.stop(tasks)
      assert.same({}, told.broken)
      wait.for_("the last session to end", function() return server:status().sessions == 0 end)
      fds[round], rss[round] = figures(server:workers()[1])
    end
    assert.equal(fds[1], fds[rounds])
    if not sanitized then
      assert.truthy(rss[rounds] < rss[1] * 1.1 + 1024, table.concat(rss, " "))
    end
    server:stop()
  end)

  it("a supervisor has as many descriptors after reloads", function()
    local server = lunette.start { config = [[ relay = "discard:"; hooks = { "yes" } ]] }
    server:reload()
    local fds = figures(server.process.pid)
    for _ = 1, soak and 100 or 10 do
      assert.equal("reload_done", server:reload().event)
    end
    wait.for_("the old workers to go", function() return #server:workers() == 2 end)
    wait.for_("the descriptors to go", function()
      return figures(server.process.pid) <= fds
    end)
    server:stop()
  end)
end)
