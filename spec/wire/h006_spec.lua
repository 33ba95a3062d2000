local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 6, "A command that comes an octet now and then",
  answer = "421 4.4.2 when `timeouts.command` is over, however much has come" }

row.serve { config = [[ timeouts = { greeting = 0.3, command = 0.3 } ]] }

for greet, name in pairs { banner = "before the greeting", ehlo = "after it" } do
  row.case("is cut off " .. name, function(c)
    wait.for_("the cut", function()
      c:send "x"
      return not c:is_quiet()
    end)
    c:expect "421 4%.4%.2"
    c:expect_closed()
  end, { greet = greet, whole = true })
end
