local certificate = require "spec.support.certificate"
local row = require "spec.support.row"
local sink = require "spec.support.sink"

row { 90,
  "A next hop's certificate for another name, expired, signed by itself or by a stranger, or " ..
    "an old protocol",
  answer = "451 where it is to be verified or TLS is required; nothing goes in the clear; " ..
    "with `try` it does, and the log says so", over = "clear" }

local at = row.serve {
  config = [[ timeouts = { relay_connect = 2, relay_command = 2 }; hooks = { "route" } ]],
  start = false,
}
local pairs_of, hops = {}, {}
local names = { "good", "name", "expired", "self", "stranger", "cn", "old" }

setup(function()
  local ca = certificate.make(at.dir, "ca", { is_ca = true })
  local other = certificate.make(at.dir, "otherca", { is_ca = true })
  local good = { "127.0.0.1", "hop.test" }
  for name, o in pairs {
    good = { ca = ca, names = good }, name = { ca = ca, names = { "other.test", "127.0.0.2" } },
    expired = { ca = ca, names = good, days = -1 }, self = { names = good },
    stranger = { ca = other, names = good }, old = { ca = ca, names = good },
    cn = { ca = ca, names = { "else.test" }, subject = "/CN=127.0.0.1" },
  } do
    pairs_of[name] = certificate.make(at.dir, "hop-" .. name, o)
  end
  local relays = {}
  for _, name in ipairs(names) do
    local tls = { cert = pairs_of[name].cert, key = pairs_of[name].key }
    if name == "old" then
      tls.protocol, tls.ciphers = "tlsv1_1", "DEFAULT@SECLEVEL=0"
    end
    hops[name] = sink.start { tls = tls }
    for how, words in pairs {
      verify = ([[tls = "verify", ca = "%s"]]):format(ca.cert), required = [[tls = "required"]],
      try = [[tls = "try"]],
      pin = ([[tls = "verify", fingerprint = "%s"]]):format(pairs_of.good.fingerprint),
    } do
      relays[#relays + 1] = ([[%s_%s = { "%s", %s }]]):format(name, how, hops[name].url, words)
    end
  end
  at.o.hooks = { route = [[
    local verdict = require "lunette.verdict"
    return { rcpt = function(session, rcpt)
      rcpt.relay = rcpt.user
      return verdict.accept()
    end } ]] }
  at:start("relays = { " .. table.concat(relays, ", ") .. " }")
end)

local function delivers(name, how)
  local hop, c = hops[name], at:dial "clear"
  local before = #hop:messages()
  local r = c:mail { to = ("%s_%s@x.test"):format(name, how), data = "Subject: secret\r\n\r\nx\r\n" }
  if r.code == 250 then
    assert.equal(before + 1, #hop:wait_messages(before + 1))
  else
    assert.equal("451 4.", r.code .. " " .. r.enhanced:sub(1, 2), r.text)
    assert.equal(before, #hop:messages())
    at.server:line_of(c, "relay_error")
  end
  return r.code == 250, hop
end

for _, name in ipairs(names) do
  it(name .. ": verified against the CA", function()
    assert.equal(name == "good", (delivers(name, "verify")))
  end)

  it(name .. ": pinned", function()
    assert.equal(name == "good", (delivers(name, "pin")))
  end)

  it(name .. ": required", function()
    assert.equal(name ~= "old", (delivers(name, "required")))
  end)

  it(name .. ": nothing has gone in the clear", function()
    local hop = hops[name]
    for i = 1, hop:connections() do
      local secured = #hop:of("secured", i) > 0
      for _, line in ipairs(hop:lines(i)) do
        local word = line:match "^%a+"
        assert.truthy(secured or word == "EHLO" or word == "STARTTLS" or word == "QUIT", line)
      end
    end
  end)

  it(name .. ": tried", function()
    assert.is_true((delivers(name, "try")))
  end)
end
