-- SIGHUP: a new policy for new sessions, or none and a line that says why.
local client = require "spec.support.client"
local lunette = require "spec.support.lunette"

local function policy(n)
  return ([[
local verdict = require "lunette.verdict"
return {
  rcpt = function() return verdict.accept() end,
  vrfy = function() return verdict.reject("5.1.1", "policy %s") end,
} ]]):format(n)
end

local function says(c)
  return c:cmd("VRFY x", 550).text:match "policy (%w+)"
end

local config = [[ relay = "maildir:mail"; hooks = { "policy" }; workers = { count = 2 } ]]

describe("a reload", function()
  local server

  before_each(function()
    server = lunette.start { config = config, hooks = { policy = policy "one" } }
  end)
  after_each(lunette.clean)

  local function hello()
    local c = server:dial()
    c:hello()
    return c
  end

  it("gives new sessions the new policy and leaves old ones theirs", function()
    local old = hello()
    assert.equal("one", says(old))
    server:hook("policy", policy "two")
    assert.equal("reload_done", server:reload().event)
    for _ = 1, 10 do
      local c = hello()
      assert.equal("two", says(c))
      c:close()
    end
    assert.equal("one", says(old))
    assert.equal(250, old:mail {}.code)
    old:cmd("QUIT", 221)
    old:expect_closed()
    server:stop()
  end)

  it("does not move to a hook that is only edited", function()
    server:hook("policy", policy "two")
    for _ = 1, 4 do
      assert.equal("one", says(hello()))
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

  -- What is wrong with the new one, and what the log must say.
  local broken = {
    ["a hook that does not parse"] = { "policy.lua:3", function()
      server:hook("policy", "return {\n  vrfy = function()\n  end end\n}")
    end },
    ["a hook whose top level raises"] = { "policy.lua:2", function()
      server:hook("policy", "\nerror 'no'")
    end },
    ["a hook whose start raises"] = { "policy.lua:1", function()
      server:hook("policy", "return { start = function() error 'not today' end }")
    end },
    ["a hook with an unknown stage"] = { "recpt.-rcpt", function()
      server:hook("policy", "return { recpt = function() end }")
    end },
    ["a hook that is not there"] = { "lunette.lua:1.-nothere", function()
      server:config [[ relay = "discard:"; hooks = { "nothere" } ]]
    end },
    ["a module that is not there"] = { "policy.lua:1", function()
      server:hook("policy", "local x = require 'no.such' return {}")
    end },
    ["a configuration that does not parse"] = { "lunette.lua:1", function()
      server:config [[ relay = = ]]
    end },
    ["an unknown key"] = { "lunette.lua:2.-relay", function()
      server:config "\nrelais = 'discard:' relay = 'discard:'; hooks = {}"
    end },
    ["a wrong type"] = { "lunette.lua:2.-workers", function()
      server:config "\nworkers = 'many' relay = 'discard:'; hooks = {}"
    end },
    ["an unknown setting"] = { "domians.-domains", function()
      server:config [[ relay = "discard:"; hooks = { { "rcpt_domains", domians = { "x.test" } } } ]]
    end },
    ["a log that cannot be written"] = { "nowhere/log.-no such file", function()
      server:config [[ relay = "discard:"; hooks = { "policy" }; log = { to = "nowhere/log" } ]]
    end },
    ["an address that is taken"] = { "address already in use", function()
      server:config([[ relay = "discard:"; hooks = { "policy" }; bind = { retries = 0 };
        listen = { "127.0.0.1:0", "127.0.0.1:]] .. require "spec.support.sink".start {}.port .. '" }')
    end },
  }
  for name, case in pairs(broken) do
    it("that fails changes nothing: " .. name, function()
      local old = hello()
      local from = server:here()
      case[2]()
      local line = server:reload()
      assert.equal("reload_failed", line.event)
      assert.matches(case[1], line.line:lower():gsub("\\n", " "))
      assert.equal("one", says(old))
      assert.equal("one", says(hello()))
      assert.equal(0, server:count("worker_exit", nil, from))
      server:hook("policy", policy "three")
      server:config(config)
      assert.equal("reload_done", server:reload().event)
      assert.equal("three", says(hello()))
      server:stop()
      require "spec.support.sink".clean()
    end)
  end

  it("and another, and another, in a storm", function()
    for _ = 1, 100 do
      server.process:signal "HUP"
    end
    server:hook("policy", policy "last")
    local line = server:reload()
    assert.equal("reload_done", line.event)
    server:reload()
    assert.equal("last", says(hello()))
    assert.equal(0, server:count "reload_failed")
    server:stop()
  end)
end)
