local socket = require "socket"
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 105, "The next hop is ourselves, or leads back to us",
  answer = "554 5.4.6 by the count of Received at the latest, or 4xx; it ends, and the " ..
    "daemon goes on", over = "clear" }

for _, mode in ipairs { "relay", "hooks" } do
  describe(("check_recipients = %q"):format(mode), function()
    local at = row.serve { start = false, limits = "received = 5", hop = nil }
    setup(function()
      local s = assert(socket.bind("127.0.0.1", 0))
      local port = select(2, s:getsockname())
      s:close()
      at:start(([[ relay = { "smtp://127.0.0.1:%d",
        pool = { idle = 0.2 } }; listen = "127.0.0.1:%d"; check_recipients = "%s";
        workers = { count = 2, sessions = 100 }; limits = { received = 5, per_client = 30 };
        timeouts = { relay_command = 5, relay_data = 5, after_data = 8 } ]]):format(port, port, mode))
    end)

    it("comes to an end", function()
      local c = at:dial "clear"
      local r = c:mail { seconds = 20 }
      assert.truthy(r.code == 554 and r.enhanced == "5.4.6" or r.code >= 400 and r.code < 500,
        r.code .. r.text)
      c:cmd("QUIT", 221)
      wait.for_("the sessions to end", function() return at.server:status().sessions == 0 end, 20)
    end)
  end)
end
