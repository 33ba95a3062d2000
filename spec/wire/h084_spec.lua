local row = require "spec.support.row"

row { 84, "TLS 1.1, 1.0, SSL 3; ciphers without a key or a certificate",
  answer = "The handshake fails; TLS 1.2 and 1.3 are spoken", over = "tls" }

local at = row.serve {}

local function try(way, o)
  local c = way == "starttls" and at:dial "clear" or at.server:dial(nil, 2)
  if way == "starttls" then
    c:cmd("STARTTLS", 220)
  end
  local ok, err = c:secure(o)
  return ok, err, c
end

for _, way in ipairs { "starttls", "implicit" } do
  for _, o in ipairs {
    { protocol = "tlsv1", ciphers = "DEFAULT@SECLEVEL=0" },
    { protocol = "tlsv1_1", ciphers = "DEFAULT@SECLEVEL=0" },
    { protocol = "tlsv1_2", ciphers = "aNULL@SECLEVEL=0" },
    { protocol = "tlsv1_2", ciphers = "eNULL@SECLEVEL=0" },
  } do
    it(("fails %s: %s %s"):format(way, o.protocol, o.ciphers), function()
      local ok, _, c = try(way, o)
      assert.is_false(ok)
      assert.equal("tls", at.server:ended(c).reason)
    end)
  end

  it("works " .. way .. ": 1.2 and 1.3", function()
    for protocol, version in pairs { tlsv1_2 = "TLSv1.2", tlsv1_3 = "TLSv1.3" } do
      local ok, err, c = try(way, { protocol = protocol })
      assert.is_true(ok, err)
      assert.equal(version, c.tls.version)
      if way == "implicit" then
        c:expect(220)
      end
      c:cmd("EHLO client.test", 250)
      assert.equal(250, c:mail {}.code)
      c:close()
    end
  end)
end

it("fails: SSL 3", function()
  local c = at.server:dial(nil, 2)
  local body = "\3\0" .. ("r"):rep(32) .. "\0" .. "\0\4\0\10\0\5" .. "\1\0"
  local hello = "\1\0\0" .. string.char(#body) .. body
  c:send("\22\3\0\0" .. string.char(#hello) .. hello)
  local got = c:rest()
  assert.truthy(got == "" or got:byte() == 21)
  assert.equal("tls", at.server:ended(c).reason)
end)
