local row = require "spec.support.row"

row { 16, "A PROXY header in pieces; one with EHLO or a handshake right behind it",
  answer = "The header ends where it says; what is behind it is the client's, and early if " ..
    "it came before the banner", over = "clear" }

local v2 = "\r\n\r\n\0\r\nQUIT\n\33\17\0\12\192\0\2\7\192\0\2\8\3\232\0\25"
local headers = { ["version 1"] = "PROXY TCP4 192.0.2.7 192.0.2.8 1000 25\r\n", ["version 2"] = v2 }
local listen = [[ proxy_clients = { "127.0.0.1" }; listen = { { "127.0.0.1:0", proxy = true },
  { "127.0.0.1:0", proxy = true, tls = "implicit" } }; hooks = { "shows", %s "yes" } ]]

describe("without a hook", function()
  local at = row.serve { hooks = { shows = row.shows }, config = listen:format "" }

  for name, header in pairs(headers) do
    it(name .. ", cut at every place", function()
      for cut = 1, #header - 1 do
        local c = at.server:dial()
        c:send(header:sub(1, cut))
        c:send(header:sub(cut + 1))
        c:hello()
        assert.equal("192.0.2.7", row.shown(c).ip)
        c:close()
      end
    end)

    it(name .. ", with EHLO in the same packet", function()
      local c = at.server:dial()
      c:send(header .. "EHLO client.test\r\n")
      c:expect(220)
      c:expect(250)
      assert.equal("192.0.2.7", row.shown(c).ip)
    end)

    it(name .. ", with commands in the same packet", function()
      local c = at.server:dial()
      c:send(header .. "EHLO client.test\r\nMAIL FROM:<a@b.test>\r\nQUIT\r\n")
      c:expect(220)
      local r = c:reply()
      while r and r.code == 250 do
        r = c:reply()
      end
      assert.equal(554, r.code)
    end)

    it(name .. ", with a handshake behind it", function()
      for _, octets in ipairs { false, 1000 } do
        local c = at.server:dial(nil, 2)
        c.octets = octets
        c:send(header)
        c.octets = nil
        assert.is_true(c:secure())
        c:hello()
        local shown = row.shown(c)
        assert.equal("192.0.2.7", shown.ip)
        assert.equal("127.0.0.1", shown.proxy)
        assert.matches("^TLS", shown.tls)
        c:close()
      end
    end)
  end

  it("a second header is no header", function()
    local c = at.server:dial()
    c:send(headers["version 1"] .. "PROXY TCP4 192.0.2.66 192.0.2.8 1000 25\r\n")
    local r
    repeat r = c:reply() until not r or r.code >= 500
    assert.equal(0, at.server:count("connect", { client = "192.0.2.66:1000" }))
  end)
end)

describe("with a hook that waits for early talkers", function()
  local at = row.serve {
    hooks = { shows = row.shows }, config = listen:format [[{ "early_talker", seconds = 5 },]],
  }

  for name, header in pairs(headers) do
    it("EHLO behind " .. name .. " is early", function()
      local c = at.server:dial()
      c:send(header .. "EHLO client.test\r\n")
      c:expect "554 5%.5%.1"
      c:expect_closed()
    end)
  end
end)
