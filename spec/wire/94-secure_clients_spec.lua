-- Real clients with TLS and AUTH: STARTTLS and TLS from the first octet, PLAIN
-- and LOGIN, and a certificate that they verify.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local s_client = require "spec.support.s_client"
local sink = require "spec.support.sink"

local letter = "From: a@client.test\nTo: b@example.org\nSubject: letter\n\n" ..
  ".\n..\n.dot\nna\195\175ve\n" .. ("x"):rep(900) .. "\n\nend\n"

local user, password = "jo@client.test", "open sesame \195\164"

local users = [[
local verdict = require "lunette.verdict"
return { auth = function(session, login)
  if login.user == "jo@client.test" and login.password == "open sesame \195\164" then
    return verdict.accept()
  end
end }
]]

describe("a client with TLS", function()
  local dir, mine, hop, server

  setup(function()
    dir = process.directory()
    mine = certificate.make(dir, "mx", { names = { "mx.test", "localhost", "127.0.0.1" } })
    hop = sink.start()
    server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes", "users" };
        tls = { cert = "%s", key = "%s" };
        listen = {
          { "127.0.0.1:0", name = "submission", tls = "required", auth = "required" },
          { "127.0.0.1:0", name = "submissions", tls = "implicit", auth = "required" },
          { "127.0.0.1:0", name = "smtp", tls = "starttls" } } ]])
        :format(hop.url, mine.cert, mine.key),
      hooks = { users = users }, files = { letter = letter },
    }
  end)
  after_each(s_client.clean)
  teardown(function()
    lunette.clean()
    sink.clean()
    process.remove(dir)
  end)

  local function port(name)
    return server.ports[({ submission = 1, submissions = 2, smtp = 3 })[name]]
  end

  -- What a client is told, for each: how it is run for STARTTLS, for TLS from
  -- the start, and with the mechanism of AUTH, or without.
  local clients = {
    swaks = function(o)
      local argv = {
        "swaks", "--server", "127.0.0.1", "--port", o.port, "--from", "a@client.test",
        "--to", "b@example.org", "--helo", "client.test", "--data", "@" .. o.letter,
        o.implicit and "--tls-on-connect" or "--tls", "--tls-verify", "--tls-ca-path", o.ca or mine.cert,
      }
      for _, word in ipairs(o.mechanism and { "--auth", o.mechanism, "--auth-user", user,
          "--auth-password", o.password } or {}) do
        argv[#argv + 1] = word
      end
      return argv
    end,
    curl = function(o)
      local argv = {
        "curl", "-sS", "--url", (o.implicit and "smtps" or "smtp") .. "://127.0.0.1:" ..
          o.port .. "/client.test", "--mail-from", "a@client.test", "--mail-rcpt",
        "b@example.org", "--upload-file", o.letter, "--crlf", "--ssl-reqd", "--cacert",
        o.ca or mine.cert,
      }
      for _, word in ipairs(o.mechanism and { "--user", user .. ":" .. o.password,
          "--login-options", "AUTH=" .. o.mechanism } or {}) do
        argv[#argv + 1] = word
      end
      return argv
    end,
    msmtp = function(o)
      return {
        "msmtp", "-C", "/dev/null", "--host=127.0.0.1", "--port=" .. o.port, "--tls=on",
        "--tls-starttls=" .. (o.implicit and "off" or "on"), "--tls-trust-file=" .. (o.ca or mine.cert),
        "--from=a@client.test", "--domain=client.test", "--set-date-header=off",
        "--set-msgid-header=off", "--auth=" .. (o.mechanism and o.mechanism:lower() or "off"),
        "--user=" .. user, "--passwordeval=printf '%s\\n' '" .. (o.password or "") .. "'",
        "b@example.org", stdin = o.letter,
      }
    end,
  }

  local ways = {
    { listener = "smtp" },
    { listener = "submission", mechanism = "PLAIN" },
    { listener = "submission", mechanism = "LOGIN" },
    { listener = "submissions", mechanism = "PLAIN" },
    { listener = "submissions", mechanism = "LOGIN" },
  }

  for name, words in pairs(clients) do
    for _, way in ipairs(ways) do
      it(("may be %s: %s %s"):format(name, way.listener, way.mechanism or ""), function()
        local n, from = #hop:messages(), server:here()
        local argv = words {
          port = tostring(port(way.listener)), implicit = way.listener == "submissions",
          mechanism = way.mechanism, password = password, letter = server:path "letter",
        }
        local got = process.run(argv)
        assert.equal(0, got.code, got.out .. got.err)
        local m = hop:wait_messages(n + 1)[n + 1]
        local trace, text = lunette.split_mail((m.data:gsub("\r\n", "\n")))
        assert.truthy(text == letter or text == letter .. "\n", text)
        assert.matches("by mx%.test%s+with ESMTPS" .. (way.mechanism and "A" or "") .. "%s",
          trace.Received)
        local line = server:wait_for("end", { reason = "quit" }, from)
        assert.matches("^TLSv1%.[23]$", line.tls)
        assert.equal(way.mechanism and user or nil, line.auth)
      end)
    end

    it(("may be %s, and hears that its password is wrong"):format(name), function()
      local n = #hop:messages()
      local got = process.run(words {
        port = tostring(port "submission"), mechanism = "PLAIN", password = "wrong",
        letter = server:path "letter", seconds = 30,
      })
      assert.are_not.equal(0, got.code, got.out .. got.err)
      assert.equal(n, #hop:messages())
    end)

    it(("may be %s, that does not know our signer"):format(name), function()
      local n = #hop:messages()
      local other = certificate.make(dir, "other", { names = { "other.test" } })
      local got = process.run(words {
        port = tostring(port "smtp"), letter = server:path "letter", ca = other.cert,
      })
      assert.are_not.equal(0, got.code, got.out .. got.err)
      assert.equal(n, #hop:messages())
    end)
  end

  it("leaves no password in the log", function()
    local log = process.read(server.log_path)
    assert.is_nil(log:find(password, 1, true))
    assert.is_nil(log:find("open sesame", 1, true))
    assert.is_nil(log:find("wrong", 1, true))
  end)

  for _, version in ipairs { "-tls1_2", "-tls1_3" } do
    for _, listener in ipairs { "smtp", "submissions" } do
      it(("may be openssl s_client %s: %s"):format(version, listener), function()
        local n = #hop:messages()
        local words = {
          version, "-CAfile", mine.cert, "-verify_return_error", "-verify_hostname", "mx.test",
          "-servername", "mx.test",
        }
        if listener == "smtp" then
          words[#words + 1], words[#words + 2] = "-starttls", "smtp"
        end
        local c = s_client.start(port(listener), words)
        if listener == "submissions" then
          c:expect "220 mx%.test[^\n]*\n"
        else
          c:expect "Verify return code: 0.-\n250 [^\n]*\n"  -- of its first EHLO
        end
        c:say "EHLO client.test"
        assert.is_nil(c:expect("250 [^\n]*\n"):match "STARTTLS")
        if listener == "submissions" then
          c:say "MAIL FROM:<a@client.test>"
          c:expect "530 5%.7%.0"
          c:say("AUTH LOGIN"):expect "334 VXNlcm5hbWU6"
          c:say(process.run { "base64", "-w0", input = user }.out):expect "334 UGFzc3dvcmQ6"
          c:say(process.run { "base64", "-w0", input = password }.out):expect "235 2%.7%.0"
        end
        c:say("MAIL FROM:<a@client.test>"):expect "250 "
        c:say("RCPT TO:<b@example.org>"):expect "250 "  -- no R of its own
        c:say("DATA"):expect "354 "
        c:say("Subject: s_client\n\nQ\nR\n."):expect "250 "
        local text, code = c:finish()
        assert.equal(0, code, text)
        assert.matches("221 ", text)
        assert.matches("\r\n\r\nQ\r\nR\r\n$", hop:wait_messages(n + 1)[n + 1].data)
      end)
    end
  end

  it("older than 1.2 is not served", function()
    local c = s_client.start(port "submissions", { "-tls1_1", "-cipher", "ALL:@SECLEVEL=0" })
    local text = c:finish()
    assert.is_nil(text:match "220 mx")
    assert.matches("alert protocol version", text)
  end)
end)
