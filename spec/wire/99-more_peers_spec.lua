-- More of real programs: LMTP clients, an OpenSMTPD that sends, peers that speak
-- for others, logins by certificate, and Postfix's own sink behind.
local certificate = require "spec.support.certificate"
local client = require "spec.support.client"
local exim = require "spec.support.exim"
local lunette = require "spec.support.lunette"
local opensmtpd = require "spec.support.opensmtpd"
local peer = require "spec.support.peer"
local postfix = require "spec.support.postfix"
local process = require "spec.support.process"
local sink = require "spec.support.sink"
local wait = require "spec.support.wait"

local body = ".\r\n..\r\n.dot\r\n" .. ("x"):rep(900) .. "\r\nend\r\n"

local users = [[
local verdict = require "lunette.verdict"
return { auth = function(session, login)
  if login.user == "relay" and login.password == "swordfish" or
      login.mechanism == "EXTERNAL" and login.user:find("jo.test", 1, true) and
      session.tls.verified then
    return verdict.accept()
  end
end }
]]

local function submit(port, m)
  local c = client.dial(port)
  c:hello()
  local r = c:mail {
    to = m.to, data = "Subject: " .. (m.subject or "x") .. "\r\n\r\n" .. body,
  }
  assert.equal(250, r.code, r.text)
  c:cmd("QUIT", 221)
end

local function clean()
  lunette.clean()
  sink.clean()
  peer.clean()
  postfix.clean()
end

local function start(hop, rest, listener)
  return lunette.start {
    config = ([[ relay = "%s"; hooks = { "yes", "users" };
      listen = { { "127.0.0.1:0", %s } }; %s ]]):format(hop.url, listener or "", rest or ""),
    hooks = { users = users },
  }
end

describe("a client", function()
  after_each(clean)

  it("may speak LMTP: msmtp and swaks", function()
    local hop = sink.start()
    local server = start(hop, "", "lmtp = true")
    local port = tostring(server.port)
    for i, argv in ipairs {
      { "msmtp", "-C", "/dev/null", "--protocol=lmtp", "--host=127.0.0.1", "--port=" .. port,
        "--tls=off", "--from=a@client.test", "b@example.org", "c@example.org",
        input = "Subject: x\n\n.x\n" },
      { "swaks", "--protocol", "LMTP", "--server", "127.0.0.1", "--port", port, "--from",
        "a@client.test", "--to", "b@example.org,c@example.org", "--body", ".x" },
    } do
      local got = process.run(argv)
      assert.equal(0, got.code, got.out .. got.err)
      local m = hop:wait_messages(i)[i]
      assert.same({ "b@example.org", "c@example.org" }, m.to)
      assert.matches("\r\n%.x\r\n", m.data)
      assert.matches("with LMTP ", m.data)
    end
  end)

  it("may be swaks that speaks for another, by XCLIENT or PROXY", function()
    local hop = sink.start()
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" };
        xclient_clients = { "127.0.0.1" }; proxy_clients = { "127.0.0.1" };
        listen = { "127.0.0.1:0", { "127.0.0.1:0", name = "proxied", proxy = true } } ]])
        :format(hop.url),
    }
    for i, words in ipairs {
      { 1, "--xclient-addr", "192.0.2.9", "--xclient-name", "far.test", "--xclient-helo", "far" },
      { 2, "--proxy-version", "1", "--proxy-family", "TCP4", "--proxy-source", "192.0.2.9",
        "--proxy-source-port", "4711", "--proxy-dest", "192.0.2.1", "--proxy-dest-port", "25" },
      { 2, "--proxy-version", "2", "--proxy-family", "AF_INET", "--proxy-protocol", "STREAM",
        "--proxy-command", "PROXY", "--proxy-source", "192.0.2.9", "--proxy-source-port", "4711",
        "--proxy-dest", "192.0.2.1", "--proxy-dest-port", "25" },
    } do
      local got = process.run {
        "swaks", "--server", "127.0.0.1", "--port", tostring(server.ports[words[1]]), "--from",
        "a@client.test", "--to", "b@example.org", "--helo", "client.test", unpack(words, 2),
      }
      assert.equal(0, got.code, got.out .. got.err)
      assert.matches("%[192%.0%.2%.9%]", hop:wait_messages(i)[i].data)
      assert.matches(words[1] == 1 and "^192%.0%.2%.9:" or "^192%.0%.2%.9:4711$",
        server:wait_count(i, "end") == i and server:log "end"[i].client)
    end
  end)

  it("may be curl with a certificate for a login", function()
    local dir = process.directory()
    local ca = certificate.make(dir, "ca", { is_ca = true })
    local mine = certificate.make(dir, "mx", { names = { "127.0.0.1" }, ca = ca })
    local jo = certificate.make(dir, "jo", { ca = ca })
    local hop = sink.start()
    local server = start(hop, ([[ auth = { mechanisms = { "PLAIN", "EXTERNAL" } };
      tls = { cert = "%s", key = "%s", client_ca = "%s" }; ]]):format(mine.cert, mine.key, ca.cert),
      'tls = "required", auth = "required"')
    local got = process.run {
      "curl", "-sS", "--url", "smtp://127.0.0.1:" .. server.port .. "/client.test", "--ssl-reqd",
      "--cacert", ca.cert, "--cert", jo.cert, "--key", jo.key, "--mail-from", "a@client.test",
      "--mail-rcpt", "b@example.org", "--upload-file", "-", "--user", "jo:", "--login-options",
      "AUTH=EXTERNAL", input = "Subject: x\r\n\r\nx\r\n",
    }
    process.remove(dir)
    assert.equal(0, got.code, got.err .. process.read(server.log_path))
    hop:wait_messages(1)
    assert.matches("jo%.test", server:wait_for("end").auth)
  end)

  it("may be smtp-source, with smtp-sink behind", function()
    local port = peer.free_port()
    local argv = { "smtp-sink", "127.0.0.1:" .. port, "100" }
    if process.is_root() then
      argv = { argv[1], "-u", "nobody", argv[2], argv[3] }
    end
    local behind = process.start(argv)
    finally(function() behind:stop() end)
    wait.for_("smtp-sink", function() return peer.listens(port) end)
    local server = start { url = "smtp://127.0.0.1:" .. port }
    local got = process.run {
      "smtp-source", "-s", "10", "-m", "200", "-l", "2000", "-f", "a@client.test", "-t",
      "b@example.org", "127.0.0.1:" .. server.port, seconds = 60,
    }
    assert.equal(0, got.code, got.err)
    assert.equal(200, server:wait_count(200, "message"))
  end)
end)

describe("a mail server", function()
  local missing = peer.missing()
  if missing then
    pending(missing)
    return
  end

  after_each(clean)

  for name, sender in pairs {
    Postfix = function(port)
      return postfix.sender(port, "relayhost =\ndefault_transport = lmtp:inet:127.0.0.1:" .. port)
    end,
    Exim = function(port) return exim.start { to = port, transport = "  protocol = lmtp\n" } end,
  } do
    it("may speak LMTP to us: " .. name, function()
      local hop = sink.start {
        lmtp = true,
        dot = function(_, to) return to:match "no@" and "550 5.7.1 not this" or nil end,
      }
      local server = start(hop, "", "lmtp = true")
      local from = sender(server.port)
      submit(from.port, { to = { "b@example.org", "no@example.org", "c@example.org" } })
      local m = hop:wait_messages(1, 30)[1]
      assert.equal(body, m.data:match "\r\n\r\n(.*)$")
      assert.equal(3, #m.to)
      wait.for_("a report about one", function()
        for _, report in ipairs(hop:messages()) do
          if report.from == "" then
            assert.matches("not this", report.data)
            assert.is_nil(report.data:match "Recipient:[^\n]*b@example")
            return true
          end
        end
      end, 30)
    end)
  end

  it("may be Postfix that forwards what it knows: XFORWARD", function()
    local hop = sink.start()
    local server = start(hop, 'xclient_clients = { "127.0.0.1" };')
    local from = postfix.sender(server.port, "smtp_send_xforward_command = yes\n")
    local c = client.dial(from.port, { source = "127.0.0.9" })
    c:hello "far.test"
    assert.equal(250, c:mail {}.code)
    c:cmd("QUIT", 221)
    hop:wait_messages(1, 30)
    local line = server:wait_for "message"
    assert.matches("127%.0%.0%.9", line.line)
    assert.matches("^127%.0%.0%.1:", line.client)  -- nobody becomes another by it
  end)

  it("may be OpenSMTPD that sends", function()
    local hop = sink.start()
    local server = start(hop)
    local from = opensmtpd.start { to = "smtp+notls://127.0.0.1:" .. server.port }
    for i = 1, 5 do
      submit(from.port, { subject = "number " .. i, to = { "b@example.org", "c@example.org" } })
    end
    local seen = {}
    for _, m in ipairs(hop:wait_messages(5, 30)) do
      seen[m.data:match "Subject: number (%d)"] = true
      assert.equal(body, m.data:match "\r\n\r\n(.*)$")
      assert.equal("a@client.test", m.from)
    end
    for i = 1, 5 do
      assert.is_true(seen[tostring(i)])
    end
  end)

  for _, scheme in ipairs { "smtp+tls", "smtps" } do
    it("may be OpenSMTPD that sends with TLS and a login: " .. scheme, function()
      local dir = process.directory()
      local mine = certificate.make(dir, "mx", { names = { "127.0.0.1" } })
      local hop = sink.start()
      local server = start(hop, ('tls = { cert = "%s", key = "%s" };'):format(mine.cert, mine.key),
        scheme == "smtps" and 'tls = "implicit", auth = "required"' or
          'tls = "required", auth = "required"')
      local from = opensmtpd.start {
        to = ("%s://us@127.0.0.1:%d"):format(scheme, server.port),
        relay = "auth <logins> tls no-verify", main = 'table logins { us = "relay:swordfish" }',
      }
      process.remove(dir)
      submit(from.port, {})
      local data = hop:wait_messages(1, 30)[1].data
      assert.equal(body, data:match "\r\n\r\n(.*)$")
      assert.matches("^Received: [^\n]*\r\n[^\n]* with ESMTPSA ", data)
    end)
  end
end)
