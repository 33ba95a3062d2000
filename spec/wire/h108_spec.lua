local lunette = require "spec.support.lunette"
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
  raises_table = function() error {} end,
  answers_true = function() return true end,
  answers_text = function() return "250 ok" end,
  answers_table = function() return { kind = "accept" } end,
  fails = function() return nil, "could not" end,
  wrong_verdict = function() return verdict.quarantine "discard:" end,
  overtime = function() clock.sleep(60) end,
  eats = function() local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end,
  eats_one = function() return ("x"):rep(2 ^ 30) end,
  global = function() leaked = 1 end,
  reads_global = function() return no_such_thing end,
  no_field = function(session) return session.no_such_field end,
  writes_field = function(session) session.id = "x" end,
  hook_table = function() kept.module.new = 1 end,
  library = function() string.rep = nil end,
  moves = function() table.move({ 1 }, 1, 1, 1, string) end,
  no_address = function(session) session.sender.address = "@b.test" end,
  deep = function() local function f() return 1 + f() end return f() end,
  keeps = function(session) kept.session = session end,
  uses_kept = function() return kept.session.id end,
  yields = function() coroutine.yield() end,
  sorts = function() table.sort({ 3, 2, 1 }, function() clock.sleep(1) end) end,
  no_io = function() return io.open "/etc/passwd" end,
  no_os = function() return os.execute "true" end,
  no_ffi = function() return require "ffi" end,
  bytecode = function() return loadstring("\27LJ") end,
}
local hook = { timeout = 0.2 }
kept = { module = hook }
function hook.mail(session, sender)
  local order = orders[sender.user]
  if order then return order(session) end
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
      if order == "keeps" then
        c:cmd("MAIL FROM:<keeps@b.test>", 250)  -- nothing wrong with that
        return
      end
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

describe("a hook whose error is caught nowhere", function()
  local at = row.serve {
    errors = true, hooks = { bad = bad }, config = [[ hooks = { "bad" } ]],
  }

  it("has its traceback in the log", function()
    local c = at:dial "clear"
    c:cmd("MAIL FROM:<raises@b.test>", 451)
    assert.matches("bad%.lua:%d+: on purpose", at.server:line_of(c, "hook_error").line)
  end)
end)

describe("on_error", function()
  after_each(lunette.clean)

  for on_error, want in pairs { next = 250, reject = 550, defer = 451 } do
    it(("%s: %d"):format(on_error, want), function()
      local server = lunette.start {
        config = ([[ relay = "discard:"; hooks = { { "bad", on_error = "%s" }, "yes" } ]])
          :format(on_error),
        hooks = { bad = [[ return { mail = function() error "no" end } ]] },
      }
      local c = server:dial()
      c:hello()
      c:cmd("MAIL FROM:<>", want)
      server:stop()
    end)
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
