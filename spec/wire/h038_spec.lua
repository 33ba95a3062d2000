local row = require "spec.support.row"

row { 38, "MAIL, RCPT and DATA in a group, the recipient refused, content behind it",
  answer = "DATA gets 554 5.5.1 or is a violation; the content runs as commands for a moment " ..
    "at most, then 554 5.5.0 and close; no mail comes of it" }

local at = row.serve { hop = { RCPT = function(_, line)
  return line:match "no@" and "550 5.1.1 no such user" or nil
end } }

for _, to in ipairs { "no@x.test", "bad@@x.test" } do
  row.case("to " .. to .. " is no mail", function(c)
    local before = #at.hop:messages()
    c:send(("MAIL FROM:<a@b.test>\r\nRCPT TO:<%s>\r\nDATA\r\nMAIL FROM:<evil@b.test>\r\n" ..
      "RCPT TO:<b@x.test>\r\n.\r\n"):format(to))
    c:expect(250)
    c:expect "5[05]1?0? 5%.1%.[13]"
    c:expect "55?0?[34] 5%.5%.[01]"
    c:expect_closed()
    assert.equal("errors", at.server:ended(c).reason)
    assert.equal(before, #at.hop:messages())
    for _, line in ipairs(at.hop:lines()) do
      assert.is_nil(line:find "evil")
    end
  end, { whole = true })
end

row.case("content alone is nothing but errors", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<no@x.test>", 550)
  c:cmd("DATA", "554 5%.5%.1")
  c:cmd("Subject: x", "500 5%.5%.2")
  c:cmd("", "500 5%.5%.2")
  c:cmd(".", "500 5%.5%.2")
  assert.equal(0, #at.hop:messages())
end)
