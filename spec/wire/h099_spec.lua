local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local row = require "spec.support.row"
local sink = require "spec.support.sink"

row { 99,
  "The next hop cannot be reached, or fails at any stage: banner, EHLO, MAIL, RCPT, DATA, " ..
    "content, the final dot",
  answer = "451 4.4.1, 451 4.4.2, or what it said itself; never 250, never a 5xx of our own; " ..
    "the connection is not used again", over = "clear" }

local route = [[
local verdict = require "lunette.verdict"
return { rcpt = function(session, rcpt)
  rcpt.relay = "smtp://127.0.0.1:" .. rcpt.user
  return verdict.accept()
end }
]]

local config = [[
relay = "discard:"; hooks = { "route" }; check_recipients = "%s"; workers = { count = 1 }
timeouts = { relay_connect = 0.5, relay_command = 0.5, relay_data = 0.5 }
limits = { per_client = 0, errors = 0, soft_errors = 0 }
]]

local lost = "451 4%.4%.[12]"

-- Fault, then what the client is told when it strikes at each stage; the same
-- for all stages if it is one text.
local faults = {
  ["4xx"] = {
    action = "450 4.2.0 not now",
    connect = false, banner = "4%d%d 4%.", EHLO = "4%d%d 4%.", MAIL = "450 4%.2%.0 not now",
    RCPT = "450 4%.2%.0 not now", DATA = "450 4%.2%.0", body = "450 4%.2%.0", dot = "450 4%.2%.0",
  },
  ["5xx"] = {
    action = "554 5.7.0 never",
    connect = false, banner = "4%d%d 4%.", EHLO = "4%d%d 4%.", MAIL = "554 5%.7%.0 never",
    RCPT = "554 5%.7%.0 never", DATA = "554 5%.7%.0", body = "554 5%.7%.0", dot = "554 5%.7%.0",
  },
  ["421 and close"] = {
    action = { "421 4.3.2 going", "close" },
    connect = false, banner = "4%d%d 4%.", EHLO = "4%d%d 4%.", MAIL = "4[25]1 4%.", RCPT = "4[25]1 4%.",
    DATA = "4[25]1 4%.", body = "4[25]1 4%.", dot = "4[25]1 4%.",
  },
  ["close"] = { action = "close", all = lost },
  ["reset"] = { action = "reset", all = lost },
  ["stall"] = { action = "stall", all = lost },
  ["malformed reply"] = { action = { raw = "hello there\r\n" }, connect = false, all = lost },
  ["mixed codes"] = { action = { raw = "250-a\r\n550 b\r\n" }, connect = false, all = lost },
  ["no such code"] = { action = { raw = "999 what\r\n" }, connect = false, all = lost },
  ["a line without end"] = { action = { raw = "250 " .. ("x"):rep(5000) }, connect = false, all = lost },
  ["endless reply"] = { action = "endless", connect = false, all = lost },
  ["3xx"] = { action = "354 what", connect = false, DATA = false, body = false, all = lost },
  ["2xx"] = { action = "250 2.0.0 ok", only = "DATA", all = "451 4%.4%.2" },
  ["refuse"] = { action = "refuse", only = "connect", all = "451 4%.4%.1" },
}

local stages = { "connect", "banner", "EHLO", "MAIL", "RCPT", "DATA", "body", "dot" }

local function script(stage, action)
  local s = { [stage] = action }
  if stage == "EHLO" then
    s.HELO = action
  end
  return s
end

for _, mode in ipairs { "relay", "hooks" } do
  describe(("a next hop (check_recipients = %q)"):format(mode), function()
    local server, c

    setup(function()
      server = lunette.start { config = config:format(mode), hooks = { route = route } }
      c = server:dial()
      c:hello()
    end)
    teardown(lunette.clean)
    after_each(sink.clean)

    for name, fault in pairs(faults) do
      for _, stage in ipairs(stages) do
        local want = fault[stage]
        if want == nil and (not fault.only or fault.only == stage) then
          want = fault.all
        end
        if want then
          it(("gives a fault at %s: %s"):format(stage, name), function()
            local hop = sink.start(script(stage, fault.action))
            local lines = stage == "body" and 20000 or 5
            local content = "Subject: x\r\n\r\n" .. ("a line of it\r\n"):rep(lines)
            local r = c:mail { to = hop.port .. "@x.test", data = content }
            local said = ("%d %s"):format(r.code, r.text)
            assert.truthy(said:match("^" .. want), said)
            -- What it says in the midst of the body may be heard only when the
            -- end has gone out: a duplicate then, no loss.
            if stage ~= "body" and hop.task then
              assert.equal(0, #hop:accepted())
            end
            c:cmd("RSET", 250)
            hop:stop()
          end)
        end
      end
    end

    it("works on, after all this", function()
      local hop = sink.start {}
      assert.equal(250, c:mail { to = hop.port .. "@x.test" }.code)
      assert.equal(1, #hop:accepted())
      assert.equal(0, server:count "worker_exit")
    end)

    it("has logged each fault with the id and the client of the session", function()
      local id = server:log("connect")[1].id
      assert.is_true(server:count "relay_error" > 0)
      for _, line in ipairs(server:log "relay_error") do
        assert.equal(id, line.id)
        assert.matches("^127%.0%.0%.1:%d+$", line.client)
      end
    end)
  end)
end

-- The first connection breaks at that stage, the second is a new one.
describe("a connection that broke", function()
  local at = row.serve {
    config = [[ timeouts = { relay_connect = 0.5, relay_command = 0.5, relay_data = 0.5 } ]],
      start = false,
    hop = {},
  }
  setup(function()
    for _, name in ipairs { "MAIL", "RCPT", "DATA", "dot" } do
      at.o.hop[name] = function()
        local wanted, what = (process.read(at.dir .. "/order") or ""):match "^(%w+) (%w+)$"
        if wanted == name then
          os.remove(at.dir .. "/order")
          return ({ close = "close", stall = "stall", junk = { raw = "what?\r\n" } })[what]
        end
      end
    end
    at:start()
  end)

  for _, name in ipairs { "MAIL", "RCPT", "DATA", "dot" } do
    for _, what in ipairs { "close", "stall", "junk" } do
      row.case(("at %s (%s) is not used again"):format(name, what), function(c)
        assert.equal(250, c:mail {}.code)  -- the one that is idle is good
        local connections = at.hop:connections()
        process.write(at.dir .. "/order", name .. " " .. what)
        local r = c:mail {}
        assert.truthy(r.code == 451 or r.code == 250)
        c:cmd("RSET", 250)
        assert.equal(250, c:mail {}.code)
        assert.truthy(at.hop:connections() > connections)
      end, { whole = true })
    end
  end
end)
