local lunette = require "spec.support.lunette"
local policy = require "spec.support.policy"
local row = require "spec.support.row"
local sink = require "spec.support.sink"

row { 114, "SIGHUP, and hook or configuration are broken",
  answer = "The old generation stays; the log says file, line and why; `lunette ctl reload` exits " ..
    "with 1", over = "process" }

local config = [[ relay = "maildir:mail"; hooks = { "policy" }; workers = { count = 2 } ]]

describe("a reload", function()
  local server

  before_each(function()
    server = lunette.start { config = config, hooks = { policy = policy.text "one" } }
  end)
  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  local function hello()
    local c = server:dial()
    c:hello()
    return c
  end

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
        listen = { "127.0.0.1:0", "127.0.0.1:]] .. sink.start({}).port .. '" }')
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
      assert.equal("one", policy.says(old))
      assert.equal("one", policy.says(hello()))
      assert.equal(0, server:count("worker_exit", nil, from))
      local got = server:ctl("reload", "-o", "control=" .. server:path "control")
      assert.equal(1, got.code)
      assert.matches(case[1], got.err:lower())
      server:hook("policy", policy.text "three")
      server:config(config)
      assert.equal("reload_done", server:reload().event)
      assert.equal("three", policy.says(hello()))
      server:stop()
    end)
  end

  it("whose configuration is gone changes nothing", function()
    os.remove(server:path "lunette.lua")
    assert.equal("reload_failed", server:reload().event)
    assert.equal("one", policy.says(hello()))
    assert.equal(250, hello():mail({}).code)
    server:stop()
  end)
end)
