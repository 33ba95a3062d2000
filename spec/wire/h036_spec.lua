local row = require "spec.support.row"

row { 36, "Commands in a group without PIPELINING (after HELO, or where it is withheld)",
  answer = "554 5.5.0 and close" }

local function violates(c)
  c:send "MAIL FROM:<a@b.test>\r\nRCPT TO:<b@x.test>\r\nRCPT TO:<c@x.test>\r\n"
  local r = c:reply()
  while r.code == 250 do
    r = c:reply()
  end
  assert.equal("554 5.5.0", r.code .. " " .. r.enhanced)
  c:expect_closed()
end

describe("after HELO", function()
  row.serve {}
  row.case("is a violation", violates, { greet = "helo", whole = true })
end)

describe("without the offer", function()
  row.serve { config = [[ ehlo = { "PIPELINING" } ]] }
  row.case("is a violation", violates, { whole = true })
  row.case("one by one is fine", function(c)
    assert.equal(250, c:mail {}.code)
  end)
end)
