local client = require "spec.support.client"
local lunette = require "spec.support.lunette"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local row = require "spec.support.row"

row { 12, "IPv4 in IPv6 notation; link-local addresses with a scope",
  answer = "The first is its IPv4 address for every list, and an IPv6 listener takes none; " ..
    "the second is an address like any other", over = "clear" }

local shows = [[
local verdict = require "lunette.verdict"
return { vrfy = function(session)
  return verdict.reject("5.1.1", "%s %s", session.client.ip, tostring(session.trusted))
end } ]]

describe("a listener for IPv6", function()
  if peer.left_out((process.read "/proc/net/if_inet6" or "") == "" and "needs IPv6") then
    pending "needs IPv6"
    return
  end
  local at = row.serve { config = [[ listen = "[::]:0" ]] }

  it("has no IPv4 client, in whatever notation", function()
    assert.is_nil((client.dial(at.server.port)))
  end)
end)

describe("a session of a client", function()
  local function says(ip)
    local got = lunette.run({ "session", "-c", "$DIR/lunette.lua", "--client", ip }, {
      config = [[ relay = "discard:"; hooks = { "shows" }; trusted = { "192.0.2.0/24" } ]],
      hooks = { shows = shows }, input = "EHLO a.test\r\nVRFY x\r\nQUIT\r\n",
    })
    return got.code, got.out:match "550 5%.1%.1 ([^\r]*)", got.err
  end

  it("in IPv6 notation is that of its IPv4 address", function()
    local code, said = says "::ffff:192.0.2.7"
    assert.equal(0, code)
    assert.equal("192.0.2.7 true", said)
  end)

  it("with a scope is that of the address", function()
    local code, said = says "fe80::1%lo"
    assert.equal(0, code)
    assert.equal("fe80::1 false", said)
  end)

  it("with a scope that is not there is not begun", function()
    local code, said, err = says "fe80::1%no-such"
    assert.equal(64, code)
    assert.is_nil(said)
    assert.matches("^lunette: %-%-client: expected an IP address, got [^\n]+\n$", err)
  end)
end)
