-- Processes: workers that die, signals, the pid file, addresses that are taken.
local posix = require "posix"
local signal = require "posix.signal"
local load = require "spec.support.load"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"
local wait = require "spec.support.wait"

local config = [[ relay = "maildir:mail"; hooks = { "yes" }; workers = { count = 2 } ]]

describe("the supervisor", function()
  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  it("goes on while workers are killed under load, and forgets no session", function()
    local soak = os.getenv "SOAK" == "1"
    local began, kills = wait.now(), soak and 60 or 5
    local hop = sink.start { brief = true }
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" }; workers = { count = 2 };
        limits = { per_client = 20 } ]]):format(hop.url),
    }
    local tasks = load.start(4, server.port)
    for i = 1, kills do
      local before = #hop:messages()
      hop:wait_messages(before + 3)
      if soak then  -- one a second
        wait.for_("the second", function() return wait.now() >= began + i end)
      end
      local pids = server:workers()
      if pids[1] then
        signal.kill(pids[i % #pids + 1], signal.SIGKILL)
      end
    end
    local after = #hop:messages()
    hop:wait_messages(after + 5)
    local told = load.stop(tasks)
    local texts, lost = {}, {}
    for i, m in ipairs(hop:accepted()) do
      texts[i] = m.data
    end
    for _, number in ipairs(told.lost) do
      lost[number] = true
    end
    local count = load.numbers(texts)
    for _, number in ipairs(told.accepted) do
      assert.equal(1, count[number], number)
    end
    for number, n in pairs(count) do
      assert.truthy(n == 1 or lost[number], number)
    end
    assert.same({}, told.failed)
    assert.same({}, told.refused)
    -- No per-client count has leaked: twenty sessions are still allowed.
    wait.for_("workers", function() return #server:workers() == 2 end)
    local list = {}
    for i = 1, 20 do
      list[i] = server:dial()
      list[i]:expect(220)
    end
    server:dial():expect "421 4%.7%.0"
    server:stop()
  end)

  it("ends at once at QUIT", function()
    local server = lunette.start { config = config }
    local c = server:dial()
    c:hello()
    server.process:signal "QUIT"
    server.process:join()
    c:expect_closed()
    server:stop()
  end)

  it("leaves no worker behind when it is killed", function()
    local server = lunette.start { config = config }
    local pids = server:workers()
    server.process:signal "KILL"
    server.process:join()
    for _, pid in ipairs(pids) do
      wait.for_("the end of worker " .. pid, function()
        local state = process.read(("/proc/%d/stat"):format(pid))
        return not state or state:match "%) Z"
      end)
    end
    server:stop()
  end)

  it("exits with 78 if its address is taken", function()
    local hop = sink.start()
    local got = lunette.run({ "run", "-c", "$DIR/lunette.lua", "-o", "bind.retries=0" },
      { config = config .. ([[ listen = "127.0.0.1:%d" ]]):format(hop.port) })
    assert.equal(78, got.code)
    assert.matches("127%.0%.0%.1:" .. hop.port, got.err)
    assert.matches("^lunette: [^\n]+\n$", got.err:gsub("ts=[^\n]*\n", ""))
  end)

  it("takes its address when the other lets go", function()
    local hop = sink.start()
    local server = lunette.start {
      config = config .. ([[ listen = "127.0.0.1:%d"; bind = { retries = 100, pause = 0.1 } ]])
        :format(hop.port), unready = true,
    }
    wait.for_("a try", function() return #(process.read(server.log_path) or "") > 0 end)
    hop:stop()
    server:wait_for("ready", nil, nil, 20)
    server:stop()
  end)

  it("reopens its log at USR1", function()
    local server = lunette.start {
      config = config .. [[ log = { to = "$DIR/own.log" } ]], unready = true,
    }
    server.log_path = server:path "own.log"
    server:wait_for "ready"
    server:find_ports()
    assert(os.rename(server:path "own.log", server:path "old.log"))
    server.process:signal "USR1"
    wait.for_("a new log", function()
      local c = server:dial()
      c:expect(220)
      c:cmd("QUIT", 221)
      c:close()
      return (process.read(server:path "own.log") or ""):find "event=end"
    end)
    server:stop()
  end)

  it("serves one session a process, and replaces what is old", function()
    local server = lunette.start {
      config = [[ relay = "discard:"; hooks = { "yes" };
        workers = { min = 1, max = 4, spare = 1, sessions = 1, lifetime = 2 } ]],
    }
    local list = {}
    for i = 1, 4 do
      list[i] = server:dial()
      list[i]:hello()
    end
    server:dial():expect "421 4%.3%.2"  -- limits.sessions is workers times sessions
    for _, c in ipairs(list) do
      c:cmd("QUIT", 221)
      c:close()
    end
    for _ = 1, 6 do
      local c
      wait.for_("a session", function()
        c = server:dial()
        local r = c:reply()
        return r and r.code == 220
      end)
      c:cmd("QUIT", 221)
      c:close()
    end
    server:wait_for("worker_exit", nil)
    server:stop()
  end)

  it("runs its workers as the user it is told", function()
    if not process.is_root() then
      return
    end
    local server = lunette.start { config = config }
    for _, pid in ipairs(server:workers()) do
      local status = process.read(("/proc/%d/status"):format(pid))
      local uid = tostring(posix.getpasswd("nobody").uid)
      assert.matches("Uid:%s" .. ("%s%%s+"):format(uid):rep(3) .. uid, status)
      assert.matches("CapEff:%s0+\n", status)
      assert.matches("Groups:%s[%d ]*\n", status)
    end
    server:stop()
  end)
end)
