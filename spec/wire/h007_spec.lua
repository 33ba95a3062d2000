local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 7, "Content that comes an octet now and then",
  answer = "421 4.4.2 when it is slower than `timeouts.min_rate` and `timeouts.data` is used " ..
    "up; nothing is delivered" }

local at = row.serve { config = [[ timeouts = { data = 0.3, min_rate = 10000 } ]] }

row.case("is cut off", function(c)
  c:begin()
  wait.for_("the cut", function()
    c:send "x"
    return not c:is_quiet()
  end)
  c:expect "421 4%.4%.2"
  assert.equal("timeout", at.server:ended(c).reason)
  assert.equal(0, #at.server:mails())
end, { whole = true })
