local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 100, "The next hop does not answer to the final dot",
  answer = "451 4.4.2; the log says that the outcome is not known; the connection is closed" }

-- Which of the two deadlines strikes first, and what the log says.
for config, says in pairs {
  ["after_data = 0.3"] = "may have taken the message", ["relay_data = 0.3"] = "unknown=true",
} do
  describe(config, function()
    local at = row.serve {
      hop = { dot = function(c) return c.from == "slow@b.test" and "stall" or nil end },
      config = "timeouts = { " .. config .. " }",
    }

    row.case("is doubt, and doubt is for now", function(c)
      local before = at.hop:connections()
      local r = c:mail { from = "slow@b.test" }
      assert.equal("451 4.4.2", r.code .. " " .. r.enhanced)
      wait.for_(says, function() return at.server:read(c.from):find(says, 1, true) end)
      assert.equal(0, at.server:count_of(c, "message"))
      c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
      assert.equal(250, c:mail {}.code)
      assert.truthy(at.hop:connections() > before)
    end, { whole = true })
  end)
end
