local socket = require "socket"
local lunette = require "spec.support.lunette"
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 105, "The next hop is ourselves, or leads back to us",
  answer = "554 5.4.6: at once if it is ourselves, by `limits.received` if another is " ..
    "between; 4xx where recipients go round", over = "process" }

local config = [[ relay = { "smtp://127.0.0.1:%d", pool = { idle = 0.2 } }; listen = "127.0.0.1:%d";
  check_recipients = "%s"; workers = { count = 2, sessions = 100 }; hooks = { "yes" };
  limits = { received = 5, per_client = 30 };
  timeouts = { relay_command = 5, relay_data = 5, after_data = 8 }; ]]

local function free_port()
  local s = assert(socket.bind("127.0.0.1", 0))
  local port = select(2, s:getsockname())
  s:close()
  return port
end

local function at_rest(server)
  wait.for_("the sessions to end", function() return server:status().sessions == 0 end, 20)
end

for _, mode in ipairs { "relay", "hooks" } do
  describe(("check_recipients = %q"):format(mode), function()
    after_each(lunette.clean)

    it("ourselves", function()
      local port = free_port()
      local server = lunette.start { config = config:format(port, port, mode) }
      local c = server:dial()
      c:hello()
      local r = c:mail { seconds = 20 }
      assert.equal("554 5.4.6", r.code .. " " .. r.enhanced, r.text)
      c:cmd("QUIT", 221)
      at_rest(server)
      server:stop()
    end)

    it("another that leads back", function()
      local a, b = free_port(), free_port()
      local first = lunette.start { config = config:format(b, a, mode) }
      local second = lunette.start { config = config:format(a, b, mode) ..
        [[ hostname = "other.test" ]] }
      local c = first:dial()
      c:hello()
      local r = c:mail { seconds = 20 }
      if mode == "hooks" then
        assert.equal("554 5.4.6", r.code .. " " .. r.enhanced, r.text)
      else
        assert.equal(4, math.floor(r.code / 100), r.text)
      end
      c:cmd("QUIT", 221)
      at_rest(first)
      at_rest(second)
      first:stop()
      second:stop()
    end)
  end)
end
