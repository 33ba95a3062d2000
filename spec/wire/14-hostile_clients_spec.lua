-- Clients that mean no good: they cost little and hurt nobody else.
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local base = [[ relay = "discard:"; hooks = { "yes" }; workers = { count = 1 }; ]]
local sanitized = lunette.program:match "build%-san"

local function memory(server)
  local status = process.read(("/proc/%d/status"):format(server:workers()[1]))
  return tonumber(status:match "VmRSS:%s*(%d+)")
end

local function serves(server)
  local c = server:dial()
  c:hello()
  assert.equal(250, c:mail {}.code)
  c:cmd("QUIT", 221)
  c:close()
end

-- Send all of it, or as much as the server takes before it stops reading or
-- closes.
local function push(c, text)
  c.sock:settimeout(0.5)
  local sent, _, last = c.sock:send(text)
  return sent or last
end

describe("a client that", function()
  after_each(lunette.clean)

  it("sends more than it may is heard to the end, and told so", function()
    local server = lunette.start { config = base .. [[ limits = { message_size = "100K" } ]] }
    local c = server:dial()
    c:hello()
    c:cmd("MAIL FROM:<>", 250)
    c:cmd("RCPT TO:<a@x.test>", 250)
    c:cmd("DATA", 354)
    local before = memory(server)
    c:send("Subject: x\r\n\r\n" .. ("some line\r\n"):rep(1000000) .. ".\r\n")
    c:expect "552 5%.3%.4"
    assert.truthy(sanitized or memory(server) < before + 2048)
    assert.equal(250, c:mail {}.code)
    server:stop()
  end)

  it("comes and goes leaves nothing", function()
    local server = lunette.start { config = base }
    for i = 1, 200 do
      local c = server:dial()
      if i % 3 == 0 then
        c:expect(220)
      elseif i % 3 == 1 then
        c:send "EHLO a.test\r\nMAIL FROM:<>\r\nRCPT TO:<a@x.test>\r\nDATA\r\n"
      end
      c:reset()
    end
    wait.for_("the sessions to end", function() return server:status().sessions == 0 end)
    serves(server)
    assert.equal(0, server:count "worker_exit")
    server:stop()
  end)

  it("sends nothing but junk is shown the door", function()
    local server = lunette.start { config = base }
    local seed = 7
    for _ = 1, 30 do
      local bytes = {}
      for i = 1, 3000 do
        seed = (seed * 1103515245 + 12345) % 2147483648
        bytes[i] = string.char(math.floor(seed / 65536) % 256)
      end
      local c = server:dial()
      push(c, table.concat(bytes))
      c:finish()
      while c:reply() do end
      c:close()
    end
    serves(server)
    assert.equal(0, server:count "worker_exit")
    server:stop()
  end)
end)
