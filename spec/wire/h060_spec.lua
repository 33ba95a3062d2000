local row = require "spec.support.row"
local sink = require "spec.support.sink"
local wait = require "spec.support.wait"

row { 60, "REQUIRETLS in the clear, or for a next hop that has it not, or whose certificate " ..
    "is not looked at",
  answer = "530 5.7.4 in the clear; not offered, and 550 5.7.30, where the next hop cannot; " ..
    "such a message never goes on without" }

local has = { "PIPELINING", "8BITMIME", "DSN", "REQUIRETLS" }

-- A client, and the EHLO it got, once that keyword is in it.
local function dial_for(at, way, word)
  return wait.for_(word .. " in our EHLO", function()
    local c = at:dial(way)
    local text = c:cmd("EHLO client.test", 250).text
    if text:find(word, 1, true) then
      return { c = c, text = text }
    end
    c:close()
  end)
end

local function refused(c, at, how)
  local before = #at.hop:messages()
  local want = how.way == "clear" and "530 5%.7%.4" or "550 5%.7%.30"
  c:cmd("MAIL FROM:<a@b.test> REQUIRETLS", want)
  c:cmd("MAIL FROM:<a@b.test> REQUIRETLS=yes", "5%d%d 5%.")
  c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
  assert.equal(before, #at.hop:messages())
end

describe("where the next hop has it not", function()
  row.serve { hop = {} }

  row.case("is refused", function(c, at, how)
    assert.equal(250, c:mail {}.code)
    assert.is_nil(c:cmd("EHLO client.test", 250).text:find "REQUIRETLS")
    refused(c, at, how)
  end)
end)

for name, o in pairs {
  ["speaks in the clear"] = {}, ["is encrypted and not verified"] = { tls = "required" },
} do
  describe("where the next hop has it, and " .. name, function()
    local at = row.serve { hop = { ehlo = has, probes = true }, tls = o.tls, start = false }
    setup(function()
      at.o.hop.tls = o.tls and at.pair
      at:start()
    end)

    row.case("is not offered, and refused", function(_, _, how)
      local got = dial_for(at, how.way, "DSN")
      assert.is_nil(got.text:find "REQUIRETLS")
      refused(got.c, at, how)
    end, { whole = true })
  end)
end

describe("a message that needs it", function()
  local at = row.serve { hop = { ehlo = has }, start = false }
  setup(function()
    at.o.hop.tls = at.pair
    at.o.tls, at.o.fingerprint = "verify", at.pair.fingerprint
    at:start()
  end)

  -- The next hop is another one by now.
  row.case("does not go to a next hop that has it no more", function(_, _, how)
    local c = dial_for(at, how.way, "REQUIRETLS").c
    local port = at.hop.port
    at.hop:stop()
    at.hop = sink.start { port = port, tls = at.pair, ehlo = { "PIPELINING", "8BITMIME" } }
    c:cmd("MAIL FROM:<a@b.test> REQUIRETLS", 250)
    c:cmd("RCPT TO:<b@x.test>", "550 5%.7%.30")
    c:cmd("DATA", "554 5%.5%.1")
    assert.equal(0, #at.hop:messages())
    c:close()
    at.hop:stop()
    at.hop = sink.start { port = port, tls = at.pair, ehlo = has }
  end, { over = "starttls", whole = true })
end)
