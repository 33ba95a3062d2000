-- lunette ctl: the commands, their answers and their exit codes.
local socket_unix = require "posix.sys.socket"
local cjson = require "cjson"
local lunette = require "spec.support.lunette"
local wait = require "spec.support.wait"

local config = [[ relay = "maildir:mail"; hooks = { "yes" }; workers = { count = 2 } ]]

describe("lunette ctl", function()
  local server

  before_each(function() server = lunette.start { config = config } end)
  after_each(lunette.clean)

  it("status tells how it is", function()
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail {}.code)
    local status, got = server:status()
    assert.equal(0, got.code)
    for _, key in ipairs { "state", "generation", "pid", "uptime", "workers", "draining", "sessions",
      "accepted", "refused", "messages", "hook_errors", "log_dropped" } do
      assert.truthy(status[key], key .. " in " .. got.out)
    end
    assert.equal(server.process.pid, status.pid)
    assert.equal(2, status.workers)
    assert.equal(1, status.sessions)
    assert.equal(1, status.messages)
    assert.equal(0, status.hook_errors)
    local json = server:ctl("status", "--json")
    assert.equal(0, json.code)
    assert.equal(server.process.pid, cjson.decode(json.out).pid)
    server:stop()
  end)

  it("sessions and kill", function()
    local c = server:dial()
    c:hello "some.client.test"
    local got = server:ctl "sessions"
    assert.equal(0, got.code)
    assert.matches("127%.0%.0%.1", got.out)
    local id = server:wait_for("connect").id
    assert.truthy(got.out:find(id, 1, true))
    assert.equal(0, server:ctl("kill", id).code)
    c:expect(421)
    c:expect_closed()
    assert.equal("killed", server:wait_for("end").reason)
    got = server:ctl("kill", id)
    assert.equal(1, got.code)
    assert.matches("^lunette: [^\n]+\n$", got.err)
    server:stop()
  end)

  it("reload waits for the outcome and names file and line", function()
    assert.equal(0, server:ctl("reload").code)
    assert.equal(1, server:wait_count(1, "reload_done"))
    server:hook("yes", "return {\n  end\n")
    local got = server:ctl "reload"
    assert.equal(1, got.code)
    assert.matches("^lunette: [^\n]*yes%.lua:2[^\n]*\n$", got.err)
    server:stop()
  end)

  it("pause leaves clients in the queue, resume serves them", function()
    assert.equal(0, server:ctl("pause").code)
    local c = server:dial()
    assert.equal("paused", server:status().state)
    assert.truthy(c:is_quiet())
    assert.equal(0, server:ctl("resume").code)
    c:expect(220)
    server:stop()
  end)

  it("drain lets sessions end, then ends", function()
    local c = server:dial()
    c:hello()
    assert.equal(0, server:ctl("drain").code)
    c:line "NOOP"
    assert.truthy(c:reply())
    c:close()
    assert.equal(0, (server.process:join()))
    server:stop()
  end)

  it("stop is TERM", function()
    local c = server:dial()
    c:hello()
    assert.equal(0, server:ctl("stop").code)
    c:expect "421 4%.3%.2"
    assert.equal(0, (server.process:join()))
    server:stop()
  end)

  it("says what it does not know", function()
    local got = server:ctl "nonsense"
    assert.truthy(got.code == 1 or got.code == 64)
    assert.equal(1, server:ctl("trace").code)
    assert.equal(0, server:ctl("status").code)
    server:stop()
    got = lunette.run({ "ctl", "-c", "$DIR/lunette.lua", "status" }, { config = config })
    assert.equal(69, got.code)
    assert.matches("^lunette: [^\n]+\n$", got.err)
  end)

  it("is not hurt by garbage on its socket", function()
    for _, junk in ipairs { ("x"):rep(10000), "\0\0\0\n", "status\n\0", "GET / HTTP/1.0\r\n\r\n", "" } do
      local fd = assert(socket_unix.socket(socket_unix.AF_UNIX, socket_unix.SOCK_STREAM, 0))
      assert(socket_unix.connect(fd, { family = socket_unix.AF_UNIX, path = server:path "control" }))
      if junk ~= "" then
        socket_unix.send(fd, junk)
      end
      require "posix.unistd".close(fd)
    end
    wait.for_("an answer", function() return server:ctl("status").code == 0 end)
    server:stop()
  end)
end)
