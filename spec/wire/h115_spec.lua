local lunette = require "spec.support.lunette"
local policy = require "spec.support.policy"
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 115, "A hundred SIGHUPs; SIGHUP during the start; SIGTERM during a reload",
  answer = "Folded into one that runs and one that follows; the last state of the files " ..
    "counts; TERM wins, exit 0", over = "process" }

local config = [[ relay = "maildir:mail"; hooks = { "policy" }; workers = { count = 1 } ]]

describe("a storm", function()
  after_each(lunette.clean)

  it("of a hundred", function()
    local server = lunette.start { config = config, hooks = { policy = policy.text "one" } }
    local held = server:dial()
    held:hello()
    for i = 1, 100 do
      server.process:signal "HUP"
      if i == 50 then
        server:hook("policy", policy.text "two")
      end
    end
    server:wait_for "reload_done"
    server:reload()
    local c = server:dial()
    c:hello()
    c:cmd("VRFY x", "550 5%.1%.1 policy two")
    held:cmd("VRFY x", "550 5%.1%.1 policy one")
    assert.equal(250, held:mail {}.code)
    assert.truthy(server:count "reload_begin" < 100)
    assert.equal(0, server:count "reload_failed")
    server:stop()
  end)

  it("at the start", function()
    local server = lunette.start {
      config = config, hooks = { policy = policy.text("one", "clock.sleep(0.2)") }, unready = true,
    }
    server:wait_for "start"
    for _ = 1, 20 do
      server.process:signal "HUP"
    end
    server:wait_for "ready"
    server:find_ports()
    wait.for_("the daemon to be at rest", function()
      return server:count "reload_begin" == server:count "reload_done" and
        server:status().state == "running"
    end)
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail {}.code)
    server:stop()
  end)

  for _, sig in ipairs { "TERM", "INT", "QUIT" } do
    it("and " .. sig .. " in the midst of a reload", function()
      local server = lunette.start { config = config, hooks = { policy = policy.text "one" } }
      server:hook("policy", policy.text("two", "clock.sleep(5)"))
      server.process:signal "HUP"
      server:wait_for "reload_begin"
      assert.equal(0, (server:stop(sig)))
    end)
  end
end)
