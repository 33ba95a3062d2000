local certificate = require "spec.support.certificate"
local row = require "spec.support.row"

row { 85,
  "Odd server names in the handshake (SNI): NUL, backslash, 255 octets and more, an address, " ..
    "unknown",
  answer = "The default certificate, or an alert; hooks see the name only if it is one", over = "tls" }

local at = row.serve { start = false, hooks = { shows = row.shows } }

setup(function()
  at.other = certificate.make(at.dir, "other", { names = { "other.test", "*.wild.test" } })
  at:start(([[ hooks = { "shows", "yes" }; tls.certs = { ["other.test"] = { cert = "%s", key = "%s" },
    ["*.wild.test"] = { cert = "%s", key = "%s" } } ]]):format(at.other.cert, at.other.key,
    at.other.cert, at.other.key))
end)

-- Name, certificate (mine or other), what hooks see.
local names = {
  { "mx.test", "pair", "mx.test" }, { "other.test", "other", "other.test" },
  { "OTHER.Test", "other", "other.test" }, { "a.wild.test", "other", "a.wild.test" },
  { "unknown.test", "pair", "unknown.test" }, { "a.b.wild.test", "pair", "a.b.wild.test" },
  { "wild.test", "pair", "wild.test" }, { "x\\", "pair", "-" }, { "other.test\\", "pair", "-" },
  { "\\", "pair", "-" }, { "127.0.0.1", "pair", "-" }, { "[::1]", "pair", "-" }, { "::1", "pair", "-" },
  { ("a"):rep(255), "pair", "-" }, { (("a"):rep(60) .. "."):rep(4) .. "b", "pair" },
  { "a..b", "pair", "-" },
  { ".other.test", "pair", "-" }, { "other.test.", nil }, { "*.wild.test", "pair", "-" },
  { "a b", "pair", "-" }, { "$(reboot)", "pair", "-" }, { "../other.test", "pair", "-" },
  { "\1\2\127", "pair", "-" }, { "caf\195\169.test", "pair", "-" }, { "\255\254", "pair", "-" },
  { "%s%n", "pair", "-" },
}

for _, way in ipairs { "starttls", "implicit" } do
  for _, case in ipairs(names) do
    it(("%q, %s"):format(case[1]:sub(1, 20), way), function()
      local c
      if way == "starttls" then
        c = at:dial "clear"
        c:cmd("STARTTLS", 220)
      else
        c = at.server:dial(nil, 2)
      end
      assert.is_true(c:secure { sni = case[1] })
      if case[2] then
        assert.equal(at[case[2]].fingerprint, c.tls.certificate:digest "sha256")
      end
      if way == "implicit" then
        c:expect(220)
      end
      local sni = row.shown(c).sni
      assert.truthy(not case[3] or sni == case[3], sni)
      c:close()
    end)
  end
end

-- A hello of TLS 1.2 with that name in it, as octets.
local function hello(name)
  local function sized(n, text)
    local out = ""
    for i = n - 1, 0, -1 do
      out = out .. string.char(math.floor(#text / 256 ^ i) % 256)
    end
    return out .. text
  end
  local list = sized(2, "\0" .. sized(2, name))
  local extensions = "\0\0" .. sized(2, list) .. "\0\10" .. sized(2, sized(2, "\0\23")) ..
    "\0\13" .. sized(2, sized(2, "\4\3"))
  local body = "\3\3" .. ("r"):rep(32) .. "\0" .. sized(2, "\192\43") .. "\1\0" .. sized(2, extensions)
  return "\22\3\1" .. sized(2, "\1" .. sized(3, body))
end

it("the octets of this spec make a hello", function()
  local c = at.server:dial(nil, 2)
  c:send(hello "other.test")
  local r = c:some()
  assert.equal(22, r:byte())
  c:close()
end)

for name, text in pairs {
  ["NUL"] = "other.test\0evil", ["only NUL"] = "\0", ["256 octets"] = ("a"):rep(256),
  ["16000 octets"] = ("a."):rep(8000), ["nothing"] = "", ["a backslash and NUL"] = "x\\\0",
} do
  it("with " .. name .. " it is answered, by an alert or the default", function()
    local c = at.server:dial(nil, 2)
    c:send(hello(text))
    local got = c:some()
    assert.truthy(got == "" or got:byte() == 21 or got:byte() == 22)
    assert.is_nil(got:find "other")
    c:close()
    at:dial("implicit"):cmd("NOOP", 250)
  end)
end
