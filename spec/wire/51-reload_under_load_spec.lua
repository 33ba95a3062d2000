-- Reloads while clients send without pause: nobody is refused, dropped, or
-- sees two policies in one session, and no message is lost or doubled.
local load = require "spec.support.load"
local lunette = require "spec.support.lunette"

local soak = os.getenv "SOAK" == "1"
local rounds = soak and 100 or 12
local clients = soak and 50 or 6

local function policy(n)
  return ([[
local verdict = require "lunette.verdict"
return {
  rcpt = function() return verdict.accept() end,
  vrfy = function() return verdict.reject("5.1.1", "policy %d") end,
} ]]):format(n)
end

local function check(c, told)
  local n = c:cmd("VRFY x", 550).text:match "policy (%d+)"
  c.policy = c.policy or n
  if c.policy ~= n then
    error(("policy %s became %s"):format(c.policy, n))
  end
  told.seen["policy " .. n] = (told.seen["policy " .. n] or 0) + 1
end

describe("reloads under load", function()
  after_each(lunette.clean)

  it("are not noticed", function()
    local server = lunette.start {
      config = [[ relay = "maildir:mail"; hooks = { "policy" }; workers = { count = 2 };
        limits = { per_client = 0 } ]],
      hooks = { policy = policy(0) },
    }
    local tasks = load.start(clients, server.port, { check = check })
    for n = 1, rounds do
      server:hook("policy", policy(n))
      assert.equal("reload_done", server:reload(30).event)
      local c = server:dial()
      c:hello()
      c:cmd("VRFY x", "550 .*policy " .. n)
      c:cmd("QUIT", 221)
      c:close()
      if n % 4 == 0 then
        server:hook("policy", "return { start = function() error 'no' end }")
        assert.equal("reload_failed", server:reload(30).event)
      end
    end
    local told = load.stop(tasks)
    assert.same({}, told.failed)
    assert.same({}, told.broken)
    assert.same({}, told.refused)
    assert.same({}, told.lost)
    assert.truthy(#told.accepted > 0)
    local seen = 0
    for _ in pairs(told.seen) do
      seen = seen + 1
    end
    assert.truthy(seen > 2, seen .. " policies seen")
    local count = load.numbers(server:mails())
    for _, number in ipairs(told.accepted) do
      assert.equal(1, count[number], number)
    end
    assert.equal(#told.accepted, #server:mails())
    assert.equal(0, server:count "hook_error")
    server:stop()
  end)
end)
