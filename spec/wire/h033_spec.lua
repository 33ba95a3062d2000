local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 33, "QUIT in the midst of a transaction",
  answer = "221; the transaction is gone, the next hop is told RSET or QUIT" }

local at = row.serve { hop = {} }

row.case("leaves no message and no transaction", function(c)
  local lines = #at.hop:lines()
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("QUIT", "221 2%.0%.0")
  c:expect_closed()
  wait.for_("RSET or QUIT", function()
    local list = at.hop:lines()
    for i = lines + 1, #list do
      if list[i] == "RSET" or list[i] == "QUIT" then
        return true
      end
    end
  end)
  assert.equal(0, #at.hop:messages())
end)
