local row = require "spec.support.row"

row { 37, "A group of commands, with hooks that take their time",
  answer = "As many replies as commands, in their order" }

local at = row.serve {
  hop = {}, config = [[ hooks = { "slow" } ]],
  hooks = { slow = [[
    local clock, verdict = require "lunette.clock", require "lunette.verdict"
    return { rcpt = function(session, rcpt)
      local seconds, what = rcpt.user:match "^(%d+)(%a+)"
      if seconds ~= "0" then clock.sleep(tonumber(seconds) / 1000) end
      if what == "no" then return verdict.reject("no %s", rcpt.user) end
      return verdict.accept()
    end }
  ]] },
}

row.case("is answered in order", function(c)
  local users = { "20yes", "0no", "5no", "0yes", "10no", "1yes", "0yes" }
  local to = {}
  for i, user in ipairs(users) do
    to[i] = ("RCPT TO:<%s%d@x.test>\r\n"):format(user, i)
  end
  c:send("MAIL FROM:<a@b.test>\r\n" .. table.concat(to) .. "NOOP\r\nDATA\r\n")
  c:expect "250 2%.1%.0"
  for i, user in ipairs(users) do
    if user:find "no" then
      c:expect(("550 5%%.7%%.1 no %s%d"):format(user, i))
    else
      c:expect "250 2%.1%.5"
    end
  end
  c:expect "250 2%.0%.0"
  c:expect(354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\nRSET\r\nQUIT\r\n"
  c:expect(250)
  c:expect(250)
  c:expect(221)
  c:expect_closed()
  local list = at.hop:messages()
  assert.same({ "20yes1@x.test", "0yes4@x.test", "1yes6@x.test", "0yes7@x.test" }, list[#list].to)
end)

row.case("of hundreds is answered to the last", function(c)
  c:send(("MAIL FROM:<a@b.test>\r\nRSET\r\n"):rep(300))
  for _ = 1, 600 do
    c:expect(250)
  end
  assert.truthy(c:is_quiet())
end)
