local row = require "spec.support.row"

row { 10, "Clear text where TLS is spoken from the start",
  answer = "The handshake fails: a TLS alert at most, no banner, close; `reason=tls` in the " ..
    "log", over = "tls" }

local at = row.serve {}

for _, text in ipairs { "EHLO client.test\r\n", "EHLO client.test\r\nMAIL FROM:<a@b.test>\r\n",
  "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\r\n\r\n\r\n\r\n", "QUIT\r\n" } do
  for _, octets in ipairs { false, 1000 } do
    it(("gets no answer: %q%s"):format(text, octets and ", octet by octet" or ""), function()
      local c = at.server:dial(nil, 2)
      c.octets = octets
      c:send(text)
      assert.is_nil(c:rest():find "%d%d%d")
      assert.matches("reason=tls", at.server:ended(c).line)
      assert.equal(1, at.server:count_of(c, "end"))
    end)
  end
end

it("whoever waits for a banner waits in vain", function()
  local c = at.server:dial(nil, 2)
  local other = at:dial "implicit"
  other:cmd("NOOP", 250)
  assert.truthy(c:is_quiet())
end)
