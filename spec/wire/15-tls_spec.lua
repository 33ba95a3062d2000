-- TLS towards clients: offered, required, from the start; what hooks see of it,
-- and what is forgotten.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"

local watch = [[
local verdict = require "lunette.verdict"
local watch = {}
local function show(session, stage)
  local tls = session.tls
  session:log("info", "%s %s %s", stage, tls and tls.version or "clear", tls and tls.sni or "-")
end
function watch.pre_connection(session) show(session, "pre_connection") end
function watch.connect(session) show(session, "connect") end
function watch.starttls(session)
  show(session, "starttls")
  if session.helo then error "the name is still known" end
  if session.tls.sni == "no.test" then return verdict.reject("not by that name") end
  if session.tls.sni == "drop.test" then return verdict.drop() end
end
function watch.helo(session, name) show(session, "helo") end
function watch.disconnect(session) show(session, "disconnect " .. session.closed) end
return watch
]]

local config = [[
relay = "maildir:mail"; hooks = { "watch", "yes" }; workers = { count = 1 };
tls = { cert = "%s", key = "%s" };
listen = { "127.0.0.1:0", { "127.0.0.1:0", name = "required", tls = "required" },
  { "127.0.0.1:0", name = "implicit", tls = "implicit" },
  { "127.0.0.1:0", name = "off", tls = "off" } };
timeouts = { tls = "300ms" }; xclient_clients = "127.0.0.2"
]]

describe("TLS", function()
  local server, from

  setup(function()
    local pair = certificate.make(process.directory(), "mx", { names = { "mx.test" } })
    server = lunette.start { config = config:format(pair.cert, pair.key), hooks = { watch = watch } }
  end)
  teardown(lunette.clean)
  before_each(function() from = server:here() end)

  -- What the hook saw in this client's session, in order.
  local function seen(c)
    local last, list = server:ended(c), {}
    for _, line in ipairs(server:log("hook", from)) do
      if line.id == last.id then
        list[#list + 1] = line.msg
      end
    end
    return list
  end

  it("is offered, and carries a message", function()
    local c = server:dial()
    assert.matches("STARTTLS", c:hello().text)
    c:starttls({ sni = "mx.test" })
    c:cmd("MAIL FROM:<a@b.test>", "503 5%.5%.1")
    assert.is_nil(c:cmd("EHLO again.test", 250).text:match "STARTTLS")
    assert.equal(250, c:mail({}).code)
    c:cmd("QUIT", 221)
    c:expect_closed()
    local line = server:ended(c)
    assert.matches("^TLSv1%.[23]$", line.tls)
    assert.equal("again.test", line.helo)
    assert.matches("with ESMTPS id", server:mails()[1])
  end)

  it("does not come after XCLIENT, which cannot be unsaid", function()
    local c = server:dial { source = "127.0.0.2" }
    assert.matches("STARTTLS", c:hello().text)
    c:cmd("XCLIENT ADDR=192.0.2.5", 220)
    assert.is_nil(c:cmd("EHLO again.test", 250).text:match "STARTTLS")
    c:cmd("STARTTLS", "503 5%.5%.1")
    c:cmd("QUIT", 221)
    c = server:dial { source = "127.0.0.2" }
    c:hello()
    c:cmd("XFORWARD NAME=x.test", "250 2%.0%.0")
    c:starttls({}, "again.test")
    c:cmd("XFORWARD IDENT=7", "250 2%.0%.0")
    from = server:here()
    assert.equal(250, c:mail({}).code)
    assert.equal("IDENT=7", server:wait_for("message", nil, from).xforward)
    c:cmd("XCLIENT ADDR=192.0.2.5", 220)
    c:cmd("QUIT", 221)
  end)

  it("comes before XCLIENT where it is required", function()
    local c = server:dial({ source = "127.0.0.2" }, 2)
    assert.is_nil(c:hello().text:match "XCLIENT")
    c:cmd("XCLIENT ADDR=192.0.2.5", "530 5%.7%.0")
    c:cmd("XFORWARD NAME=x.test", "530 5%.7%.0")
    c:starttls({})
    assert.matches("XCLIENT", c:cmd("EHLO again.test", 250).text)
    c:cmd("XCLIENT ADDR=192.0.2.5", 220)
    c:cmd("QUIT", 221)
  end)

  it("is what hooks are asked about", function()
    local c = server:dial()
    c:hello()
    c:starttls({ sni = "mx.test" }, "again.test")
    local version = c.tls.version
    c:cmd("QUIT", 221)
    assert.same({ "pre_connection clear -", "connect clear -", "helo clear -",
      "starttls " .. version .. " mx.test", "helo " .. version .. " mx.test",
      "disconnect quit " .. version .. " mx.test" }, seen(c))
  end)

  it("may be refused by a hook", function()
    local c = server:dial()
    c:hello()
    c:starttls({ sni = "no.test" })
    c:cmd("EHLO client.test", "554 5%.7%.1 not by that name")
    c:cmd("MAIL FROM:<a@b.test>", "554 5%.7%.1 not by that name")
    c:cmd("QUIT", 221)
    c = server:dial()
    c:hello()
    c:starttls({ sni = "drop.test" })
    c:expect_closed()
  end)

  it("is spoken from the start", function()
    local c = server:dial({ tls = true, sni = "mx.test" }, 3)
    assert.is_nil(c:hello().text:match "STARTTLS")
    c:cmd("STARTTLS", "503 5%.5%.1")
    c:cmd("QUIT", 221)
    assert.same({ "pre_connection clear -", "connect " .. c.tls.version .. " mx.test" },
      { unpack(seen(c), 1, 2) })
  end)

  it("is required", function()
    local c = server:dial(nil, 2)
    c:hello()
    for _, line in ipairs { "MAIL FROM:<a@b.test>", "RSET", "VRFY x", "AUTH PLAIN AGEAYg==" } do
      c:cmd(line, "530 5%.7%.0")
    end
    local said = server:line_of(c, "verdict")
    assert.same({ "MAIL", "530", "say STARTTLS first" }, { said.verb, said.code, said.text })
    c:cmd("NOOP", 250)
    c:starttls({}, "client.test")
    assert.equal(250, c:mail({}).code)
  end)

  it("is not there where it is off", function()
    local c = server:dial(nil, 4)
    assert.is_nil(c:hello().text:match "STARTTLS")
    c:cmd("STARTTLS", "502 5%.5%.1")
  end)

  it("ends a session that cannot shake hands, and says why", function()
    local c = server:dial()
    c:hello()
    c:cmd("STARTTLS", 220)
    c:line "EHLO client.test"
    c:expect_closed()
    assert.matches("^TLS handshake: ", server:wait_for("verdict", nil, from).text)
    assert.matches("^disconnect tls clear", (seen(c))[4])
  end)

  it("ends a session that does not shake hands in time", function()
    local c = server:dial(nil, 3)
    c:expect_closed()
    assert.equal("TLS handshake: timed out", server:wait_for("verdict", nil, from).text)
    server:wait_for("end", { reason = "tls" }, from)
  end)

  it("takes thousands of commands in one record", function()
    local c = server:dial({ tls = true }, 3)
    c:hello()
    c:send(("MAIL FROM:<a@b.test>\r\nRCPT TO:<b@example.org>\r\nRSET\r\n"):rep(33) .. "QUIT\r\n")
    for _ = 1, 33 do
      c:expect(250)
      c:expect(250)
      c:expect(250)
    end
    c:expect(221)
  end)
end)
