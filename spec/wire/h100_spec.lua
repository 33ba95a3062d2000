local row = require "spec.support.row"

row { 100, "The next hop does not answer to the final dot",
  answer = "451 4.4.2; the log says that the outcome is not known; the connection is closed" }

local at = row.serve {
  hop = { dot = function(c) return c.from == "slow@b.test" and "stall" or nil end },
  config = [[ timeouts = { after_data = 0.3, relay_data = 0.3 } ]],
}

row.case("is doubt, and doubt is for now", function(c)
  local from, before = at.server:here(), at.hop:connections()
  local r = c:mail { from = "slow@b.test" }
  assert.equal("451 4.4.2", r.code .. " " .. r.enhanced)
  local line = at.server:wait_for("relay_error", nil, from)
  assert.matches("may have taken the message", line.text)
  c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
  assert.equal(250, c:mail {}.code)
  assert.truthy(at.hop:connections() > before)
  assert.equal(0, at.server:count("message", { from = "slow@b.test" }, from))
end, { whole = true })
