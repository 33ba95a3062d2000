-- The supervisor at bad moments: what is asked of it while it starts, reloads
-- or stops, and control clients that do not take turns.
local socket = require "posix.sys.socket"
local unistd = require "posix.unistd"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local config = [[ relay = "maildir:mail"; hooks = { "yes" }; workers = { count = 2 } ]]

-- In the check it runs up to the wait, in a worker to the end.
local slow = [[
local clock = require "lunette.clock"
return { start = function() clock.sleep(%s) %s end }
]]

local function control(server)
  local fd = assert(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0))
  assert(socket.connect(fd, { family = socket.AF_UNIX, path = server:path "control" }))
  return fd
end

-- All that is answered before it is n lines that end an answer, or the end.
local function answers(fd, n)
  local text, count = "", 0
  while count < n do
    local more = socket.recv(fd, 4096)
    if not more or more == "" then
      break
    end
    text = text .. more
    count = select(2, text:gsub("%f[%w]OK\n", "")) + select(2, text:gsub("%f[%w]ERR ", ""))
  end
  unistd.close(fd)
  return text, count
end

describe("the supervisor", function()
  after_each(lunette.clean)

  it("ends at TERM while its first workers start", function()
    local server = lunette.start { unready = true, hooks = { slow = slow:format(30, "") },
      config = [[ relay = "discard:"; hooks = { "yes", "slow" }; workers = { count = 2 } ]] }
    server:wait_for "start"
    local pid = server.process.pid
    wait.for_("workers", function()
      return (process.read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""):match "%d+ %d+"
    end)
    assert.equal(0, (server:stop "TERM"))
    assert.matches("event=stop", server.final_log)
  end)

  it("takes no reload when it drains", function()
    local server = lunette.start { config = config }
    local c = server:dial()
    c:hello()
    assert.equal(0, server:ctl("drain").code)
    server.process:signal "HUP"
    local got = server:ctl "reload"
    assert.equal(1, got.code)
    assert.matches("stopping", got.err)
    assert.equal(250, c:mail({}).code)
    assert.equal(0, server:count "reload_begin")
    c:line "QUIT"
    c:expect(221)
    assert.equal(0, server.process:join(20))
  end)

  it("takes reloads from many at once, one after the other", function()
    local server = lunette.start { config = config }
    local first = control(server)
    socket.send(first, "reload\n")
    server:wait_for "reload_begin"
    local others = {}
    for i = 1, 3 do
      others[i] = control(server)
      socket.send(others[i], "reload\nreload\nstatus\n")
    end
    local text, n = answers(first, 1)
    assert.equal(1, n, text)
    for i = 1, 3 do
      text, n = answers(others[i], 3)
      assert.equal(3, n, text)
    end
    local status = server:status()
    assert.equal("running", status.state)
    assert.equal(2, status.workers)
    server:stop()
  end)

  it("answers who asks for the end behind a reload", function()
    local server = lunette.start { config = config }
    local fd = control(server)
    socket.send(fd, "reload\nstop\n")
    local text, n = answers(fd, 2)
    assert.equal(2, n, text)
    assert.equal(0, server.process:join(20))
  end)

  it("gives no more answers than are read", function()
    local server = lunette.start { config = config }
    local fd = control(server)
    local ask, n = ("status\n"):rep(500), 0
    for _ = 1, 2 do
      n = n + socket.send(fd, ask)
    end
    local text, count = answers(fd, n / 7)
    assert.equal(n / 7, count, text:sub(-200))
    assert.equal(0, server:ctl("status").code)
    server:stop()
  end)

  it("says why a worker could not start", function()
    local server = lunette.start { config = config }
    server:hook("slow", slow:format(0.01, 'error "not today"'))
    server:config [[ relay = "maildir:mail"; hooks = { "yes", "slow" }; workers = { count = 2 } ]]
    for _ = 1, 5 do
      local line = server:reload()
      assert.equal("reload_failed", line.event)
      assert.matches("slow%.lua:2.*not today", line.error)
    end
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail({}).code)
    server:stop()
  end)

  it("tells new workers how to log", function()
    local server = lunette.start { config = config }
    server:config(config .. [[ log = { level = "debug" } ]])
    assert.equal("reload_done", server:reload().event)
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail({}).code)
    server:wait_for("verdict", { level = "debug" })
    server:stop()
  end)
end)
