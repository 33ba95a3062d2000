-- Mail servers behind us: content as it came, their refusals as they said them.
-- Needs root.
local exim = require "spec.support.exim"
local lunette = require "spec.support.lunette"
local opensmtpd = require "spec.support.opensmtpd"
local peer = require "spec.support.peer"
local postfix = require "spec.support.postfix"

local bodies = {
  ".\r\n..\r\n.dot\r\n...\r\n",
  "",
  "\r\n\r\n",
  ("x"):rep(900) .. "\r\n" .. ("0123456789abcdef\r\n"):rep(20000) .. "end\r\n",
  "na\195\175ve \128\255\r\n",
  "From the start\r\n>From\r\n",
}

local hops = { Exim = exim.start, OpenSMTPD = opensmtpd.start, Postfix = postfix.start }

describe("behind us", function()
  local missing = peer.missing()
  if missing then
    pending(missing)
    return
  end

  after_each(function()
    lunette.clean()
    peer.clean()
    postfix.clean()
  end)

  for name, start in pairs(hops) do
    it(name .. " gets what the client sent", function()
      local hop = start()
      local server = lunette.start {
        config = ([[ relay = "%s"; hooks = { "yes" }; workers = { count = 1 } ]])
          :format(hop.url),
      }
      for round = 1, 2 do
        local c = server:dial()
        c:hello()
        for i, text in ipairs(bodies) do
          local r = c:mail {
            to = { "b@example.org", "c@example.org" }, params = "BODY=8BITMIME",
            data = ("From: a@b.test\r\nSubject: %d.%d\r\n\r\n%s"):format(round, i, text),
          }
          assert.equal(250, r.code, r.text)
        end
        c:cmd("MAIL FROM:<a@client.test>", 250)
        c:cmd("RCPT TO:<b@elsewhere.test>", "5[57]%d 5?")
        c:cmd("RCPT TO:<b@example.org>", 250)
        c:cmd("RSET", 250)
        c:cmd("QUIT", 221)
      end
      local seen = {}
      for _, text in ipairs(hop:wait_delivered(#bodies * 4, 30)) do
        local round, i = text:match "\nSubject: (%d)%.(%d)\n"
        seen[round .. i] = true
        local got, want = text:match "\n\n(.*)$", bodies[tonumber(i)]:gsub("\r\n", "\n")
        assert.truthy(got == want or got == want .. "\n", i .. ": " .. got:sub(1, 200))
        assert.matches("\nReceived: from client%.test .-%sby mx%.test", text)
      end
      for i = 1, #bodies do
        assert.truthy(seen["1" .. i] and seen["2" .. i], "message " .. i)
      end
      assert.equal(#bodies * 2, server:wait_count(#bodies * 2, "message"))
    end)
  end
end)
