-- policy: a hook that accepts everybody and says in answer to VRFY which one it
-- is, to see where a reload has come to.
local policy = {}

-- The text of the n-th; start: what it does at the start.
function policy.text(n, start)
  return ([[
local clock, verdict = require "lunette.clock", require "lunette.verdict"
return {
  start = function() %s end,
  rcpt = function() return verdict.accept() end,
  vrfy = function() return verdict.reject("5.1.1", "policy %s") end,
} ]]):format(start or "", n)
end

function policy.says(c)
  return c:cmd("VRFY x", 550).text:match "policy (%w+)"
end

return policy
