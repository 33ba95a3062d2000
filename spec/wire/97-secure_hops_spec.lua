-- Mail servers behind us over TLS, with and without a login; where TLS is
-- wanted and cannot be had, nothing goes in the clear.  Needs root.
local certificate = require "spec.support.certificate"
local exim = require "spec.support.exim"
local lunette = require "spec.support.lunette"
local opensmtpd = require "spec.support.opensmtpd"
local peer = require "spec.support.peer"
local postfix = require "spec.support.postfix"
local process = require "spec.support.process"

local authenticators = [[
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{relay}}{eq{$auth3}{swordfish}}}}
  server_set_id = $auth2
  server_advertise_condition = ${if def:tls_in_cipher}
]]

local login = [[
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${if and{{eq{$auth1}{relay}}{eq{$auth2}{swordfish}}}}
  server_set_id = $auth1
  server_advertise_condition = ${if def:tls_in_cipher}
]]

describe("behind us, over TLS,", function()
  local missing = peer.missing()
  if missing then
    pending(missing)
    return
  end

  local dir, ca, mine, other

  setup(function()
    dir = process.directory()
    ca = certificate.make(dir, "ca", { names = { "ca.test" }, is_ca = true })
    mine = certificate.make(dir, "behind", { names = { "behind.test", "127.0.0.1" }, ca = ca })
    other = certificate.make(dir, "stranger", { names = { "behind.test", "127.0.0.1" } })
  end)
  after_each(function()
    lunette.clean()
    peer.clean()
    postfix.clean()
  end)
  teardown(function() process.remove(dir) end)

  local hops = {
    Postfix = function(o)
      return postfix.start(("smtpd_tls_cert_file = %s\nsmtpd_tls_key_file = %s\n" ..
        "smtpd_tls_security_level = encrypt\nsmtpd_tls_wrappermode = %s\nsmtpd_tls_loglevel = 1\n")
        :format(mine.cert, mine.key, o.implicit and "yes" or "no"), nil, o.implicit)
    end,
    Exim = function(o)
      return exim.start {
        files = {
          ["/etc/exim4/cert"] = process.read(mine.cert), ["/etc/exim4/key"] = process.read(mine.key),
        },
        main = "tls_advertise_hosts = *\ntls_certificate = /etc/exim4/cert\n" ..
          "tls_privatekey = /etc/exim4/key\n",
        rcpt = "  deny !encrypted = *\n" .. (o.auth and "  deny !authenticated = *\n" or ""),
        authenticators = o.auth == "LOGIN" and login or o.auth and authenticators,
        implicit = o.implicit,
      }
    end,
  }

  local function front(hop, words, implicit)
    return lunette.start {
      config = ([[ relay = { "%s://127.0.0.1:%d", %s }; hooks = { "yes" };
        workers = { count = 1 } ]]):format(implicit and "smtps" or "smtp", hop.port, words or ""),
    }
  end

  local function send(server)
    local c = server:dial()
    c:hello()
    local r = c:mail { data = "Subject: x\r\n\r\n.x\r\n" }
    c:cmd("QUIT", 221)
    return r
  end

  local function delivers(hop, server)
    for i = 1, 3 do
      assert.equal(250, send(server).code)
      assert.matches("\n\n%.x\n", hop:wait_delivered(i)[i])
    end
  end

  local function empty(hop)
    process.run { "rm", "-rf", hop.mail .. "/new" }
  end

  local function refuses(hop, server)
    local r = send(server)
    assert.equal(451, r.code, r.text)
    assert.equal(0, #process.list(hop.mail .. "/new"))
  end

  for name, start in pairs(hops) do
    for _, implicit in ipairs { false, true } do
      it(("%s, %s"):format(name, implicit and "from the start" or "by STARTTLS"), function()
        local hop = start { implicit = implicit }
        delivers(hop, front(hop, implicit and "" or 'tls = "required"', implicit))
        lunette.clean()
        empty(hop)
        delivers(hop, front(hop, ('tls = "verify", ca = "%s"'):format(ca.cert), implicit))
        lunette.clean()
        empty(hop)
        delivers(hop, front(hop, ('fingerprint = "%s"'):format(mine.fingerprint), implicit))
        lunette.clean()
        empty(hop)
        refuses(hop, front(hop, ('tls = "verify", ca = "%s"'):format(other.cert), implicit))
        refuses(hop, front(hop, ('fingerprint = "%s"'):format(other.fingerprint), implicit))
      end)
    end
  end

  it("Postfix, if it can", function()
    local hop = hops.Postfix {}
    delivers(hop, front(hop, 'tls = "try"'))
    hop:wait_log "TLS connection established"
    lunette.clean()
    local clear = postfix.start()
    delivers(clear, front(clear, 'tls = "try"'))
    lunette.clean()
    empty(clear)
    refuses(clear, front(clear, 'tls = "required"'))
  end)

  -- Debian 12's does not go together with its OpenSSL: every handshake fails.
  it("OpenSMTPD, if it can", function()
    local hop = opensmtpd.start {
      files = { ["/etc/cert"] = process.read(mine.cert), ["/etc/key"] = process.read(mine.key) },
      main = 'pki behind cert "/etc/cert"\npki behind key "/etc/key"\n',
      listen = "tls pki behind",
    }
    delivers(hop, front(hop, 'tls = "try"'))
    lunette.clean()
    empty(hop)
    local r = send(front(hop, 'tls = "required"'))
    assert.truthy(r.code == 250 or r.code == 451 and #process.list(hop.mail .. "/new") == 0, r.text)
  end)

  for _, mechanism in ipairs { "PLAIN", "LOGIN" } do
    it("Exim wants a login, " .. mechanism, function()
      local hop = hops.Exim { auth = mechanism }
      local words = ('tls = "verify", ca = "%s", auth = { user = "relay", password = "%s" }')
      delivers(hop, front(hop, words:format(ca.cert, "swordfish")))
      lunette.clean()
      empty(hop)
      local server = front(hop, words:format(ca.cert, "marlin"))
      refuses(hop, server)
      local log = process.read(server.log_path)
      assert.is_nil(log:find("marlin", 1, true))
    end)
  end
end)
