-- Hooks that wait: all at once, and not longer than the client stays.
local lunette = require "spec.support.lunette"
local wait = require "spec.support.wait"

local slow = [[
local clock, verdict = require "lunette.clock", require "lunette.verdict"
return { rcpt = function(session, rcpt)
  clock.sleep(tonumber(rcpt.user))
  return verdict.accept()
end }
]]

describe("a hook that waits", function()
  local server

  before_each(function()
    server = lunette.start {
      config = [[ relay = "discard:"; hooks = { "slow" }; workers = { count = 1, sessions = 1000 };
        limits = { per_client = 0 } ]],
      hooks = { slow = slow },
    }
  end)
  after_each(lunette.clean)

  it("does so in 500 sessions at the same time", function()
    local list = {}
    for i = 1, 500 do
      list[i] = server:dial()
      list[i]:send "EHLO client.test\r\n"
    end
    for _, c in ipairs(list) do
      c:expect(220)
      c:expect(250)
    end
    local began = wait.now()
    for _, c in ipairs(list) do
      c:send "MAIL FROM:<>\r\nRCPT TO:<2@x.test>\r\n"
    end
    for _, c in ipairs(list) do
      c:expect(250)
      c:expect("250 2%.1%.5", 20)
    end
    local seconds = wait.now() - began
    assert.truthy(seconds >= 2)
    assert.truthy(seconds < 20, seconds .. " seconds")
    server:stop()
  end)

  it("is cancelled when its client leaves", function()
    local c = server:dial()
    c:hello()
    c:send "MAIL FROM:<>\r\nRCPT TO:<50@x.test>\r\n"
    c:expect(250)
    c:reset()
    assert.equal("lost", server:wait_for("end", nil).reason)
    server:stop()
  end)

  it("does not hold up the others", function()
    local held = server:dial()
    held:hello()
    held:send "MAIL FROM:<>\r\nRCPT TO:<5@x.test>\r\n"
    held:expect(250)
    local c = server:dial()
    c:hello()
    for _ = 1, 10 do
      assert.equal(250, c:mail { to = "0@x.test" }.code)
    end
    assert.truthy(held:is_quiet())
    server:stop("QUIT")
  end)
end)
