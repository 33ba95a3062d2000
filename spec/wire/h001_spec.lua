local row = require "spec.support.row"

row { 1, "The client speaks before the banner",
  answer = "With `early_talker`: 554 5.5.1 and close, no banner. Without: the banner, and a " ..
    "second command in the group is a violation, 554 5.5.0 and close" }

describe("with a hook that waits for it,", function()
  row.serve { config = [[ hooks = { { "early_talker", seconds = 5 }, "yes" } ]] }

  row.case("is refused before it gets a banner", function(c, at)
    c:send "EHLO client.test\r\n"
    c:expect "554 5%.5%.1"
    c:expect_closed()
    assert.equal("refused", at.server:ended(c).reason)
  end, { greet = false })
end)

describe("with a hook that only notes it,", function()
  row.serve { config = [[ hooks = { { "early_talker", seconds = 5, action = "note" }, "yes" } ]] }

  row.case("gets the banner", function(c)
    c:send "EHLO client.test\r\n"
    c:expect(220)
    c:expect(250)
    c:cmd("NOOP", 250)
  end, { greet = false })
end)

describe("without a hook,", function()
  row.serve {}

  row.case("has not been offered to send in groups", function(c)
    c:send "EHLO client.test\r\nMAIL FROM:<a@b.test>\r\nQUIT\r\n"
    c:expect(220)
    local r = c:reply()
    assert.truthy(r.code == 250 or r.code == 554)
    while r and r.code == 250 do
      r = c:reply()
    end
    assert.equal("554 5.5.0", r.code .. " " .. r.enhanced)
    c:expect_closed()
  end, { greet = false, over = "clear", whole = true })
end)
