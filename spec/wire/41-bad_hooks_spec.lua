-- Hooks that fail: 451 4.3.0 for that command alone, one log line that says
-- where, and nobody else notices.
local lunette = require "spec.support.lunette"

local bad = [[
local clock, verdict = require "lunette.clock", require "lunette.verdict"
local kept
local orders = {
  raises = function() error "on purpose" end,
  raises_nil = function() error() end,
  raises_table = function() error {} end,
  answers_true = function() return true end,
  answers_text = function() return "550 no" end,
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
local hook = { timeout = 0.3 }
kept = { module = hook }
function hook.mail(session, sender)
  local order = orders[sender.user]
  if order then return order(session) end
end
function hook.rcpt() return verdict.accept() end
return hook
]]

local fine = {
  keeps = true,
}

describe("a bad hook", function()
  local server, c

  setup(function()
    server = lunette.start {
      config = [[ relay = "maildir:mail"; hooks = { "bad" }; workers = { count = 1 };
        limits = { errors = 0, soft_errors = 0 }; lua = { memory = "16M" } ]],
      hooks = { bad = bad },
    }
  end)
  teardown(lunette.clean)
  before_each(function()
    c = server:dial()
    c:hello()
  end)
  after_each(function() c:close() end)

  for order in bad:gmatch "\n  ([%w_]+) = function" do
    if not fine[order] then
      it(order .. ": 451, one line, and the session lives", function()
        if order == "uses_kept" then
          local other = server:dial()
          other:hello()
          other:cmd("MAIL FROM:<keeps@b.test>", 250)
          other:cmd("QUIT", 221)
          other:expect_closed()
        end
        local from = server:here()
        c:cmd(("MAIL FROM:<%s@b.test>"):format(order), "451 4%.3%.0")
        local line = server:wait_for("hook_error", nil, from)
        assert.equal("bad", line.hook)
        assert.equal("mail", line.stage)
        assert.truthy(line.id and line.client)
        assert.equal(1, server:count("hook_error", nil, from))
        assert.equal(250, c:mail {}.code)
      end)
    end
  end

  it("has its traceback in the log", function()
    c:cmd("MAIL FROM:<raises@b.test>", 451)
    server:wait_for "hook_error"
    local all = server:log "hook_error"
    assert.matches("bad%.lua:%d+: on purpose", all[#all].line)
  end)

  it("leaves the worker as it was", function()
    assert.equal(0, server:count "worker_exit")
    assert.equal(1, #server:workers())
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
