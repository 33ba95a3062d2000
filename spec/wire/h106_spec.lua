local row = require "spec.support.row"

row { 106,
  "What a hook asks (a scanner, a policy service) is down, slow, answers nonsense, or leaves " ..
    "in the midst of a change",
  answer = "`on_error` of that hook decides: 451 4.3.0 by default, `next` and `reject` if it " ..
    "says so; a message that was half changed is not delivered" }

-- Stands for a hook with such a helper; the sender says how that behaves.
local helped = [[
local clock, verdict = require "lunette.clock", require "lunette.verdict"
local how = {
  down = function() return nil, "connection refused" end,
  slow = function() clock.sleep(50) end,
  garbage = function() error "malformed answer" end,
  half = function(message) message:replace_body "half of it" return nil, "connection closed" end,
  edits = function(message) message:set_header("Subject", "changed") error "gone" end,
  wrong = function() return "250 clean" end,
}
local hook = { timeout = 0.2 }
function hook.message(session, message)
  local f = how[session.sender.user]
  if f then return f(message) end
end
return hook
]]

for on_error, want in pairs { [""] = "451 4.3.0", defer = "451 4.3.0", reject = "550", next = "250" } do
  describe(on_error == "" and "by default" or "on_error = " .. on_error, function()
    local at = row.serve {
      hop = {}, errors = true, hooks = { helped = helped },
      config = ([[ hooks = { { "helped"%s }, "yes" } ]])
        :format(on_error == "" and "" or (", on_error = %q"):format(on_error)),
    }

    for _, how in ipairs { "down", "slow", "garbage", "half", "edits", "wrong" } do
      row.case(how .. " is " .. want, function(c)
        local before = #at.hop:messages()
        local r = c:mail { from = how .. "@b.test", data = "Subject: x\r\n\r\nwhole\r\n" }
        assert.equal(want, (r.code .. " " .. r.enhanced):sub(1, #want), r.text)
        at.server:line_of(c, "hook_error")
        if want ~= "250" then
          assert.equal(before, #at.hop:messages())
        else
          assert.is_nil(at.hop:messages()[before + 1].data:find "half of it")
        end
        assert.equal(250, c:mail {}.code)
      end, { whole = true })
    end
  end)
end
