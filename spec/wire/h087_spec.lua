local client = require "spec.support.client"
local row = require "spec.support.row"

row { 87, "A handshake that does not go on; handshakes without end from one client",
  answer = "Close after `timeouts.tls`; over `limits.tls_rate` 454 4.7.0 to STARTTLS, and " ..
    "close where TLS comes first, before it costs anything", over = "tls" }

describe("a handshake that stalls", function()
  local at = row.serve { config = [[ timeouts = { tls = 0.3 } ]] }

  for name, text in pairs { ["with nothing"] = "", ["in the hello"] = "\22\3\1\2\0\1\0\1\252\3\3" } do
    for n = 1, 2 do
      it(("%s, listener %d, is ended"):format(name, n), function()
        local c = n == 1 and at:dial "clear" or at.server:dial(nil, 2)
        if n == 1 then
          c:cmd("STARTTLS", 220)
        end
        if text ~= "" then
          c:send(text)
        end
        assert.is_nil(c:rest():find "%d%d%d ")
        local reason = at.server:ended(c).reason
        assert.truthy(reason == "timeout" or reason == "tls", reason)
      end)
    end
  end

  it("does not hold up the others", function()
    for _ = 1, 20 do
      at.server:dial(nil, 2)
    end
    assert.equal(250, at:dial("implicit"):mail {}.code)
  end)
end)

describe("a client that begins one after the other", function()
  local at = row.serve { limits = "tls_rate = 5" }

  it("has so many, and another client has his own", function()
    local taken = 0
    for _ = 1, 10 do
      local c = client.dial(at.server.ports[2], { tls = true })
      taken = taken + (c and 1 or 0)
      if c then
        c:close()
      end
    end
    assert.equal(5, taken)
    local c = at:dial "clear"
    c:cmd("STARTTLS", "454 4%.7%.0")
    assert.equal(250, c:mail {}.code)
    local other = at.server:dial { source = "127.0.0.77" }
    other:hello()
    other:starttls()
  end)
end)
