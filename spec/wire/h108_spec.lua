local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 108,
  "A hook that raises, spins, takes all memory, answers nonsense, waits for ever, uses a " ..
    "session that is over",
  answer = "451 4.3.0 for that command, one line in the log, and the session lives; one that " ..
    "cannot be interrupted costs its worker, whose clients are not told 250" }

local bad = [[
local clock, verdict = require "lunette.clock", require "lunette.verdict"
local kept
local orders = {
  raises = function() error "on purpose" end,
  raises_nil = function() error() end,
  answers_true = function() return true end,
  answers_text = function() return "250 ok" end,
  answers_table = function() return { kind = "accept" } end,
  fails = function() return nil, "could not" end,
  wrong_verdict = function() return verdict.quarantine "discard:" end,
  waits = function() clock.sleep(60) end,
  eats = function() local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end,
  eats_at_once = function() return ("x"):rep(2 ^ 30) end,
  nests = function() local function f() return 1 + f() end return f() end,
  yields = function() coroutine.yield() end,
  uses_kept = function() return kept.id end,
}
local hook = { timeout = 0.2 }
function hook.mail(session, sender)
  if sender.user == "keeps" then kept = session end
  if orders[sender.user] then return orders[sender.user](session) end
end
function hook.rcpt() return verdict.accept() end
return hook
]]

describe("a hook that", function()
  local at = row.serve {
    errors = true, hooks = { bad = bad },
    config = [[ hooks = { "bad" }; lua = { memory = "16M" } ]],
  }

  for order in bad:gmatch "\n  ([%w_]+) = function" do
    row.case(order, function(c)
      if order == "uses_kept" then
        local other = at:dial "clear"
        other:cmd("MAIL FROM:<keeps@b.test>", 250)
        other:cmd("QUIT", 221)
        other:expect_closed()
      end
      c:cmd(("MAIL FROM:<%s@b.test>"):format(order), "451 4%.3%.0")
      local line = at.server:line_of(c, "hook_error")
      assert.equal("bad", line.hook)
      assert.equal("mail", line.stage)
      assert.equal(1, at.server:count_of(c, "hook_error"))
      c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
      assert.equal(250, c:mail {}.code)
    end, { whole = true })
  end
end)

describe("a hook that spins in what nothing can interrupt", function()
  local at = row.serve {
    hop = {}, crashes = true,
    config = [[ hooks = { { "spin", as = "spinner" } }; workers = { count = 1, watchdog = "1s" } ]],
    hooks = { spin = [[
      local verdict = require "lunette.verdict"
      return {
        rcpt = function() return verdict.accept() end,
        message = function(session)
          if session.sender.user == "spin" then
            local text = ("a"):rep(50) .. "b"
            while true do text:find(("a*"):rep(20) .. "c") end
          end
        end,
      } ]] },
  }

  it("loses its worker; the message is not accepted, and others are served", function()
    local c = at:dial "clear"
    local r = c:mail { from = "spin@b.test", seconds = 30 }
    assert.is_nil(r)
    local line = at.server:wait_for "worker_exit"
    assert.matches("spinner", line.line)
    assert.equal(0, #at.hop:messages())
    wait.for_("a worker", function() return #at.server:workers() == 1 end)
    c = at:dial "clear"
    assert.equal(250, c:mail {}.code)
  end)
end)
