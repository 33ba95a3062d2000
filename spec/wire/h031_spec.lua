local row = require "spec.support.row"

row { 31, "RSET and NOOP without end",
  answer = "421 4.7.0 and close after `limits.commands` that are not for a message" }

-- Those that opened the session count, too.
local function is_limit(n)
  return n <= 21 and n >= 17
end

local at = row.serve { limits = "commands = 20" }

for _, verb in ipairs { "RSET", "NOOP", "HELP", "VRFY x", "EHLO client.test" } do
  row.case(verb .. " again and again ends the session", function(c)
    local n, r = 0
    repeat
      c:line(verb)
      r = c:reply()
      n = n + 1
    until r.code == 421 or n == 1000
    assert.equal("421 4.7.0", r.code .. " " .. r.enhanced)
    assert.truthy(is_limit(n), n)
    c:expect_closed()
    assert.equal("errors", at.server:ended(c).reason)
  end)
end

row.case("a thousand at once do, too", function(c)
  c:send(("RSET\r\n"):rep(1000))
  local n, r = 0
  repeat
    r, n = c:reply(), n + 1
  until r.code ~= 250
  assert.equal("421 4.7.0", r.code .. " " .. r.enhanced)
  assert.truthy(is_limit(n), n)
end, { whole = true })

row.case("a message starts the count again", function(c)
  for _ = 1, 3 do
    for _ = 1, 15 do
      c:cmd("NOOP", 250)
    end
    assert.equal(250, c:mail {}.code)
  end
end)
