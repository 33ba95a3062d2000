local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local row = require "spec.support.row"

row { 120,
  "A pid file is left over: of a process that is gone, of another that lives, empty, nonsense",
  answer = "It is taken: only a lock that is held counts, not the number in the file", over = "process" }

local config = [[ relay = "discard:"; hooks = { "yes" }; workers = { count = 1 };
  pid_file = "$DIR/pid" ]]

describe("a stale pid file", function()
  after_each(lunette.clean)

  for name, text in pairs {
    ["of nobody"] = "4194303\n", ["of init"] = "1\n",
      ["of somebody"] = tostring(require "posix".getpid "pid"),
    ["that is empty"] = "", ["with nonsense"] = "what?\0\n", ["that is long"] = ("9"):rep(10000),
  } do
    it(name .. " is taken over", function()
      local server = lunette.start { config = config, files = { pid = text } }
      assert.equal(("%d\n"):format(server.process.pid), process.read(server:path "pid"))
      local c = server:dial()
      c:hello()
      assert.equal(250, c:mail {}.code)
      assert.equal(0, (server:stop()))
    end)
  end

  it("after a kill is taken over, too", function()
    local server = lunette.start { config = config }
    server.process:stop "KILL"
    local text = process.read(server:path "pid")
    assert.equal(server.process.pid, tonumber(text))
    local again = lunette.start { config = config, files = { pid = text } }
    assert.equal(again.process.pid, tonumber(process.read(again:path "pid")))
    again:stop()
    server:stop()
  end)

  it("that cannot be written is a warning", function()
    local server = lunette.start { config = config .. [[ pid_file = "$DIR/no/such/pid" ]] }
    server:wait_for(nil, { level = "warn" })
    server:dial():expect(220)
    server:stop()
  end)
end)
