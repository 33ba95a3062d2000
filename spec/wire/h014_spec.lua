local row = require "spec.support.row"

row { 14,
  "PROXY version 1, malformed: 108 octets and more without CRLF, addresses of another " ..
    "family, ports out of range, leading zeros, NUL",
  answer = "The connection is closed without a word, and the log says why; `UNKNOWN` is the " ..
    "proxy's own", over = "clear" }

local at = row.serve {
  hooks = { shows = row.shows }, config = [[ hooks = { "shows", "yes" }; proxy_clients = { "127.0.0.1" };
    listen = { { "127.0.0.1:0", proxy = true } } ]],
}

local function dial(octets, header)
  local c = at.server:dial()
  c.octets = octets
  c:send(header)
  return c
end

local bad = {
  "PROXY " .. ("x"):rep(110), "PROXY TCP4 " .. ("1"):rep(200) .. "\r\n",
  "PROXY UNKNOWN " .. ("x"):rep(100) .. "\r\n",
  "PROXY TCP4 2001:db8::1 2001:db8::2 1000 25\r\n", "PROXY TCP6 192.0.2.7 192.0.2.8 1000 25\r\n",
  "PROXY TCP4 192.0.2.7 192.0.2.8 65536 25\r\n", "PROXY TCP4 192.0.2.7 192.0.2.8 1000 99999\r\n",
  "PROXY TCP4 192.0.2.7 192.0.2.8 -1 25\r\n", "PROXY TCP4 192.0.2.7 192.0.2.8 01000 25\r\n",
  "PROXY TCP4 192.0.02.7 192.0.2.8 1000 25\r\n", "PROXY TCP4 192.0.2.256 192.0.2.8 1000 25\r\n",
  "PROXY TCP4 192.0.2.7 192.0.2.8 1000\r\n", "PROXY TCP4 192.0.2.7 192.0.2.8 1000 25 x\r\n",
  "PROXY TCP4 192.0.2.7  192.0.2.8 1000 25\r\n", "PROXY TCP4 192.0.2.7 192.0.2.8 1000 25\n",
  "PROXY TCP4 192.0.2.7 192.0.2.8 1000 25\0\r\n", "PROXY TCP4 192.0.2.7\0 192.0.2.8 1000 25\r\n",
  "PROXY TCP5 192.0.2.7 192.0.2.8 1000 25\r\n", "PROXY\r\n", "PROXY \r\n",
  "proxy TCP4 192.0.2.7 192.0.2.8 1 2\r\n",
  "PROXY TCP4 192.0.2.7 192.0.2.8 1e3 25\r\n", "PROXY TCP4 a.test b.test 1000 25\r\n",
  "PROXY tcp4 192.0.2.7 192.0.2.8 1000 25\r\n", "PROXYTCP4 192.0.2.7 192.0.2.8 1000 25\r\n",
}

for _, octets in ipairs { false, 1000 } do
  local how = octets and ", octet by octet" or ""
  for _, header in ipairs(bad) do
    it(("is refused: %q%s"):format(header:sub(1, 50), how), function()
      local from = at.server:here()
      local c = dial(octets, header .. "EHLO client.test\r\n")
      c:expect_closed()
      local line = at.server:ended(c)
      assert.equal("refused", line.reason)
      assert.matches("event=verdict", at.server:read(from))
      c:close()
    end)
  end

  it("is taken, well-formed" .. how, function()
    for header, ip in pairs {
      ["PROXY TCP4 192.0.2.7 192.0.2.8 1000 25\r\n"] = "192.0.2.7",
      ["PROXY TCP6 2001:db8::7 2001:db8::8 65535 25\r\n"] = "2001:db8::7",
      ["PROXY UNKNOWN\r\n"] = "127.0.0.1",
      ["PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"] = "127.0.0.1",
    } do
      local c = dial(octets, header)
      c:hello()
      assert.equal(ip, row.shown(c).ip)
      c:close()
    end
  end)
end
