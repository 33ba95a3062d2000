-- Logins and TLS as hooks see them: the hook auth_file with real hashes, client
-- certificates, the stages starttls and auth, and where a password never goes.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local mime = require "mime"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

-- openssl passwd -6 -salt saltsalt s3cret
local HASH = process.run { "openssl", "passwd", "-6", "-salt", "saltsalt", "s3cret" }.out:match "%S+"

local function plain(user, password, authzid)
  return "AUTH PLAIN " .. mime.b64(("%s\0%s\0%s"):format(authzid or "", user, password))
end

describe("logins:", function()
  local dir, mx, ca, ann

  setup(function()
    dir = process.directory()
    mx = certificate.make(dir, "mx", { names = { "mx.test" } })
    ca = certificate.make(dir, "ca", { is_ca = true })
    ann = certificate.make(dir, "ann", { ca = ca, subject = "/CN=ann" })
  end)
  teardown(function() process.remove(dir) end)
  after_each(lunette.clean)

  local function start(rest, hooks, files)
    return lunette.start {
      config = ([[
        listen = { { "127.0.0.1:0", auth = "offered" } }
        tls = { cert = "%s", key = "%s", client_ca = "%s" }
        relay = "discard:"
      ]]):format(mx.cert, mx.key, ca.cert) .. rest,
      hooks = hooks, files = files,
    }
  end

  local function secured(server, o)
    local c = server:dial()
    c:hello()
    return c:starttls(o or {}, "client.test")
  end

  it("by name and password", function()
    local server = start([[ hooks = {
      { "auth_file", users = file "users", realm = "example.org" }, "relay_clients" } ]], nil,
      { users = "# people\nann:" .. HASH .. "\n" })
    local c = secured(server)
    c:cmd("MAIL FROM:<ann@example.org>", 250)
    c:cmd("RCPT TO:<bob@elsewhere.test>", "550 5%.7%.1 relaying denied")
    c:cmd("RSET", 250)
    c:cmd(plain("ann", "wr0ng"), "535 5%.7%.8")
    c:cmd(plain("eve", "s3cret"), "535 5%.7%.8")
    c:cmd(plain("ann@example.org", "s3cret"), "235 2%.7%.0")
    assert.equal(250, c:mail { from = "ann@example.org", to = "bob@elsewhere.test" }.code)
    c:cmd("QUIT", 221)
    local last = server:wait_for("end", { reason = "quit" })
    assert.equal("ann", last.auth)
    assert.matches("^TLSv1", last.tls)
    assert.matches("auth_file=fail%(wrong password for ann%)", last.results)
    server:stop()
    assert.is_nil(server.final_log:find "s3cret")
    assert.is_nil(server.final_log:find "wr0ng")
    assert.is_nil(server.final_log:find(plain("ann", "wr0ng"):sub(12), 1, true))
  end)

  it("not as another", function()
    local server = start(([[ hooks = { { "auth_file", users = { ann = "%s" } } } ]]):format(HASH))
    local c = secured(server)
    c:cmd(plain("ann", "s3cret", "root"), "535 5%.7%.8")
    c:cmd(plain("ann", "s3cret", "ann"), "235 2%.7%.0")
    c:close()
    server:stop()
  end)

  it("a password in clear text is refused at load", function()
    local got = lunette.run({ "check", "-c", "$DIR/lunette.lua" }, {
      config = [[ relay = "discard:"; hooks = { { "auth_file", users = "ann:s3cret" } } ]],
    })
    assert.equal(78, got.code)
    assert.matches("users: line 1: ann: a hash of crypt%(3%) expected", got.err)
    assert.is_nil(got.err:find "s3cret")
  end)

  it("explain does not show hashes", function()
    local got = lunette.run({ "explain", "-c", "$DIR/lunette.lua" }, {
      config = ([[ relay = "discard:"; hooks = { { "auth_file", users = { ann = "%s" } } } ]])
        :format(HASH),
    })
    assert.equal(0, got.code)
    assert.matches('ann = "%$6%$%.%.%."', got.out)
    assert.is_nil(got.out:find(HASH, 1, true))
  end)

  it("by certificate", function()
    local server = start([[
      auth = { mechanisms = { "EXTERNAL", "PLAIN" } }
      hooks = { { "auth_file", certificates = { ["]] .. ann.fingerprint .. [["] = "ann" } } } ]])
    local c = secured(server, { cert = ann.cert, key = ann.key })
    c:cmd("AUTH EXTERNAL " .. mime.b64 "bob", "535 5%.7%.8")
    c:cmd("AUTH EXTERNAL =", "235 2%.7%.0")
    c:close()
    c = secured(server)
    c:cmd("AUTH EXTERNAL =", 504)
    c:close()
    assert.equal("ann", server:wait_for("end", { auth = "ann" }).auth)
    server:stop()
  end)

  it("a hook sees TLS, at starttls and later", function()
    local server = start([[ hooks = { "look" } ]], { look = [[
      local verdict = require "lunette.verdict"
      local look = {}
      function look.starttls(session)
        assert(session.helo == nil and session.tls.version:find "^TLS")
        if session.tls.sni == "no.test" then return verdict.reject("not by that name") end
        if session.tls.sni == "drop.test" then return verdict.drop() end
      end
      function look.helo(session)
        local tls = session.tls
        if tls then
          session:log("info", { subject = tostring(tls.subject), verified = tls.verified,
            cipher = tls.cipher, bits = tls.bits, fingerprint = tostring(tls.fingerprint) })
        end
      end
      function look.disconnect(session)
        session:log("info", { left = tostring(session.closed), with = session.tls and
          session.tls.version or "nothing" })
      end
      return look ]] })
    local c = secured(server, { cert = ann.cert, key = ann.key, sni = "mx.test" })
    local line = server:wait_for("hook", { verified = "true" })
    assert.matches("CN ?= ?ann", line.subject)
    assert.equal(ann.fingerprint, line.fingerprint)
    assert.is_true(tonumber(line.bits) >= 128)
    c:cmd("QUIT", 221)
    assert.matches("^TLSv1", server:wait_for("hook", { left = "quit" }).with)

    c = server:dial()
    c:hello()
    c:starttls { sni = "no.test" }
    c:cmd("EHLO client.test", "554 5%.7%.1 not by that name")
    c:cmd("QUIT", 221)
    c = server:dial()
    c:hello()
    c:starttls { sni = "drop.test" }
    c:expect_closed()
    c = server:dial()
    c:hello()
    c:cmd("STARTTLS", 220)
    c:send "this is no handshake\r\n"
    server:wait_for("hook", { left = "tls" })
    c:close()
    assert.equal(0, server:count "hook_error")
    server:stop()
  end)

  it("a login is over with its question, and its password stays inside", function()
    local server = start([[ hooks = { "loud" } ]], { loud = [[
      local verdict, log = require "lunette.verdict", require "lunette.log"
      local kept
      local loud = {}
      function loud.auth(session, login)
        kept = login
        log.info("tried %s", login.password)
        session:log("info", { password = login.password })
        session:result("loud", "fail", login.password)
        if login.user == "raise" then error(login.password) end
        return verdict.reject("5.7.8", "%s is no good", login.password)
      end
      function loud.mail() return verdict.reject(kept.password) end
      return loud ]] })
    local c = secured(server)
    c:cmd(plain("ann", "s3cret"), "535 5%.7%.8 authentication failed")
    c:cmd(plain("raise", "s3cret"), 451)
    c:cmd("MAIL FROM:<>", "451 4%.3%.0")
    c:cmd("QUIT", 221)
    assert.equal(2, server:wait_count(2, "hook_error"))
    server:wait_for "end"
    server:stop()
    assert.matches("withheld", server.final_log)
    assert.is_nil(server.final_log:find "s3cret")
  end)

  it("hashing holds up nobody, and ends with the session", function()
    local server = start(([[
      workers = { count = 1 }
      hooks = { { "auth_file", users = { ann = "%s" } } } ]]):format(
      process.run { "openssl", "passwd", "-6", "-salt", "rounds=1000000$saltsalt", "s3cret" }.out
        :match "%S+"))
    local c, other = secured(server), secured(server)
    c:line(plain("ann", "s3cret"))
    for _ = 1, 20 do other:cmd("NOOP", 250) end
    assert.is_true(c:is_quiet())
    c:close()
    server:wait_for("end", { reason = "lost" })
    other:cmd("QUIT", 221)
    assert.equal(0, server:stop())
  end)

  it("XCLIENT brings another client to all hooks", function()
    local server = lunette.start {
      config = [[
        relay = "discard:"; xclient_clients = "127.0.0.1"
        hooks = { { "access", deny_clients = { "192.0.2.66" } }, "count" } ]],
      hooks = { count = [[
        local verdict = require "lunette.verdict"
        return {
          connect = function(session) session:result("count", "fail", session.client.ip, 1) end,
          vrfy = function(session) return verdict.reject("score %d", session:score()) end,
        } ]] },
    }
    local c = server:dial()
    c:hello()
    c:cmd("VRFY x", "550 5%.7%.1 score 1")
    c:cmd("XCLIENT ADDR=192.0.2.7", 220)
    c:cmd("VRFY x", "550 5%.7%.1 score 1")
    c:cmd("XCLIENT ADDR=192.0.2.66", "554 5%.7%.1 client 192%.0%.2%.66")
    c:expect_closed()
    server:stop()
  end)

  it("a teaser is said before the banner", function()
    local server = lunette.start { config = [[
      relay = "discard:"
      hooks = { { "early_talker", seconds = "50s", teaser = "one moment" } } ]] }
    local c = server:dial()
    wait.for_(function() return "the teaser" end, function() return not c:is_quiet() end)
    c:line "EHLO robot"
    local line = c.sock:receive "*l"
    assert.equal("220-mx.test one moment", (line:gsub("\r$", "")))
    c:expect "554 5%.5%.1"
    c:expect_closed()
    server:stop()
  end)
end)
