local row = require "spec.support.row"

row { 2, "The client connects and says nothing",
  answer = "421 4.4.2 after `timeouts.greeting`, `timeouts.command`, and close" }

local at = row.serve { config = [[ timeouts = { greeting = 0.2, command = 0.3 } ]] }

row.case("before its greeting", function(c)
  c:expect "421 4%.4%.2"
  c:expect_closed()
end, { greet = "banner", whole = true })

row.case("after it", function(c)
  c:expect "421 4%.4%.2"
  c:expect_closed()
end, { whole = true })

it("is noted as a timeout", function()
  assert.equal(0, at.server:count "end" - at.server:count("end", { reason = "timeout" }))
end)
