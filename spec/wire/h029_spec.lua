local row = require "spec.support.row"

row { 29, "RCPT before MAIL, DATA before RCPT, DATA when all were refused",
  answer = "503 5.5.1; 503 5.5.1 without MAIL, 554 5.5.1 without a recipient" }

local at = row.serve { hop = { RCPT = function(_, line)
  return line:match "no@" and "550 5.1.1 no such user" or nil
end } }

row.case("is out of order", function(c)
  c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
  c:cmd("DATA", "503 5%.5%.1")
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("DATA", "554 5%.5%.1")
  c:cmd("RCPT TO:<no@x.test>", "550 5%.1%.1")
  c:cmd("DATA", "554 5%.5%.1")
  c:cmd("RCPT TO:<bad", "501 5%.1%.3")
  c:cmd("DATA", "554 5%.5%.1")
  assert.equal(0, #at.hop:messages())
  for _, line in ipairs(at.hop:lines()) do
    assert.truthy(line ~= "DATA")
  end
  c:cmd("RCPT TO:<yes@x.test>", 250)  -- the transaction is still there
end)
