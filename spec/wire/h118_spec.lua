local posix, fcntl, unistd = require "posix", require "posix.fcntl", require "posix.unistd"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local wait = require "spec.support.wait"
local row = require "spec.support.row"

row { 118, "The log cannot be written: a pipe that nobody reads, or that is closed; a full disk",
  answer = "Lines are dropped and counted (`log_dropped`), the mail goes on", over = "process" }

local config = [[ relay = "discard:"; hooks = { "yes" }; workers = { count = 1 };
  limits = { per_client = 0, messages = 0,
    commands = 0 }; listen = "127.0.0.1:%d"; log = { level = "debug" } ]]

local function free_port()
  local s = assert(require "socket".bind("127.0.0.1", 0))
  local port = select(2, s:getsockname())
  s:close()
  return port
end

describe("the mail goes on", function()
  local server, dir, fd

  before_each(function() dir = process.directory() end)
  after_each(function()
    if fd then
      unistd.close(fd)
      fd = nil
    end
    lunette.clean()
    process.remove(dir)
  end)

  -- The daemon speaks to where log is; it is ready when it greets.
  local function start(log)
    local port = free_port()
    server = lunette.start { config = config:format(port), log = log, unready = true }
    server.ports = { port }
    server.port = port
    wait.for_("the door", function()
      local c = require "spec.support.client".dial(port)
      if c then
        c:close()
      end
      return c
    end)
  end

  local function sends(n)
    local c = server:dial()
    c:hello()
    for _ = 1, n do
      assert.equal(250, c:mail {}.code)
    end
    c:cmd("QUIT", 221)
    c:close()
  end

  it("when a pipe is full", function()
    local path = dir .. "/fifo"
    assert(posix.mkfifo(path))
    fd = assert(fcntl.open(path, fcntl.O_RDWR))
    start(path)
    for _ = 1, 5 do
      sends(100)
    end
    assert.equal(500, server:status().messages)
    local status = server:status()
    assert.truthy(status.log_dropped > 0, status.log_dropped)
    assert.equal("running", status.state)
    assert.equal(0, (server:stop()))
  end)

  it("when whoever read it has gone", function()
    local path = dir .. "/fifo"
    assert(posix.mkfifo(path))
    fd = assert(fcntl.open(path, fcntl.O_RDWR))
    start(path)
    sends(1)
    unistd.close(fd)
    fd = nil
    sends(50)
    assert.equal(51, server:status().messages)
    assert.equal(0, (server:stop()))
  end)

  it("when the disk is full", function()
    start "/dev/full"
    sends(50)
    assert.equal(50, server:status().messages)
    assert.truthy(server:status().log_dropped > 0)
    assert.equal(0, (server:stop()))
  end)
end)
