local process = require "spec.support.process"
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 109, "No file descriptors are left",
  answer = "New connections wait in the queue, or are 421 4.3.2 where the limit was known at " ..
    "the start; one line for many failures; whoever is in gets on, also to the next hop",
    over = "process" }

-- The number that the next one would have: with that for a limit there is none.
local function next_descriptor(pid)
  local used, n = {}, 0
  for _, name in ipairs(process.list(("/proc/%d/fd"):format(pid))) do
    used[tonumber(name)] = true
  end
  while used[n] do
    n = n + 1
  end
  return n
end

describe("all of a sudden", function()
  local at = row.serve { hop = {} }

  it("others wait until there are some again", function()
    local early = at:dial "clear"
    assert.equal(250, early:mail {}.code)  -- the connection to the next hop is there
    local pid = at.server:workers()[1]
    process.limit(pid, "nofile", next_descriptor(pid))
    local from, list = at.server:here(), {}
    for i = 1, 20 do
      list[i] = at.server:dial()
    end
    for _ = 1, 3 do
      assert.equal(250, early:mail {}.code)
    end
    for _, c in ipairs(list) do
      assert.truthy(c:is_quiet())
    end
    process.limit(pid, "nofile", 1000)
    for _, c in ipairs(list) do
      c:expect(220)
    end
    at.server:wait_for("accept_error", nil, from)
    assert.truthy(at.server:count("accept_error", nil, from) <= 3)
  end)

  it("a next hop that cannot be reached for want of one is tried again later", function()
    local c = at:dial "clear"
    local pid = at.server:workers()[1]
    at.hop:stop()
    process.limit(pid, "nofile", next_descriptor(pid))
    local r = c:mail {}
    assert.equal(4, math.floor(r.code / 100))
    process.limit(pid, "nofile", 1000)
    c:cmd("RSET", 250)
    c:cmd("NOOP", 250)
  end)
end)

describe("from the start", function()
  local at = row.serve {
    hop = {}, under = { "prlimit", "--nofile=64:64" },
    config = [[ workers = { count = 1, sessions = 1000 } ]],
  }

  it("so many sessions are admitted that each can reach the next hop", function()
    local inside = {}
    for _ = 1, 60 do
      local c = at.server:dial()
      local r = c:reply()
      if not r or r.code ~= 220 then
        assert.equal("421 4.3.2", r.code .. " " .. r.enhanced)
        break
      end
      inside[#inside + 1] = c
    end
    assert.truthy(#inside > 2 and #inside < 60, #inside)
    for _, c in ipairs(inside) do
      c:cmd("EHLO client.test", 250)
      c:cmd("MAIL FROM:<a@b.test>", 250)
      c:cmd("RCPT TO:<b@x.test>", 250)
    end
    for _, c in ipairs(inside) do
      c:cmd("DATA", 354)
      c:send "Subject: x\r\n\r\nx\r\n.\r\n"
      c:expect(250)
      c:cmd("QUIT", 221)
      c:close()
    end
    wait.for_("room", function()
      local c = at.server:dial()
      local r = c:reply()
      c:close()
      return r.code == 220
    end)
    assert.equal(0, at.server:count "accept_error")
  end)
end)
