-- A proxy in front: who the client is then, for lists, limits and hooks; and
-- what is not taken for a header.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"

local who = [[
local who = {}
function who.pre_connection(session)
  local proxy = session.proxy
  session:log("info", "%s %s %s", session.client.ip, tostring(session.trusted),
    proxy and proxy.ip or "-")
end
return who
]]

local config = [[
relay = "discard:"; hooks = { "who", { "early_talker", seconds = "100ms" } }; workers = { count = 1 };
tls = { cert = "%s", key = "%s" };
proxy_clients = "127.0.0.1"; trusted = "192.0.2.0/24";
listen = { { "127.0.0.1:0", proxy = true },
  { "127.0.0.1:0", name = "implicit", proxy = true, tls = "implicit" },
  { "127.0.0.1:0", name = "plain" } };
limits = { per_client = 2 }
]]

local v1 = "PROXY TCP4 %s 192.0.2.1 4000 25\r\n"
local signature = "\r\n\r\n\0\r\nQUIT\n"

describe("a proxy", function()
  local server, from

  setup(function()
    local pair = certificate.make(process.directory(), "mx", { names = { "mx.test" } })
    server = lunette.start { config = config:format(pair.cert, pair.key), hooks = { who = who } }
  end)
  teardown(lunette.clean)
  before_each(function() from = server:here() end)

  local function seen()
    return server:wait_for("hook", { hook = "who" }, from).msg
  end

  it("says who comes", function()
    local c = server:dial()
    c:send(v1:format "192.0.2.99")
    c:hello()
    assert.equal("192.0.2.99 true 127.0.0.1", seen())
    c:cmd("QUIT", 221)
    server:wait_for("end", { client = "192.0.2.99:4000" }, from)
  end)

  it("says it in binary, octet by octet", function()
    local c = server:dial()
    c:pieces(signature .. "\x21\x11\0\12\198\51\100\7\192\0\2\1\15\160\0\25", 1)
    c:hello()
    assert.equal("198.51.100.7 false 127.0.0.1", seen())
    c:close()
  end)

  it("comes for itself", function()
    local c = server:dial()
    c:send(signature .. "\x20\0\0\0")
    c:hello()
    assert.equal("127.0.0.1 false -", seen())
    c:close()
  end)

  it("may be followed at once by a handshake, and no octet of it is lost", function()
    local c = server:dial(nil, 2)
    c:send(v1:format "192.0.2.99")
    assert.truthy(c:secure {})
    c:hello()
    assert.equal("192.0.2.99 true 127.0.0.1", seen())
    c:close()
  end)

  it("brings clients that talk too early", function()
    local c = server:dial()
    c:send(v1:format "198.51.100.9" .. "EHLO client.test\r\n")
    assert.matches("^[45]", tostring(c:reply().code))
    c:expect_closed()
  end)

  it("brings clients that have their own limits", function()
    local open = {}
    for i = 1, 3 do
      open[i] = server:dial()
      open[i]:send(v1:format "192.0.2.50")
      open[i]:expect(i < 3 and 220 or 421)
    end
    open[3]:expect_closed()
    local other = server:dial()
    other:send(v1:format "192.0.2.51")
    other:expect(220)
    for _, c in ipairs { open[1], open[2], other } do
      c:close()
    end
  end)

  for name, text in pairs {
    ["a client"] = "EHLO client.test\r\n",
    ["a port too large"] = "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
    ["a line without end"] = "PROXY TCP4 " .. ("1"):rep(200),
    ["version 3"] = signature .. "\x31\x11\0\12",
    ["too little for two addresses"] = signature .. "\x21\x11\0\4\1\2\3\4",
  } do
    it("is not " .. name, function()
      for n = 1, 2 do
        from = server:here()
        local c = server:dial(nil, n)
        c:send(text)
        c:expect_closed()
        server:wait_for("end", { reason = "refused" }, from)
        assert.equal(1, server:count("verdict", nil, from))
      end
    end)
  end

  it("is not whoever is not listed, and not anyone where none is wanted", function()
    local c = server:dial { source = "127.0.0.2" }
    c:send(v1:format "192.0.2.99")
    c:expect_closed()
    c = server:dial(nil, 3)
    c:expect(220)
    c:send(v1:format "192.0.2.99")
    c:expect_closed()
  end)
end)
