-- wait: every wait of a spec has a deadline and a name.
--
-- LUNETTE_SLOW=N multiplies the deadlines, for a run under valgrind.
local socket = require "socket"
local clock = require "posix.time"

local wait = { seconds = 10 * (tonumber(os.getenv "LUNETTE_SLOW") or 1) }

function wait.now()
  local t = clock.clock_gettime(clock.CLOCK_MONOTONIC)
  return t.tv_sec + t.tv_nsec / 1e9
end

function wait.deadline(seconds)
  return wait.now() + (seconds and seconds * wait.seconds / 10 or wait.seconds)
end

-- Until fn returns something true; that is returned.
function wait.for_(what, fn, seconds)
  local deadline = wait.deadline(seconds)
  while true do
    local got = fn()
    if got then
      return got
    end
    if wait.now() > deadline then
      error("timed out waiting for " .. (type(what) == "function" and what() or what), 2)
    end
    socket.select(nil, nil, 0.004)
  end
end

return wait
