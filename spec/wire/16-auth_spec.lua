-- AUTH towards clients, in the whole program: what is offered where, who gets
-- in, and that no word of it is written anywhere.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"

local gate = [[
local verdict = require "lunette.verdict"
local gate = {}
function gate.auth(session, login)
  if login.user == "later" then return verdict.defer() end
  if login.user == "broken" then error "no database" end
  if login.user == "said" then return verdict.reject("not you") end
  if login.mechanism == "EXTERNAL" then
    login.user = login.user:match "CN=([^,]+)"
    return verdict.accept()
  end
  if login.user == "ann" and login.password == "se.cret" then
    login.user = "ann@example.org"
    return verdict.accept()
  end
end
function gate.connect(session) return verdict.reject("unknown host"):later() end
function gate.rcpt(session)
  if session.auth then return verdict.accept() end
end
function gate.unknown(session, verb, rest) session:log("info", "unknown %s %s", verb, rest) end
return gate
]]

local config = [[
relay = "maildir:mail"; hooks = { "gate" }; workers = { count = 1 };
tls = { cert = "%s", key = "%s", client_ca = "%s" };
auth = { mechanisms = { "PLAIN", "LOGIN", "EXTERNAL" } };
listen = { { "127.0.0.1:0", auth = "offered" },
  { "127.0.0.1:0", name = "required", tls = "implicit", auth = "required" },
  { "127.0.0.1:0", name = "off" } };
log = { level = "debug" }
]]

local function b64(text)
  return (require "mime".b64(text))
end

local good = "AUTH PLAIN " .. b64 "\0ann\0se.cret"

describe("AUTH", function()
  local server, dir, mine, from

  setup(function()
    dir = process.directory()
    local pair = certificate.make(dir, "mx", { names = { "mx.test" } })
    local ca = certificate.make(dir, "ca", { names = { "ca.test" }, is_ca = true })
    mine = certificate.make(dir, "ann", { names = { "ann.test" }, ca = ca })
    server = lunette.start {
      config = config:format(pair.cert, pair.key, ca.cert), hooks = { gate = gate },
    }
  end)
  teardown(lunette.clean)
  before_each(function() from = server:here() end)

  local function secured(o, n)
    local c = server:dial(nil, n)
    c:hello()
    return c:starttls(o or {}, "client.test")
  end

  it("is offered under TLS alone", function()
    local c = server:dial()
    assert.is_nil(c:hello().text:match "AUTH")
    c:cmd(good, "538 5%.7%.11")
    c:starttls({})
    assert.matches("\nAUTH PLAIN LOGIN\n", c:cmd("EHLO client.test", 250).text)
    c = secured(nil, 3)
    c:cmd(good, "503 5%.5%.1")
  end)

  it("lets in who is known, once", function()
    local c = secured()
    c:cmd(good, "235 2%.7%.0")
    c:cmd(good, "503 5%.5%.1")
    assert.equal(250, c:mail({}).code)
    c:cmd("QUIT", 221)
    local line = server:ended(c)
    assert.equal("ann@example.org", line.auth)
    assert.matches("with ESMTPSA id", server:mails()[1])
  end)

  it("asks for what is missing", function()
    local c = secured()
    c:cmd("AUTH LOGIN", "334 VXNlcm5hbWU6")
    c:cmd(b64 "ann", "334 UGFzc3dvcmQ6")
    c:cmd("*", "501 5%.7%.0")
    c:cmd("AUTH LOGIN " .. b64 "ann", "334 UGFzc3dvcmQ6")
    c:cmd(b64 "se.cret", "235 2%.7%.0")
    c = secured()
    c:cmd("AUTH PLAIN", "334 $")
    c:cmd(b64 "\0ann\0se.cret", "235 2%.7%.0")
  end)

  it("forgives what was held, and without it nothing is forgiven", function()
    local c = secured()
    assert.matches("unknown host", c:mail({}).text)
    c:cmd("RSET", 250)
    c:cmd(good, 235)
    assert.equal(250, c:mail({}).code)
  end)

  it("knows a certificate", function()
    local c = secured { cert = mine.cert, key = mine.key }
    assert.matches("AUTH PLAIN LOGIN EXTERNAL", c:cmd("EHLO client.test", 250).text)
    c:cmd("AUTH EXTERNAL =", "235 2%.7%.0")
    c:cmd("QUIT", 221)
    server:wait_for("end", { auth = "ann.test" }, from)
    secured():cmd("AUTH EXTERNAL =", "504 5%.5%.4")
  end)

  it("says no, later, and that something is broken", function()
    local c = secured()
    c:cmd("AUTH PLAIN " .. b64 "\0later\0x", "454 4%.7%.0")
    c:cmd("AUTH PLAIN " .. b64 "\0broken\0x", "451 4%.3%.0")
    c:cmd("AUTH PLAIN " .. b64 "\0said\0x", "535 5%.7%.8 not you")
    c:cmd("AUTH PLAIN " .. b64 "\0nobody\0x", "535 5%.7%.8 authentication failed")
    c:cmd("AUTH PLAIN " .. b64 "\0ann\0x", "421 4%.7%.0")
    c:expect_closed()
    server:wait_for("end", { reason = "errors" }, from)
  end)

  it("is required", function()
    local c = server:dial({ tls = true }, 2)
    c:hello()
    c:cmd("MAIL FROM:<a@b.test>", "530 5%.7%.0")
    server:wait_for("verdict", { client = c.name, text = "authentication is required" }, c.from)
    c:cmd(good, 235)
    assert.equal(250, c:mail({}).code)
  end)

  it("leaves no word of it in the log", function()
    local log = process.read(server.log_path)
    for _, word in ipairs { "se.cret", b64 "se.cret", b64 "\0ann\0se.cret", "unknown AUTH" } do
      assert.is_nil(log:find(word, 1, true))
    end
  end)
end)
