local row = require "spec.support.row"

row { 114, "SIGHUP, and hook or configuration are broken",
  answer = "The old generation stays; the log says file, line and why; `lunette ctl reload` " ..
    "exits with 1", over = "process" }

local good = [[ relay = "maildir:mail"; hooks = { "policy" }; workers = { count = 1 } ]]

local function policy(n)
  return ([[
local verdict = require "lunette.verdict"
return {
  rcpt = function() return verdict.accept() end,
  vrfy = function() return verdict.reject("5.1.1", "policy %s") end,
} ]]):format(n)
end

local at = row.serve { crashes = true, hooks = { policy = policy "one" },
  config = [[ hooks = { "policy" } ]] }

for name, case in pairs {
  ["a hook that does not parse"] = { "policy.lua:2", hook = "return {\n  end end }" },
  ["a hook that raises"] = { "policy.lua:1", hook = "error 'no'" },
  ["a hook with an unknown stage"] = { "recpt", hook = "return { recpt = function() end }" },
  ["a hook whose start fails"] = { "policy.lua:1",
    hook = "return { start = function() error 'no' end }" },
  ["a configuration that does not parse"] = { "lunette.lua:1", config = [[ relay = = ]] },
  ["an unknown key"] = { "lunette.lua:2", config = "\nrelais = 'discard:'" },
  ["a wrong type"] = { "lunette.lua:2", config = "\nworkers = 'many' relay = 'discard:'" },
  ["nothing at all"] = { "relay", config = " " },
  ["a file that is gone"] = { "lunette.lua", gone = true },
} do
  it(name .. " changes nothing", function()
    local old = at:dial "clear"
    if case.hook then
      at.server:hook("policy", case.hook)
    end
    if case.gone then
      os.remove(at.server:path "lunette.lua")
    else
      at.server:config(case.config or good)
    end
    local line = at.server:reload()
    assert.equal("reload_failed", line.event)
    assert.matches(case[1], line.error)
    local got = at.server:ctl("reload", "-o", "control=" .. at.server:path "control")
    if not case.config and not case.gone then  -- ctl reads the configuration, too
      assert.equal(1, got.code)
      assert.matches("^lunette: [^\n]*" .. case[1] .. "[^\n]*\n$", got.err)
    else
      assert.truthy(got.code == 1 or got.code == 78, got.code)
    end
    for _, c in ipairs { old, at:dial "clear", at:dial "clear" } do
      c:cmd("VRFY x", "550 5%.1%.1 policy one")
      assert.equal(250, c:mail {}.code)
      c:close()
    end
    at.server:hook("policy", policy "one")
  end)
end

it("a good one is taken then", function()
  at.server:hook("policy", policy "two")
  at.server:config(good)
  assert.equal("reload_done", at.server:reload().event)
  at:dial("clear"):cmd("VRFY x", "550 5%.1%.1 policy two")
end)
