-- A hook that spins holds its worker: the watchdog ends that one, names the
-- hook, and nobody is told 250.
local lunette = require "spec.support.lunette"
local sink = require "spec.support.sink"

local spin = [[
local verdict = require "lunette.verdict"
return {
  rcpt = function() return verdict.accept() end,
  message = function(session)
    if session.sender.user == "spin" then while true do end end
  end,
} ]]

describe("the watchdog", function()
  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  it("ends a worker whose hook spins", function()
    local hop = sink.start()
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { { "spin", as = "spinner" } };
        workers = { count = 2, watchdog = "1s" } ]]):format(hop.url),
      hooks = { spin = spin },
    }
    local c = server:dial()
    c:hello()
    assert.is_nil(c:mail { from = "spin@b.test", seconds = 30 })
    assert.equal(0, #hop:messages())
    local line = server:wait_for "worker_exit"
    assert.matches("spinner", line.line)
    assert.matches("ABRT", line.line)
    local other = server:dial()
    other:hello()
    assert.equal(250, other:mail {}.code)
    server:stop()
  end)
end)
