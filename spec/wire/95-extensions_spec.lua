-- Mail servers that send through us and use what we offer them: TLS, AUTH, DSN,
-- SMTPUTF8, CHUNKING.  Needs root.
local certificate = require "spec.support.certificate"
local client = require "spec.support.client"
local exim = require "spec.support.exim"
local lunette = require "spec.support.lunette"
local peer = require "spec.support.peer"
local postfix = require "spec.support.postfix"
local process = require "spec.support.process"
local sink = require "spec.support.sink"
local wait = require "spec.support.wait"

local body = ".\r\n..\r\n.dot\r\nna\195\175ve\r\n" .. ("0123456789\r\n"):rep(3000) .. "end\r\n"

local everything = {
  "PIPELINING", "SIZE 100000000", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8",
}

local users = [[
local verdict = require "lunette.verdict"
return { auth = function(session, login)
  if login.user == "relay" and login.password == "swordfish" then
    return verdict.accept()
  end
end }
]]

describe("a server that sends through us", function()
  local missing = peer.missing()
  if missing then
    pending(missing)
    return
  end

  local dir, mine

  setup(function()
    dir = process.directory()
    mine = certificate.make(dir, "mx", { names = { "mx.test", "127.0.0.1" } })
  end)
  after_each(function()
    lunette.clean()
    sink.clean()
    peer.clean()
    postfix.clean()
  end)
  teardown(function() process.remove(dir) end)

  -- We are before this next hop, and know what it can.
  local function front(url, listener)
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes", "users" }; tls = { cert = "%s", key = "%s" };
        workers = { count = 1 }; listen = { { "127.0.0.1:0", %s } } ]])
        :format(url, mine.cert, mine.key, listener or ""),
      hooks = { users = users },
    }
    return server
  end

  local function knows(server, keyword)
    wait.for_("our EHLO to say " .. keyword, function()
      local c = server:dial()
      local text = c:hello().text
      c:cmd("QUIT", 221)
      c:close()
      return text:match(keyword)
    end)
  end

  local function submit(sender, m)
    local c = client.dial(sender.port)
    c:hello()
    c:cmd(("MAIL FROM:<%s> %s"):format(m.from or "a@client.test", m.mail or ""), 250)
    c:cmd(("RCPT TO:<%s> %s"):format(m.to or "b@example.org", m.rcpt or ""), 250)
    c:cmd("DATA", 354)
    c:send(client.stuff("Subject: " .. (m.subject or "x") .. "\r\n\r\n" .. body))
    c:expect(250)
    c:cmd("QUIT", 221)
  end

  local function check(hop, i)
    local m = hop:wait_messages(i or 1, 30)[i or 1]
    assert.equal(body, m.data:match "\r\n\r\n(.*)$")
    return m
  end

  local hooks = 'auth = "required", tls = '
  local ca = "smtp_tls_CAfile = %s\nsmtp_tls_secure_cert_match = mx.test\n" ..
    "smtp_tls_security_level = secure\n"
  local login = "smtp_sasl_auth_enable = yes\nsmtp_sasl_password_maps = static:relay:swordfish\n" ..
    "smtp_sasl_security_options = noanonymous\nsmtp_sasl_mechanism_filter = "

  -- name, our listener, how Postfix is set up, how Exim is
  local ways = {
    { "STARTTLS", 'tls = "required"', ca },
    { "TLS from the start", 'tls = "implicit"', ca .. "smtp_tls_wrappermode = yes\n",
      "  protocol = smtps\n" },
    { "PLAIN", hooks .. '"required"', ca .. login .. "plain\n", "  hosts_require_auth = *\n" },
    { "LOGIN", hooks .. '"implicit"', ca .. "smtp_tls_wrappermode = yes\n" .. login .. "login\n",
      "  protocol = smtps\n  hosts_require_auth = *\n", "login" },
  }

  for _, way in ipairs(ways) do
    it("may be Postfix with " .. way[1], function()
      local hop = sink.start()
      local server = front(hop.url, way[2])
      submit(postfix.sender(server.port, way[3]:format(mine.cert)), {})
      check(hop)
      local line = server:wait_for("end", { reason = "quit" }, nil, 20)
      assert.equal("TLSv1.3", line.tls)
      assert.equal(way[2]:match "auth" and "relay" or nil, line.auth)
    end)

    it("may be Exim with " .. way[1], function()
      local hop = sink.start()
      local server = front(hop.url, way[2])
      submit(exim.start {
        to = server.port, files = { ["/etc/ca"] = process.read(mine.cert) },
        transport = "  hosts_require_tls = *\n  tls_verify_certificates = /etc/ca\n" ..
          "  tls_verify_hosts = *\n  tls_verify_cert_hostnames =\n" .. (way[4] or ""),
        authenticators = way[5] and
          "login:\n  driver = plaintext\n  public_name = LOGIN\n" ..
          "  client_send = : relay : swordfish" or
          "plain:\n  driver = plaintext\n  public_name = PLAIN\n" ..
          "  client_send = ^relay^swordfish",
      }, {})
      check(hop)
      local line = server:wait_for("end", { reason = "quit" }, nil, 20)
      assert.equal("TLSv1.3", line.tls)
      assert.equal(way[2]:match "auth" and "relay" or nil, line.auth)
    end)
  end

  local senders = {
    Postfix = function(port) return postfix.sender(port) end,
    Exim = function(port) return exim.start { to = port } end,
  }

  for name, start in pairs(senders) do
    it("may be " .. name .. ", whose DSN parameters go on", function()
      local hop = sink.start { ehlo = everything }
      local server = front(hop.url)
      knows(server, "DSN")
      submit(start(server.port), {
        mail = "RET=HDRS ENVID=QQ+2B314", rcpt = "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+3Dy@b.test",
      })
      check(hop)
      local mail, rcpt = hop:wait_line "^MAIL", hop:wait_line "^RCPT"
      assert.matches(" RET=HDRS", mail)
      assert.matches(" ENVID=QQ%+2B314", mail)
      assert.matches(" NOTIFY=SUCCESS,DELAY", rcpt)
      assert.matches(" ORCPT=rfc822;x%+3[dD]y@b%.test", rcpt)
    end)

    it("may be " .. name .. ", and tells its user itself where the next hop knows no DSN", function()
      local hop = sink.start()
      local server = front(hop.url)
      submit(start(server.port), { rcpt = "NOTIFY=SUCCESS" })
      local list = hop:wait_messages(2, 30)
      for _, line in ipairs(hop:lines()) do
        assert.is_nil(line:match "NOTIFY")
      end
      local report = list[1].from == "" and list[1] or list[2]
      assert.equal("", report.from)
      assert.same({ "a@client.test" }, report.to)
      assert.matches(name == "Exim" and "relayed to non%-DSN%-aware mailer" or "Action: relayed",
        report.data)
    end)

    it("may be " .. name .. ", with addresses in UTF-8", function()
      local hop = sink.start { ehlo = everything }
      local server = front(hop.url)
      knows(server, "SMTPUTF8")
      submit(start(server.port), {
        from = "j\195\182rg@client.test", to = "ren\195\169@example.org", mail = "SMTPUTF8",
        subject = "gr\195\188n",
      })
      local m = check(hop)
      assert.equal("j\195\182rg@client.test", m.from)
      assert.same({ "ren\195\169@example.org" }, m.to)
      assert.matches(" SMTPUTF8", hop:wait_line "^MAIL")
      assert.matches("with UTF8SMTP", m.data)
    end)
  end

  it("may be Exim, with BDAT", function()
    for _, can in ipairs { everything, { "8BITMIME" } } do
      local hop = sink.start { ehlo = can }
      local server = front(hop.url)
      local sender = exim.start { to = server.port }
      for i = 1, 3 do
        submit(sender, { subject = "number " .. i })
        check(hop, i)
      end
      server:wait_count(3, "message")
      local line = server:wait_for("end", { reason = "quit" })
      assert.matches("^%d+/%d+$", line.bdat)
      assert.is_nil(line.data)
      sender:wait_log " K "  -- so it says that CHUNKING was used
    end
  end)

  it("gets a report from the Postfix behind us", function()
    local behind = postfix.start()
    local server = front(behind.url)
    knows(server, "DSN")
    submit(postfix.sender(server.port), { rcpt = "NOTIFY=SUCCESS ORCPT=rfc822;x@b.test" })
    behind:wait_delivered(1, 30)
    behind:wait_log "sender delivery status notification"
  end)
end)
