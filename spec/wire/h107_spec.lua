local name_server = require "spec.support.name_server"
local process = require "spec.support.process"
local row = require "spec.support.row"

row { 107,
  "DNS: silence, SERVFAIL, truncation, thousands of records, a CNAME that leads to itself, " ..
    "odd octets in names, TXT of 64 kB, answers to something else, malformed packets",
  answer = "An error where it could not be found out, told from none; at most 100 records, " ..
    "and no name with octets that do not belong there", over = "clear" }

local name, text = name_server.name, name_server.text
local ask = [[
local dns, verdict = require "lunette.dns", require "lunette.verdict"
return { timeout = 5, vrfy = function(session, args)
  local kind, what = args:match "^(%S+) (%S+)$"
  local got, err = dns[kind](what)
  if not got then
    return verdict.reject("5.1.1", "error %s %s", err.kind or "-", tostring(err.temporary))
  end
  local list, size = {}, 0
  for i, x in ipairs(got) do
    list[i] = type(x) == "table" and x.host or x
    size = size + #list[i]
  end
  session:log("info", "got %s", table.concat(list, ","):sub(1, 300))
  return verdict.reject("5.1.1", "%d records %d octets %s", #got, size, (list[1] or "none"):sub(1, 60))
end } ]]

local function many(n)
  local list = {}
  for i = 1, n do
    list[i] = { "A", string.char(10, 0, math.floor(i / 256), i % 256) }
  end
  return list
end

local self_name = "\192\12"

-- Question, what the server does, and what the hook is told.
local cases = {
  { "a good.test", function(q) return q:answer { { "A", "\192\0\2\1" } } end,
  "1 records 9 octets 192%.0%.2%.1" },
  { "a silent.test", function() return nil end, "error timeout true" },
  { "a servfail.test", function(q) return q:answer({}, { rcode = 2 }) end, "error %S+ true" },
  { "a refused.test", function(q) return q:answer({}, { rcode = 5 }) end, "error %S+ true" },
  { "a nxdomain.test", function(q) return q:answer({}, { rcode = 3 }) end, "0 records" },
  { "a empty.test", function(q) return q:answer {} end, "0 records" },
  { "txt whole.test", function(q)
    return q.tcp and q:answer { { "TXT", text(("x"):rep(3000)) } } or q:answer({}, { tc = true })
  end, "1 records 3000 octets" },
  { "txt cut.test", function(q)
    return not q.tcp and q:answer({ { "TXT", text "half" } }, { tc = true }) or nil
  end, "error %S+ true" },
  { "a many.test", function(q) return q.tcp and q:answer(many(3000)) or q:answer({}, { tc = true }) end,
    "100 records" },
  { "txt big.test", function(q)
    return q.tcp and q:answer { { "TXT", text(("y"):rep(65000)) } } or q:answer({}, { tc = true })
  end, "%d+ records %d+ octets" },
  { "a loop.test", function(q) return q:answer { { "CNAME", self_name } } end, "[0e]%S* %S+" },
  { "a ring.test", function(q)
    return q:answer {
      { "CNAME", name("b", "test") }, { "CNAME", self_name, owner = name("b", "test") },
    }
  end, "[0e]%S* %S+" },
  { "mx dots.test", function(q) return q:answer { { "MX", "\0\10" .. name("a.b", "test") } } end,
  "%d records" },
  { "mx nul.test", function(q) return q:answer { { "MX", "\0\10" .. name("a\0b", "test") } } end,
  "0 records" },
  { "mx blank.test", function(q) return q:answer { { "MX", "\0\10" .. name("a b", "test") } } end,
  "%d records" },
  { "mx lines.test", function(q)
    return q:answer { { "MX", "\0\10" .. name("a\r\n250 ok", "test") } }
  end, "%d records" },
  { "ptr 192.0.2.1", function(q) return q:answer { { "PTR", name('a"b', "test") } } end, "%d records" },
  { "ptr 192.0.2.2", function(q) return q:answer { { "PTR", name("\255\254", "test") } } end,
  "%d records" },
  { "mx root.test", function(q) return q:answer { { "MX", "\0\0\0" } } end, "1 records 0 octets" },
  { "txt octets.test", function(q) return q:answer { { "TXT", text "a\0b\r\nc\255" } } end,
  "1 records" },
  { "a other.test", function(q) return q:answer { { "A", "\192\0\2\1", owner = name("x", "test") } } end,
    "[01e]%S* %S+" },
  { "a wrongid.test", function(q) return q:answer({ { "A", "\192\0\2\1" } },
  { id = "zz" }) end, "error timeout" },
  { "a wrongname.test", function(q)
    return q:answer({ { "A", "\192\0\2\1" } }, { question = name("evil", "test") .. "\0\1\0\1" })
  end, "error timeout" },
  { "a wrongtype.test", function(q) return q:answer { { "TXT", text "x" } } end, "[0e]%S* %S+" },
  { "a shortip.test", function(q) return q:answer { { "A", "\192\0\2" } } end, "[0e]%S* %S+" },
  { "a overrun.test", function(q) return q:answer { { "A", "\192\0\2\1", len = 60000 } } end,
  "[0e]%S* %S+" },
  { "a lies.test", function(q) return q:answer({ { "A", "\192\0\2\1" } },
  { count = 60000 }) end, "[01e]%S* %S+" },
  { "mx pointer.test", function(q) return q:answer { { "MX", "\0\10\192\255" } } end, "[0e]%S* %S+" },
  { "mx self.test", function(q)
    local at = 12 + #q.question + 12 + 2
    return q:answer { { "MX", "\0\10\192" .. string.char(at) } }
  end, "[0e]%S* %S+" },
  { "txt badlen.test", function(q) return q:answer { { "TXT", "\200abc" } } end, "[0e]%S* %S+" },
  { "a tiny.test", function() return "x" end, "error timeout" },
  { "a header.test", function(q) return q.id .. "\132\0\0\1\0\1\0\0\0\0" end, "error %S+" },
}

describe("a hook that asks", function()
  local ns
  local at = row.serve { start = false, hooks = { ask = ask } }

  setup(function()
    local of = {}
    for _, case in ipairs(cases) do
      local kind, what = case[1]:match "^(%S+) (%S+)$"
      of[kind == "ptr" and what:match "%d+$" .. ".2.0.192.in-addr.arpa" or what] = case[2]
    end
    ns = name_server.start(function(q)
      local f = of[q.name]
      return f and f(q) or nil
    end)
    at:start(([[ hooks = { "ask", "yes" }; dns = { servers = { "%s" }, timeout = 0.3, tries = 1 } ]])
      :format(ns.address))
  end)
  teardown(name_server.clean)

  for _, case in ipairs(cases) do
    it(case[1] .. " is told: " .. case[3], function()
      local c = at:dial "clear"
      c:cmd("VRFY " .. case[1], "550 5%.1%.1 " .. case[3])
      assert.equal(250, c:mail {}.code)
      c:close()
      local got = at.server:read(c.from):match 'got ([^\n"]*)'
      assert.falsy(got and not case[1]:find "^txt" and got:find "[%s%c\"\\\127-\255]")
    end)
  end

  it("costs no memory", function()
    local function memory()
      local status = process.read(("/proc/%d/status"):format(at.server:workers()[1]))
      return tonumber(status:match "VmRSS:%s*(%d+)")
    end
    local c = at:dial "clear"
    for _ = 1, 20 do
      c:cmd("VRFY a many.test", 550)
    end
    local before = memory()
    for _ = 1, 100 do
      c:cmd("VRFY a many.test", 550)
    end
    assert.truthy(row.sanitized or memory() < before + 4096, before .. " " .. memory())
  end)
end)
