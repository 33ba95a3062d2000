local client = require "spec.support.client"
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 116, "SIGTERM with sessions open",
  answer = "Nobody new; 421 4.3.2 at the next command, or at once to the idle; who is in " ..
    "DATA has `timeouts.drain`, and gets its 250; exit 0", over = "process" }

for _, way in ipairs { "clear", "starttls", "implicit" } do
  describe(way, function()
    local at = row.serve { crashes = true }

    it("each is told in its turn", function()
      local idle, started, busy, chunk = at:dial(way), at:dial(way), at:dial(way), at:dial(way)
      started:cmd("MAIL FROM:<a@b.test>", 250)
      busy:begin()
      busy:send "Subject: x\r\n"
      chunk:cmd("MAIL FROM:<a@b.test>", 250)
      chunk:cmd("RCPT TO:<b@x.test>", 250)
      chunk:send "BDAT 17 LAST\r\nSubject: x\r\n"
      -- The server has read it: what it is asked on another connection comes later.
      wait.for_("all to be read", function() return at.server:status().sessions == 4 end)
      at.server.process:signal "TERM"
      for _, c in ipairs { idle, started } do
        c:expect "421 4%.3%.2"
        c:expect_closed()
      end
      wait.for_("the door to close", function()
        local c = client.dial(at.server.port)
        if c then
          c:close()
        end
        return not c
      end)
      chunk:send "\r\nx\r\n"
      local r = chunk:reply()
      assert.truthy(r and (r.code == 250 or r.code == 421))
      chunk:close()
      busy:send "\r\nx\r\n.\r\nNOOP\r\n"
      busy:expect(250)
      busy:expect "421 4%.3%.2"
      busy:expect_closed()
      assert.equal(0, (at.server.process:join()))
      assert.equal(r.code == 250 and 2 or 1, #at.server:mails())
    end)
  end)
end

describe("not longer than timeouts.drain", function()
  local at = row.serve { crashes = true, config = [[ timeouts = { drain = 0.3 } ]] }

  it("is waited for content", function()
    local c = at:dial "clear"
    c:begin()
    at.server.process:signal "TERM"
    c:expect "421 4%.3%.2"
    c:expect_closed()
    assert.equal(0, (at.server.process:join()))
    assert.equal(0, #at.server:mails())
    assert.equal("drain", at.server:wait_for("end").reason)
  end)
end)
