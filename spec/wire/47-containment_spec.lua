-- What one hook does wrong is not felt by the next one.
local lunette = require "spec.support.lunette"

local greedy = [[
local verdict, clock = require "lunette.verdict", require "lunette.clock"
local function eat()
  local t = {}
  while true do t[#t + 1] = {} end
end
local orders = {
  caught = function() pcall(eat) end,
  coroutine = function() coroutine.resume(coroutine.create(eat)) end,
  waits = function() clock.sleep(0.01) pcall(eat) end,
  waits_more = function() pcall(eat) clock.sleep(0.01) end,
}
return { mail = function(_, sender)
  local order = orders[sender.user]
  if order then return order() end
end, rcpt = function() return verdict.accept() end }
]]
-- Needs some memory of its own.
local modest = [[
return { mail = function()
  local t = {}
  for i = 1, 1000 do t[i] = ("x"):rep(100) .. i end
end }
]]

describe("a hook that takes all memory and catches the error", function()
  local server, c

  setup(function()
    server = lunette.start {
      config = [[ relay = "discard:"; hooks = { "greedy", "modest" }; workers = { count = 1 };
        lua = { memory = "16M" } ]],
      hooks = { greedy = greedy, modest = modest },
    }
  end)
  teardown(lunette.clean)
  before_each(function()
    c = server:dial()
    c:hello()
  end)
  after_each(function() c:close() end)

  for order in greedy:gmatch "\n  ([%w_]+) = function" do
    it("leaves room for the next: " .. order, function()
      c:cmd(("MAIL FROM:<%s@b.test>"):format(order), 250)
      c:cmd("RCPT TO:<x@x.test>", 250)
      c:cmd("RSET", 250)
    end)
  end

  it("is no failure of anybody", function()
    assert.equal(0, server:count "hook_error")
  end)
end)

describe("a verdict that is held", function()
  local server, c

  setup(function()
    server = lunette.start {
      config = [[ relay = "discard:"; hooks = { { "soft", later = true }, "strict" } ]],
      hooks = {
        soft = [[
          local verdict = require "lunette.verdict"
          return { mail = function() return verdict.reject("5.7.8", "soft") end }
        ]],
        strict = [[
          local verdict = require "lunette.verdict"
          return {
            mail = function(_, sender)
              if sender.user == "raises" then error "on purpose" end
              if sender.user == "defers" then return verdict.defer("4.7.9", "now") end
              if sender.user == "rejects" then return verdict.reject("5.7.9", "now") end
            end,
            rcpt = function() return verdict.accept() end,
          } ]],
      },
    }
    c = server:dial()
    c:hello()
  end)
  teardown(lunette.clean)

  it("puts off neither a failure nor a verdict of a hook behind it", function()
    c:cmd("MAIL FROM:<raises@b.test>", "451 4%.3%.0")
    c:cmd("MAIL FROM:<defers@b.test>", "451 4%.7%.9")
    c:cmd("MAIL FROM:<rejects@b.test>", "550 5%.7%.9")
  end)

  it("waits for RCPT when it is alone", function()
    c:cmd("MAIL FROM:<fine@b.test>", 250)
    c:cmd("RCPT TO:<x@x.test>", "550 5%.7%.8")
  end)
end)

describe("async without end", function()
  after_each(lunette.clean)

  it("fails, and the worker lives", function()
    local server = lunette.start {
      config = [[ relay = "discard:"; hooks = { "nests" }; workers = { count = 1 };
        limits = { errors = 0, soft_errors = 0 } ]],
      hooks = { nests = [[
        local async = require "lunette.async"
        return { mail = function(_, sender)
          local list = {}
          for i = 1, tonumber(sender.user) do list[i] = i end
          local function nest() return async.map(list, nest) end
          nest()
        end } ]] },
    }
    local c = server:dial()
    c:hello()
    for _, width in ipairs { 1, 2, 64 } do
      c:cmd(("MAIL FROM:<%d@b.test>"):format(width), "451 4%.3%.0")
    end
    c:cmd("MAIL FROM:<0@b.test>", 250)
    assert.equal(0, server:count "worker_exit")
    assert.equal(3, server:count "hook_error")
  end)
end)
