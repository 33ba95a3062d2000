local row = require "spec.support.row"

row { 39, "Clear text behind STARTTLS, in the same packet",
  answer = "554 5.5.0 and close; what came in the clear never runs under TLS", over = "clear" }

local at = row.serve { hop = {} }

local injected = "EHLO evil.test\r\nMAIL FROM:<evil@b.test>\r\nRCPT TO:<b@x.test>\r\n"

row.case("is a violation", function(c)
  c:send("STARTTLS\r\n" .. injected)
  c:expect "554 5%.5%.0"
  c:expect_closed()
  assert.is_nil(at.server:ended(c).mail)
end, { whole = true })

-- However it is cut: what lies behind STARTTLS is no command, before or after.
row.case("never runs", function(c)
  c:send "STARTTLS\r\n"
  c:expect(220)
  c:send(injected)
  c.octets = nil
  assert.is_false((c:secure()))
  local line = at.server:ended(c)
  assert.equal("tls", line.reason)
  assert.equal("client.test", line.helo)
  assert.is_nil(line.mail)
end)

row.case("nor does what came before it", function(c)
  c:send "NOOP\r\nSTARTTLS\r\n"
  c:expect(250)
  c:expect(220)
  c.octets = nil
  assert.is_true(c:secure())
  c:cmd("MAIL FROM:<a@b.test>", "503 5%.5%.1")
  c:cmd("EHLO client.test", 250)
  c:cmd("MAIL FROM:<a@b.test>", 250)
end)

it("nothing of it has gone out", function()
  for _, line in ipairs(at.hop:lines()) do
    assert.is_nil(line:find "evil")
  end
end)
