-- As a service: the service manager is told, listeners of every kind, chroot,
-- the background.
local posix = require "posix"
local sys_socket = require "posix.sys.socket"
local unistd = require "posix.unistd"
local client = require "spec.support.client"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local signal = require "posix.signal"
local sink = require "spec.support.sink"
local wait = require "spec.support.wait"

local base = [[ relay = "maildir:mail"; hooks = { "yes" }; workers = { count = 1 }; ]]

-- One session over a UNIX socket: what came, up to a pattern.
local function unix_dialogue(path, text, want)
  local fd = assert(sys_socket.socket(sys_socket.AF_UNIX, sys_socket.SOCK_STREAM, 0))
  assert(sys_socket.connect(fd, { family = sys_socket.AF_UNIX, path = path }))
  sys_socket.send(fd, text)
  local got = ""
  wait.for_("an answer", function()
    if posix.rpoll(fd, 10) == 1 then
      got = got .. (sys_socket.recv(fd, 4096) or "")
    end
    return got:match(want)
  end)
  unistd.close(fd)
  return got
end

describe("as a service", function()
  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  it("it tells the manager: ready, reloading, stopping", function()
    local dir = process.directory()
    local fd = assert(sys_socket.socket(sys_socket.AF_UNIX, sys_socket.SOCK_DGRAM, 0))
    assert(sys_socket.bind(fd, { family = sys_socket.AF_UNIX, path = dir .. "/notify" }))
    local told = ""
    local function hears(what)
      wait.for_(what .. " in " .. told, function()
        if posix.rpoll(fd, 10) == 1 then
          told = told .. sys_socket.recv(fd, 4096) .. "\n"
        end
        return told:find(what, 1, true)
      end)
    end
    local server = lunette.start { config = base, env = { NOTIFY_SOCKET = dir .. "/notify" } }
    hears "READY=1"
    told = ""
    server:reload()
    hears "RELOADING=1"
    hears "READY=1"
    server.process:signal "TERM"
    hears "STOPPING=1"
    server:stop()
    unistd.close(fd)
    process.remove(dir)
  end)

  it("it listens on IPv6, on both wildcards, and on a path", function()
    local server = lunette.start {
      config = base .. [[ listen = { "127.0.0.1:0", "[::1]:0", "unix:$DIR/smtp" } ]],
    }
    local list = server:log "listen"
    assert.equal(3, #list)
    assert.matches("^%[::1%]:%d+$", list[2].addr)
    assert.equal("unix:" .. server:path "smtp", list[3].addr)
    local got = unix_dialogue(server:path "smtp", "", "220 mx%.test [^\r]*\r\n")
    assert.matches("^220 mx%.test", got)
    server:dial():expect(220)
    server:stop()
    server = lunette.start { config = base .. [[ listen = { "0.0.0.0:0", "[::]:0" } ]] }
    server:dial():expect(220)
    server:stop()
  end)

  it("each listener has its name, its hooks and its limits", function()
    local server = lunette.start {
      config = [[ relay = "discard:"; hooks = { "yes", "no" };
        listen = { { "127.0.0.1:0", name = "open", hooks = { "yes" } },
          { "127.0.0.1:0", name = "shut", hooks = { "no" }, hostname = "shut.test",
            limits = { recipients = 1 } } } ]],
      hooks = { no = [[
        local verdict = require "lunette.verdict"
        return { connect = function() return verdict.reject "closed" end } ]] },
    }
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail {}.code)
    server:dial(nil, 2):expect "554 5%.7%.1 closed"
    assert.equal("open", server:wait_for("connect").listener)
    server:wait_for("connect", { listener = "shut" })
    server:stop()
  end)

  it("it delivers by LMTP over a path", function()
    local dir = process.directory()
    local python = [[
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(5)
import os; os.chmod(sys.argv[1], 0o777)
while True:
    c, _ = s.accept(); f = c.makefile("rwb", buffering=0)
    f.write(b"220 hi\r\n")
    while True:
        l = f.readline()
        if not l: break
        open(sys.argv[2], "ab").write(l)
        if l == b"DATA\r\n":
            f.write(b"354 go\r\n")
            while f.readline() != b".\r\n": pass
            f.write(b"250 2.0.0 one\r\n250 2.0.0 two\r\n")
        elif l == b"QUIT\r\n": break
        else: f.write(b"250 ok\r\n")
]]
    local hop = process.start { "python3", "-c", python, dir .. "/lmtp", dir .. "/said" }
    wait.for_("the socket", function() return posix.stat(dir .. "/lmtp") end)
    local server = lunette.start {
      config = ([[ relay = "lmtp+unix:%s/lmtp"; hooks = { "yes" } ]]):format(dir),
    }
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail { to = { "a@x.test", "b@x.test" } }.code)
    assert.matches("^LHLO mx%.test\r\n", process.read(dir .. "/said"))
    server:stop()
    hop:stop "KILL"
    process.remove(dir)
  end)

  it("it goes into the background when it is ready", function()
    local dir = lunette.directory {
      config = base .. [[ pid_file = "$DIR/pid"; log = { to = "$DIR/log" } ]],
    }
    local got = process.run {
      lunette.program, "run", "-c", dir .. "/lunette.lua", "--daemonize", dir = "/",
    }
    assert.equal(0, got.code, got.err)
    local pid = tonumber(process.read(dir .. "/pid"))
    local log = process.read(dir .. "/log")
    assert.matches("event=ready", log)
    local c = client.dial(tonumber(log:match "addr=127%.0%.0%.1:(%d+)"))
    c:expect(220)
    c:close()
    signal.kill(pid, signal.SIGTERM)
    wait.for_("its end", function() return not posix.stat("/proc/" .. pid) end)
    process.remove(dir)
  end)

  it("that cannot start does not go into the background", function()
    local got = lunette.run({ "run", "-c", "$DIR/lunette.lua", "--daemonize" },
      { config = [[ relay = "discard:"; hooks = { "broken" } ]], hooks = { broken = "nonsense" } })
    assert.equal(78, got.code)
    assert.matches("broken%.lua:1", got.err)
  end)

  it("it works in a chroot", function()
    if not process.is_root() then
      return
    end
    local server = lunette.start { config = base .. [[ chroot = "$DIR"; spool_dir = "/spool";
      relay = "maildir:/mail" ]] }
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail {}.code)
    assert.equal(1, #server:mails())
    assert.equal("reload_done", server:reload().event)
    local root = posix.readlink(("/proc/%d/root"):format(server:workers()[1]))
    assert.equal(server.dir, root)
    server:stop()
  end)

  it("starts paused if told so", function()
    local server = lunette.start { config = base, args = { "--paused" } }
    local c = server:dial()
    assert.equal("paused", server:status().state)
    assert.truthy(c:is_quiet())
    server:ctl "resume"
    c:expect(220)
    server:stop()
  end)

  it("waits for a drained worker's sessions only so long at a reload", function()
    local server = lunette.start { config = base .. [[ timeouts = { drain = 0.5 } ]] }
    local old = server:dial()
    old:hello()
    assert.equal("reload_done", server:reload().event)
    old:expect "421 4%.3%.2"
    old:expect_closed()
    server:stop()
  end)
end)
