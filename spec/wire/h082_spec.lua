local row = require "spec.support.row"

row { 82, "Hooks take out every recipient of a message",
  answer = "250, and `event=discard` in the log; nothing goes to the next hop without a " ..
    "recipient" }

local at = row.serve {
  hop = {}, config = [[ hooks = { "empties" } ]],
  hooks = { empties = [[
    local verdict = require "lunette.verdict"
    local function empty(session)
      for _, rcpt in ipairs(session.recipients) do rcpt:remove "not wanted" end
    end
    return {
      rcpt = function(session)
        if session.sender.user == "discards" then return verdict.discard "away" end
        return verdict.accept()
      end,
      headers = function(session)
        if session.sender.user == "early" then empty(session) end
      end,
      message = function(session)
        if session.sender.user == "late" then empty(session) end
        if session.sender.user == "both" then empty(session) return verdict.discard "all away" end
      end,
    } ]] },
}

for _, user in ipairs { "late", "early", "both", "discards" } do
  row.case(user, function(c)
    local before = #at.hop:messages()
    c:begin(user .. "@b.test")
    c:send "Subject: x\r\n\r\nx\r\n.\r\n"
    c:expect(250)
    at.server:line_of(c, "discard")
    assert.equal(before, #at.hop:messages())
    assert.equal(250, c:mail {}.code)
    assert.equal(before + 1, #at.hop:wait_messages(before + 1))
  end)
end
