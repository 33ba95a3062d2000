-- A Postfix behind us applies its own rules to the real client: by XCLIENT,
-- XFORWARD or PROXY.  Needs root.
local lunette = require "spec.support.lunette"
local peer = require "spec.support.peer"
local postfix = require "spec.support.postfix"

local rules = [[
smtpd_client_restrictions = check_client_access cidr:$config_directory/clients
smtpd_helo_restrictions = check_helo_access inline:{ liar.test=REJECT }
]]

-- Networks that may say who the client is, for each way.
local ways = {
  xclient = "smtpd_authorized_xclient_hosts = 127.0.0.0/8\n",
  best = "smtpd_authorized_xclient_hosts = 127.0.0.0/8\n" ..
    "smtpd_authorized_xforward_hosts = 127.0.0.0/8\n",
  proxy = "smtpd_upstream_proxy_protocol = haproxy\n",
}

describe("behind us Postfix", function()
  local missing = peer.missing()
  if missing then
    pending(missing)
    return
  end

  after_each(function()
    lunette.clean()
    postfix.clean()
  end)

  local function start(extra, xclient)
    local behind = postfix.start(extra .. "inet_protocols = all\n", {
      clients = "127.0.0.7 REJECT not you\n192.0.2.0/24 REJECT not v4\n" ..
        "2001:db8::/32 REJECT not v6\n",
    })
    local server = lunette.start {
      config = ([[ relay = { "%s", xclient = %s }; hooks = { "yes" }; workers = { count = 1 };
        proxy_clients = { "127.0.0.1" };
        listen = { "127.0.0.1:0", { "127.0.0.1:0", name = "proxied", proxy = true } } ]])
        :format(behind.url, xclient),
    }
    return behind, server
  end

  -- A session from there; returns it after MAIL.
  local function session(server, source, helo)
    local c = server:dial { source = source }
    c:hello(helo)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    return c
  end

  for way, extra in pairs(ways) do
    it("judges the client: " .. way, function()
      local behind, server = start(extra .. rules, way == "best" and "true" or '"' .. way .. '"')
      for round = 1, 3 do  -- over one connection, if that is possible
        local c = session(server, "127.0.0.7")
        c:cmd("RCPT TO:<b@example.org>", "554 5%.7%.1 [^\n]*127%.0%.0%.7[^\n]*not you")
        c:cmd("QUIT", 221)
        c = session(server, "127.0.0.8")
        c:cmd("RCPT TO:<b@example.org>", 250)
        c:cmd("DATA", 354)
        c:send("Subject: " .. round .. "\r\n\r\nx\r\n.\r\n")
        c:expect(250)
        c:cmd("MAIL FROM:<second@b.test>", 250)  -- the same client once more
        c:cmd("RCPT TO:<b@example.org>", 250)
        c:cmd("RSET", 250)
        c:cmd("QUIT", 221)
      end
      for _, text in ipairs(behind:wait_delivered(3)) do
        assert.matches(way == "proxy" and "Received: from mx%.test %(unknown %[127%.0%.0%.8%]%)" or
          "Received: from client%.test %(unknown %[127%.0%.0%.8%]%)", text)
      end
    end)
  end

  for way, extra in pairs { xclient = ways.xclient, proxy = ways.proxy } do
    it("judges clients from afar: " .. way, function()
      local behind, server = start(extra .. rules, '"' .. way .. '"')
      for _, line in ipairs {
        "TCP4 192.0.2.9 192.0.2.1 4711 25", "TCP6 2001:db8::9 2001:db8::1 4711 25",
        "TCP4 198.51.100.9 192.0.2.1 4711 25",
      } do
        local c = server:dial({}, 2)
        c:send("PROXY " .. line .. "\r\n")
        c:hello()
        c:cmd("MAIL FROM:<a@b.test>", 250)
        c:cmd("RCPT TO:<b@example.org>", line:match "^TCP4 192" and "554 [^\n]*not v4" or
          line:match "^TCP6" and "554 [^\n]*not v6" or 250)
        if line:match "198" then
          c:cmd("DATA", 354)
          c:send "Subject: x\r\n\r\nx\r\n.\r\n"
          c:expect(250)
        end
        c:cmd("QUIT", 221)
      end
      assert.matches("%[198%.51%.100%.9%]", behind:wait_delivered(1)[1])
    end)
  end

  it("judges the name that the client gave", function()
    local _, server = start(ways.xclient .. rules, "true")
    for _ = 1, 2 do
      local c = session(server, "127.0.0.8", "liar.test")
      c:cmd("RCPT TO:<b@example.org>", "554 5%.7%.1 [^\n]*liar%.test")
      c:cmd("QUIT", 221)
      c = session(server, "127.0.0.8", "honest.test")
      c:cmd("RCPT TO:<b@example.org>", 250)
      c:cmd("QUIT", 221)
    end
  end)

  it("logs the client: XFORWARD", function()
    local behind, server = start("smtpd_authorized_xforward_hosts = 127.0.0.0/8\n", "true")
    for i = 7, 9 do
      local c = session(server, "127.0.0." .. i)
      c:cmd("RCPT TO:<b@example.org>", 250)
      c:cmd("DATA", 354)
      c:send "Subject: x\r\n\r\nx\r\n.\r\n"
      c:expect(250)
      c:cmd("QUIT", 221)
      local log = behind:wait_log(" client=unknown[^\n]*orig_client=unknown%[127%.0%.0%." .. i .. "%]")
      assert.matches("client=unknown%[127%.0%.0%.1%]", log)
    end
  end)

  it("that does not offer it, is told nothing", function()
    local behind, server = start("", "true")
    local c = session(server, "127.0.0.8")
    c:cmd("RCPT TO:<b@example.org>", 250)
    c:cmd("DATA", 354)
    c:send "Subject: x\r\n\r\nx\r\n.\r\n"
    c:expect(250)
    c:cmd("QUIT", 221)
    assert.matches("Received: from mx%.test %(unknown %[127%.0%.0%.1%]%)", behind:wait_delivered(1)[1])
  end)
end)
