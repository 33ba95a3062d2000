local certificate = require "spec.support.certificate"
local row = require "spec.support.row"

row { 42, "The client does not want our certificate, or leaves in the midst of the handshake",
  answer = "Close, no reply in the clear; one line in the log, `reason=tls`", over = "clear" }

local at = row.serve {}

local function ends(c)
  local line = at.server:ended(c)
  assert.truthy(line.reason == "tls" or line.reason == "lost", line.line)
  assert.equal(1, at.server:count_of(c, "end"))
  return line
end

row.case("an alert for our certificate", function(c)
  local from = at.server:here()
  local other = certificate.make(at.dir, "other")
  c:cmd("STARTTLS", 220)
  assert.is_false((c:secure { ca = other.cert, protocol = "tlsv1_2" }))
  local line = ends(c)
  assert.equal("tls", line.reason)
  assert.matches("TLS handshake: ", at.server:read(from))
end, { whole = true })

for name, text in pairs {
  ["a command"] = "EHLO client.test\r\n", ["an alert"] = "\21\3\1\0\2\2\40",
  ["half a hello"] = "\22\3\1\2\0\1\0", ["zeros"] = ("\0"):rep(100), ["nothing"] = "",
} do
  row.case(name .. " and the end", function(c)
    c:cmd("STARTTLS", 220)
    if text ~= "" then
      c:send(text)
    end
    c:finish()
    assert.is_nil(c:rest():find "%d%d%d ")
    ends(c)
  end)
end

row.case("a reset", function(c)
  c:cmd("STARTTLS", 220)
  c:reset()
  ends(c)
end, { whole = true })
