local process = require "spec.support.process"
local row = require "spec.support.row"

row { 73, "Empty chunks without end; chunks of one octet by the million",
  answer = "Empty ones are refused after a while (421 4.7.0 or 5xx); small ones cost time, " ..
    "not memory" }

local at = row.serve {}

row.case("one empty one is enough", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("BDAT 0", 250)
  c:cmd("BDAT 0", "551 5%.7%.1")
  c:cmd("RSET", 250)
  assert.equal(250, c:mail {}.code)
end, { whole = true })

row.case("small ones cost no memory", function(c)
  local function memory()
    local status = process.read(("/proc/%d/status"):format(at.server:workers()[1]))
    return tonumber(status:match "VmRSS:%s*(%d+)")
  end
  local n = row.sanitized and 2000 or 20000
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:send "BDAT 14\r\nSubject: x\r\n\r\n"
  c:expect(250)
  local before, group = memory(), ("BDAT 1\r\nx"):rep(500)
  for _ = 1, n / 500 do
    c:send(group)
    for _ = 1, 500 do
      c:expect(250)
    end
  end
  assert.truthy(row.sanitized or memory() < before + 1024, before .. " " .. memory())
  c:send "BDAT 2 LAST\r\n\r\n"
  c:expect(250)
end, { whole = true })

describe("limits.commands", function()
  row.serve { limits = "commands = 20" }

  row.case("counts small chunks", function(c)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    local n, r = 0
    repeat
      c:send "BDAT 1\r\nx"
      r, n = c:reply(), n + 1
    until r.code ~= 250 or n == 100
    assert.equal("421 4.7.0", r.code .. " " .. r.enhanced)
    assert.truthy(n <= 21, n)
    c:expect_closed()
  end)
end)
