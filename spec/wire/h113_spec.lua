local signal = require "posix.signal"
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 113, "A worker crashes with sessions open",
  answer = "Their clients see the end without a 250 and come again; the next hop gets no end " ..
    "of data", over = "process" }

local at = row.serve {
  start = false, hop = { body = "stall" }, crashes = true, limits = [[memory_message = "1M"]],
}

-- A worker that keeps dying is replaced more and more slowly.
before_each(function() at:start() end)
after_each(function()
  at.server:stop "KILL"
  at.hop:stop()
end)

local function crash(sig)
  local pid, from = at.server:workers()[1], at.server:here()
  signal.kill(pid, sig)
  at.server:wait_for("worker_exit", { pid = pid }, from)
  wait.for_("a worker", function() return at.server:workers()[1] end)
end

for name, prepare in pairs {
  ["idle"] = function() end,
  ["in a transaction"] = function(c)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
  end,
  ["in the content"] = function(c)
    c:begin()
    c:send "Subject: x\r\n\r\nhalf"
  end,
  ["in the hand-over"] = function(c)
    c:begin()
    c:send("Subject: x\r\n\r\n" .. ("a line of it\r\n"):rep(400000) .. ".\r\n")
    at.hop:wait_line "^DATA"
  end,
} do
  for _, sig in ipairs { "SIGKILL", "SIGSEGV" } do
    for _, way in ipairs { "clear", "implicit" } do
      if not (row.sanitized and sig == "SIGSEGV") then
        it(("%s, %s, %s"):format(name, sig, way), function()
          local c = at:dial(way)
          prepare(c)
          crash(signal[sig])
          assert.equal("", c:rest())
          assert.equal(0, #at.hop:messages())
          for i = 1, at.hop:connections() do
            assert.is_nil(at.hop:octets(i):find("\r\n.\r\n", 1, true))
          end
          c:close()
          at:dial(way):cmd("NOOP", 250)
        end)
      end
    end
  end
end
