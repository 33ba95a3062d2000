local process = require "spec.support.process"
local row = require "spec.support.row"

row { 72, "The client leaves behind end-of-data, before our reply",
  answer = "If the next hop has the message its answer counts and is logged; if it was not " ..
    "begun yet it is not" }

describe("while the next hop thinks,", function()
  local go
  local at = row.serve { start = false, hop = { dot = function() return go end } }

  row.case("the message is delivered", function(c)
    local before = #at.hop:messages()
    c:begin()
    c:send "Subject: x\r\n\r\nx\r\n.\r\n"
    at.hop:wait_messages(before + 1)
    c:reset()
    process.write(at.dir .. "/go", "")
    assert.matches("LATE1", at.server:line_of(c, "message").line)
    assert.equal("lost", at.server:ended(c).reason)
    os.remove(at.dir .. "/go")
  end, { whole = true })

  setup(function()
    go = { after = at.dir .. "/go", "250 2.0.0 Ok: queued as LATE1" }
    at:start()
  end)
end)

describe("while a hook thinks,", function()
  local at = row.serve {
    hop = {}, config = [[ hooks = { "slow" } ]],
    hooks = { slow = [[
      local clock, verdict = require "lunette.clock", require "lunette.verdict"
      return {
        rcpt = function() return verdict.accept() end,
        message = function() clock.sleep(25) end,
      } ]] },
  }

  row.case("it is not", function(c)
    c:begin()
    c:send "Subject: x\r\n\r\nx\r\n.\r\n"
    c:reset()
    assert.equal("lost", at.server:ended(c).reason)
    assert.equal(0, #at.hop:messages())
    assert.equal(0, at.server:count_of(c, "message"))
  end, { whole = true })
end)
