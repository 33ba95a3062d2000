local row = require "spec.support.row"

row { 104, "A next hop whose EHLO changes: after TLS, or from one connection to the next",
  answer = "What a connection said last counts for it; what is offered to clients follows " ..
    "with the next EHLO", over = "clear" }

-- What it offers by the number of the connection, and when it is secured.
describe("after TLS", function()
  local at = row.serve {
    start = false, tls = "required",
    hop = { EHLO = function(c)
      return c.secured and "250 sink.test\nSIZE 5000\n8BITMIME" or
        "250 sink.test\nPIPELINING\nSIZE 100\nDSN\nSTARTTLS"
    end },
  }
  setup(function()
    at.o.hop.tls = at.pair
    at:start()
  end)

  it("the second one counts", function()
    local c = at:dial "clear"
    assert.equal(250, c:mail { params = "SIZE=1000", data = "Subject: x\r\n\r\n" ..
      ("x"):rep(900) .. "\r\n" }.code)
    local m = at.hop:messages()[1]
    assert.matches(" SIZE=%d+", m.from_line)
    local offer = c:cmd("EHLO client.test", 250).text
    assert.is_nil(offer:find "DSN")
    assert.matches("SIZE 5000", offer)
  end)
end)

describe("with each connection", function()
  local hellos = 0  -- in the process of the sink
  local at = row.serve {
    hop = {
      EHLO = function(c)
        hellos = hellos + 1
        c.bare = hellos % 2 == 0
        return c.bare and "250 sink.test" or "250 sink.test\nSIZE 100000\n8BITMIME\nDSN"
      end,
      MAIL = function(c, line)
        return c.bare and line:find ">%s" and "555 5.5.4 I never said so" or nil
      end,
      RCPT = function(c, line)
        return c.bare and line:find ">%s" and "555 5.5.4 I never said so" or nil
      end,
      dot = function() return { "250 2.0.0 ok", "close" } end,
    },
  }

  row.case("its own counts", function(c)
    local with = 0
    for i = 1, 6 do
      local before = #at.hop:messages()
      assert.equal(250, c:mail { params = "SIZE=100" }.code, i)
      with = with + (at.hop:wait_messages(before + 1)[before + 1].from_line:find "SIZE=" and 1 or 0)
    end
    assert.truthy(with > 0 and with < 6, with)
  end, { whole = true })

  row.case("a parameter that it has not is not sent to it", function(c)
    for _ = 1, 6 do
      c:cmd("EHLO client.test", 250)
      if c:line("MAIL FROM:<a@b.test> RET=HDRS"):reply().code == 250 then
        local r = c:line("RCPT TO:<b@x.test> NOTIFY=NEVER"):reply()
        assert.is_nil(r.text:find "I never said so")
      end
      c:cmd("RSET", 250)
    end
  end, { whole = true })
end)
