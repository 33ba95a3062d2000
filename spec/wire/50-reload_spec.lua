-- SIGHUP: a new policy for new sessions, or none and a line that says why.
local client = require "spec.support.client"
local lunette = require "spec.support.lunette"
local policy = require "spec.support.policy"

local config = [[ relay = "maildir:mail"; hooks = { "policy" }; workers = { count = 2 } ]]

describe("a reload", function()
  local server

  before_each(function()
    server = lunette.start { config = config, hooks = { policy = policy.text "one" } }
  end)
  after_each(lunette.clean)

  local function hello()
    local c = server:dial()
    c:hello()
    return c
  end

  it("gives new sessions the new policy and leaves old ones theirs", function()
    local old = hello()
    assert.equal("one", policy.says(old))
    server:hook("policy", policy.text "two")
    assert.equal("reload_done", server:reload().event)
    for _ = 1, 10 do
      local c = hello()
      assert.equal("two", policy.says(c))
      c:close()
    end
    assert.equal("one", policy.says(old))
    assert.equal(250, old:mail {}.code)
    old:cmd("QUIT", 221)
    old:expect_closed()
    server:stop()
  end)

  it("does not move to a hook that is only edited", function()
    server:hook("policy", policy.text "two")
    for _ = 1, 4 do
      assert.equal("one", policy.says(hello()))
    end
    server:stop()
  end)

  it("reads the configuration anew, with listeners", function()
    local port, from = server.port, server:here()
    server:config [[ hostname = "new.test"; listen = { "127.0.0.1:0", "127.0.0.2:0" };
      relay = "discard:"; hooks = { "policy" } ]]
    assert.equal("reload_done", server:reload().event)
    assert.matches("^new%.test", server:dial():expect(220).text)
    local listens = server:log("listen", from)
    assert.equal(1, #listens)
    server.port, server.ports = port, { tonumber(listens[1].addr:match ":(%d+)$") }
    assert.matches("^new%.test", server:dial({ host = "127.0.0.2" }):expect(220).text)
    server:config [[ listen = { "127.0.0.1:0" }; relay = "discard:"; hooks = { "policy" } ]]
    assert.equal("reload_done", server:reload().event)
    assert.is_nil((client.dial(server.ports[1], { host = "127.0.0.2" })))
    server.ports = { port }
    assert.matches("^mx%.test", server:dial():expect(220).text)
    server:stop()
  end)
end)
