-- Who the client is, as the next hop is told: XCLIENT, XFORWARD, PROXY.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"
local wait = require "spec.support.wait"

local all = "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT REVERSE_NAME"
local forward = "NAME ADDR PORT PROTO HELO IDENT SOURCE"

describe("the next hop is told who the client is", function()
  local server, hop

  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  local function start(script, xclient, rest)
    hop = sink.start(script)
    server = lunette.start {
      config = ([[ relay = { "%s", xclient = %s }; hooks = { "yes" }; workers = { count = 1 }; %s ]])
        :format(hop.url, xclient, rest or ""),
    }
  end

  local function dial(name, source)
    local c = server:dial { source = source }
    c:hello(name)
    return c
  end

  local function mail(c, want, o)
    local r = c:mail(o or { to = "b@x.test" })
    assert.matches(want or "^250", ("%d %s"):format(r.code, r.text))
  end

  it("by XCLIENT, with all that it lists", function()
    start({ xclient = all }, "true")
    local c = dial "one.test"
    mail(c)
    local m = hop:messages()[1]
    assert.equal(server:log("connect")[1].client, m.client.ADDR .. ":" .. m.client.PORT)
    assert.equal("one.test", m.client.HELO)
    assert.equal("ESMTP", m.client.PROTO)
    assert.equal("[UNAVAILABLE]", m.client.NAME)
    assert.equal("[UNAVAILABLE]", m.client.LOGIN)
    assert.equal("127.0.0.1", m.client.DESTADDR)
    assert.equal(tostring(server.port), m.client.DESTPORT)
    local lines = hop:lines()
    assert.equal("EHLO mx.test", lines[1])
    assert.matches("^XCLIENT ", lines[2])
    assert.equal("EHLO one.test", lines[3])  -- the greeting is the client's, too
    assert.matches("^MAIL ", lines[4])
  end)

  it("by XCLIENT, and nothing that it does not list", function()
    start({ xclient = "ADDR" }, "true")
    mail(dial "one.test")
    assert.same({ ADDR = "127.0.0.1" }, hop:messages()[1].client)
  end)

  it("of each message on one connection, and again only if it is another", function()
    start({ xclient = all }, "true")
    local a, b = dial("one.test", "127.0.0.1"), dial("two.test", "127.0.0.2")
    mail(a)
    mail(a)
    mail(b)
    mail(a)
    assert.equal(1, hop:connections())
    local seen = {}
    for i, m in ipairs(hop:messages()) do
      seen[i] = m.client.ADDR .. " " .. m.client.HELO
    end
    assert.same({ "127.0.0.1 one.test", "127.0.0.1 one.test", "127.0.0.2 two.test",
      "127.0.0.1 one.test" }, seen)
    assert.equal(3, #hop:of "xclient")
  end)

  it("the same client with another greeting", function()
    start({ xclient = "ADDR" }, "true")
    local c = dial "one.test"
    mail(c)
    c:cmd("EHLO two.test", 250)
    mail(c)
    local greetings = {}
    for _, line in ipairs(hop:lines()) do
      greetings[#greetings + 1] = line:match "^EHLO (%S+)"
    end
    assert.same({ "mx.test", "one.test", "two.test" }, greetings)
    assert.equal(1, hop:connections())
  end)

  it("and if it refuses that on a connection that knew another, there is a new one", function()
    start({ xclient = all, XCLIENT = function(c)
      c.n = (c.n or 0) + 1
      return c.n > 1 and "550 5.7.0 one is enough" or nil
    end }, "true")
    mail(dial("one.test", "127.0.0.1"))
    mail(dial("two.test", "127.0.0.2"))
    local m = hop:messages()
    assert.equal("127.0.0.1", m[1].client.ADDR)
    assert.equal("127.0.0.2", m[2].client.ADDR)
    assert.equal(2, hop:connections())
    assert.equal(0, server:count "relay_error")
  end)

  it("and if it refuses that on a new connection, it gets nothing", function()
    start({ xclient = all, XCLIENT = "550 5.7.0 not you" }, "true")
    mail(dial "one.test", "^451 4%.4%.1")
    assert.equal(0, #hop:messages())
    assert.matches("XCLIENT refused: 550", server:wait_for("relay_error").text)
  end)

  it("and one that takes it only once is used for that client alone", function()
    start({ EHLO = function(c)
      return "250 sink.test" .. (c.client and "" or "\nXCLIENT " .. all)
    end, xclient = all, XCLIENT = function(c)
      c.n = (c.n or 0) + 1
      return c.n > 1 and "550 5.7.0 Error: insufficient authorization" or nil
    end }, "true")
    local a, b = dial("one.test", "127.0.0.1"), dial("two.test", "127.0.0.2")
    for _, c in ipairs { a, b, a, b, a } do
      mail(c)
    end
    local m = hop:messages()
    for i = 1, 5 do
      assert.equal("127.0.0." .. 2 - i % 2, m[i].client.ADDR)
      assert.equal(2 - i % 2, m[i].connection)
    end
    assert.equal(2, #hop:of "xclient")
    for _ = 1, 8 do
      mail(dial("one.test", "127.0.0.1"))  -- each from a port of its own
    end
    wait.for_("most of them are closed", function() return #hop:of "end" == 6 end)
    assert.equal(10, hop:connections())
  end)

  for name, action in pairs {
    ["leaves"] = "close", ["stalls"] = "stall", ["says nonsense"] = { raw = "what?\r\n" },
    ["says no more in the clear"] = "421 4.3.2 bye",
  } do
    it("and when it " .. name .. " at that, a new connection is told", function()
      start({ xclient = all, XCLIENT = function(c)
        c.n = (c.n or 0) + 1
        return c.n > 1 and action or nil
      end }, "true", [[ timeouts = { relay_command = 1 } ]])
      mail(dial("one.test", "127.0.0.1"))
      mail(dial("two.test", "127.0.0.2"))
      assert.equal("127.0.0.2", hop:messages()[2].client.ADDR)
      assert.equal(2, hop:connections())
    end)
  end

  it("in one command, that leaves unknown what does not fit", function()
    start({ xclient = all }, '"xclient"')
    local name = ("x"):rep(60) .. "." .. ("y"):rep(60) .. "." .. ("z"):rep(60) .. ".test"
    local hooks = { named = ([[
      local verdict = require "lunette.verdict"
      return {
        connect = function(session) session.client.name = "%s" end,
        rcpt = function() return verdict.accept() end,
      } ]]):format(name) }
    lunette.clean()
    server = lunette.start {
      config = ([[ relay = { "%s", xclient = true }; hooks = { "named" } ]]):format(hop.url),
      hooks = hooks,
    }
    mail(dial(name))
    local m = hop:messages()[1]
    assert.equal(name, m.client.NAME)
    assert.equal("[UNAVAILABLE]", m.client.REVERSE_NAME)
    assert.equal("[UNAVAILABLE]", m.client.HELO)
    assert.equal(1, #hop:of "xclient")
    assert.equal("EHLO " .. name, hop:lines()[3])
  end)

  it("by XFORWARD before each MAIL, in one go with it", function()
    start({ xforward = forward }, '"xforward"')
    local a, b = dial("one.test", "127.0.0.1"), dial("two.test", "127.0.0.2")
    mail(a)
    mail(b)
    local m = hop:messages()
    assert.equal("127.0.0.1", m[1].forwarded.ADDR)
    assert.equal("127.0.0.2", m[2].forwarded.ADDR)
    assert.equal("two.test", m[2].forwarded.HELO)
    assert.equal("REMOTE", m[1].forwarded.SOURCE)
    assert.equal(server:wait_for("message").txn, m[1].forwarded.IDENT)
    assert.equal(1, hop:connections())
    local lines = hop:lines()
    assert.matches("^XFORWARD", lines[2])
    assert.matches("^MAIL", lines[3])
  end)

  it("by XFORWARD; refused where the client before was known, there is a new connection", function()
    start({ xforward = forward, XFORWARD = function(c)
      c.n = (c.n or 0) + 1
      return c.n > 1 and "550 5.7.0 one is enough" or nil
    end }, "true")
    mail(dial("one.test", "127.0.0.1"))
    mail(dial("two.test", "127.0.0.2"))
    assert.equal("127.0.0.2", hop:messages()[2].forwarded.ADDR)
    assert.equal(2, hop:connections())
  end)

  it("by XFORWARD; refused at once, mail goes without", function()
    start({ xforward = forward, XFORWARD = "550 5.7.0 not you" }, "true")
    mail(dial "one.test")
    assert.is_nil(hop:messages()[1].forwarded)
    assert.matches("XFORWARD refused", server:wait_for("relay_error").text)
  end)

  it("by XCLIENT if it offers both, by neither if it offers none", function()
    start({ xclient = all, xforward = forward }, "true")
    mail(dial "one.test")
    assert.is_nil(hop:messages()[1].forwarded)
    assert.equal("one.test", hop:messages()[1].client.HELO)
    lunette.clean()
    sink.clean()
    start({}, "true")
    mail(dial "one.test")
    assert.is_nil(hop:messages()[1].client)
    lunette.clean()
    sink.clean()
    start({ xclient = all, xforward = forward }, "false")
    mail(dial "one.test")
    assert.is_nil(hop:messages()[1].client)
    assert.is_nil(hop:messages()[1].forwarded)
  end)

  it("by PROXY, on a connection for each message", function()
    start({ proxy = true }, '"proxy"')
    local a, b = dial("one.test", "127.0.0.1"), dial("two.test", "127.0.0.2")
    mail(a)
    mail(b)
    mail(a)
    assert.equal(3, hop:connections())
    local headers = {}
    for i = 1, 3 do
      headers[i] = hop:of("proxy", i)[1]
      assert.equal("PROXY", headers[i].command)
      assert.equal("127.0.0.1:" .. server.port, headers[i].server)
    end
    local connects = server:log "connect"
    assert.equal(connects[1].client, headers[1].client)
    assert.equal(connects[2].client, headers[2].client)
    assert.equal(connects[1].client, headers[3].client)
    assert.equal("close", hop:of("end", 1)[1])
  end)

  it("by PROXY, if it came to an address of another family", function()
    start({ proxy = true }, '"proxy"', [[ xclient_clients = { "127.0.0.1" } ]])
    local c = dial "front.test"
    c:cmd("XCLIENT ADDR=192.0.2.9 PORT=4000 DESTADDR=IPV6:2001:db8::1 DESTPORT=25", 220)
    c:cmd("EHLO one.test", 250)
    mail(c)
    -- LOCAL would make our own connection of it, with our rights.
    assert.same({ command = "PROXY", client = "192.0.2.9:4000", server = "0.0.0.0:25" },
      hop:of("proxy", 1)[1])
  end)

  it("by PROXY before TLS", function()
    local dir = process.directory()
    hop = sink.start { proxy = true, tls = certificate.make(dir, "hop"), implicit = true }
    server = lunette.start {
      config = ([[ relay = { "smtps://127.0.0.1:%d", xclient = "proxy" }; hooks = { "yes" } ]])
        :format(hop.port),
    }
    mail(dial "one.test")
    assert.equal(server:log("connect")[1].client, hop:of("proxy", 1)[1].client)
    assert.is_true(hop:messages()[1].secured)
    process.remove(dir)
  end)
end)
