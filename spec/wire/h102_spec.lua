local row = require "spec.support.row"

row { 102,
  "Replies of the next hop that are none: too long, empty, mixed codes, a thousand lines, " ..
    "8-bit, NUL, a code out of range, one of another class",
  answer = "What can be read is passed on as printable lines of at most 512 octets; the rest " ..
    "is 451 4.4.2 and the end of that connection" }

-- Reply, and what becomes of it at RCPT: a pattern.
local replies = {
  { "250 2.1.5 " .. ("x"):rep(600) .. "\r\n", "250 2%.1%.5" },
  { "250\r\n", "250 " }, { "250 \r\n", "250 " }, { "250-\r\n250 \r\n", "250 " },
  { "550\r\n", "550 5%." }, { "550 \r\n", "550 5%." },
  { "550 5.1.1 caf\195\169\r\n", "550 5%.1%.1 caf" }, { "550 5.1.1 a\0b\r\n", "[45]5[01] [45]%." },
  { "550 5.1.1 a\tb\27[2J\r\n", "550 5%.1%.1 a" }, { "550 5.1.1 a\r250 b\r\n", "[45]5[01] [45]%." },
  { "550-5.1.1 " .. ("x"):rep(1000) .. "\r\n550 5.1.1 y\r\n", "550 5%.1%.1" },
  { "250-a\r\n550 b\r\n", "451 4%.4%." }, { "550-a\r\n250 b\r\n", "451 4%.4%." },
  { "250-a\r\nand b\r\n", "451 4%.4%." }, { "000 x\r\n", "451 4%.4%." }, { "99 x\r\n", "451 4%.4%." },
  { "2500 x\r\n", "451 4%.4%." }, { "25 x\r\n", "451 4%.4%." }, { "abc\r\n", "451 4%.4%." },
  { "\r\n", "451 4%.4%." }, { " 250 x\r\n", "451 4%.4%." }, { "250x\r\n", "451 4%.4%." },
  { "-250 x\r\n", "451 4%.4%." }, { "+250 x\r\n", "451 4%.4%." }, { "2e2 x\r\n", "451 4%.4%." },
  { "999 x\r\n", "451 4%.4%." }, { "600 x\r\n", "451 4%.4%." }, { "100 x\r\n", "451 4%.4%." },
  { ("250-x\r\n"):rep(1000) .. "250 x\r\n", "451 4%.4%." },
  { "250 " .. ("x"):rep(5000) .. "\r\n", "451 4%.4%." },
  { ("250-" .. ("x"):rep(1500) .. "\r\n"):rep(90) .. "250 x\r\n", "451 4%.4%." },
  { "354 go\r\n", "4%d%d 4%." }, { "334 \r\n", "4%d%d 4%." }, { "220 again\r\n", "[24]%d%d [24]%." },
  { "421 4.3.2 going\r\n", "4[25]1 4%." }, { "\255\254\253\r\n", "451 4%.4%." },
  { "HTTP/1.1 200 OK\r\n", "451 4%.4%." },
}

for _, stage in ipairs { "RCPT", "dot" } do
  describe("at " .. stage, function()
    local at = row.serve {
      hop = { [stage] = function(c, line)
        local n = tonumber((stage == "dot" and c.from or line):match "case(%d+)")
        local text = n and replies[n][1]
        return n and { raw = text, code = tonumber(text:match "^%d%d%d") } or nil
      end },
      config = [[ timeouts = { relay_command = 1, relay_data = 1 } ]],
    }
    for n, case in ipairs(replies) do
      row.case(("%q"):format(case[1]:sub(1, 24)), function(c)
        local before = #at.hop:messages()
        local r
        if stage == "dot" then
          r = c:mail { from = ("case%d@b.test"):format(n) }
        else
          c:cmd("MAIL FROM:<a@b.test>", 250)
          r = c:line(("RCPT TO:<case%d@x.test>"):format(n)):reply()
        end
        local said = ("%d %s"):format(r.code, r.text)
        assert.truthy(said:match("^" .. case[2]), said)
        assert.is_nil(said:find "[%z\1-\9\11-\31\127-\255]")
        if r.code >= 300 and stage == "RCPT" then
          c:cmd("DATA", "554 5%.5%.1")
          assert.equal(before, #at.hop:messages())
        end
        c:cmd("RSET", 250)
        assert.equal(250, c:mail {}.code)
      end, { whole = true })
    end
  end)
end

-- A reply that says yes, but to another question.  The address names it.
local function told(stage, address)
  local code = (address or ""):match(stage .. "(%d+)@")
  return code and code .. " ok"
end

describe("of another class", function()
  local at = row.serve {
    hop = {
      MAIL = function(_, line) return told("MAIL", line) end,
      RCPT = function(_, line) return told("RCPT", line) end,
      DATA = function(c) return told("DATA", c.from) end,
      dot = function(c) return told("dot", c.from) end,
    },
  }
  for stage, codes in pairs { MAIL = { 334, 354 }, RCPT = { 334, 354 },
    DATA = { 200, 250, 251, 334 }, dot = { 334, 354 } } do
    for _, code in ipairs(codes) do
      row.case(("at %s (%d) is no answer"):format(stage, code), function(c)
        local before, connections = #at.hop:accepted(), at.hop:connections()
        local r = c:mail { from = ("%s%d@b.test"):format(stage, code),
          to = ("%s%d@x.test"):format(stage, code) }
        local said = ("%d %s"):format(r.code, r.text)
        assert.truthy(said:match "^451 4%.4%.2", said)
        assert.equal(before, #at.hop:accepted())
        c:cmd("RSET", 250)
        assert.equal(250, c:mail {}.code)
        assert.equal(before + 1, #at.hop:accepted())
        assert.truthy(at.hop:connections() > connections)
      end, { whole = true })
    end
  end
end)
