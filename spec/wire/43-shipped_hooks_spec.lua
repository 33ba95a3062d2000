-- The hooks that ship, in the real program: each on a listener of its own, with
-- clients from several loopback addresses and a name server.  What they decide
-- case by case is in spec/hooks.
local dns = require "spec.support.dns"
local lunette = require "spec.support.lunette"

local RECORDS = {
  "host-record=client.test,127.0.0.4",			-- 127.0.0.4 and its name agree
  "ptr-record=5.0.0.127.in-addr.arpa,liar.test",	-- 127.0.0.5 has one that does not
  "address=/2.0.0.127.bl.test/127.0.0.2",
  "address=/3.0.0.127.bl.test/127.0.0.2",
  "address=/3.0.0.127.good.test/127.0.0.7",
}

local CONFIG = [[
relay = "discard:"
dns = { servers = { "%s" } }
trusted = { "127.0.0.9" }
workers = { count = 1 }
limits = { soft_errors = 0 }

local ours = { "example.org", "[127.0.0.1]" }
local function on(...) return { "127.0.0.1:0", name = ..., hooks = { ... } } end
listen = {
  on("rcpt_domains"),
  on("rcpt_list"),
  on("relay_clients", "rcpt_domains"),
  on("access", "dnsbl", "rcpt_domains"),
  on("early_talker", "rcpt_domains"),
  on("patient", "rcpt_domains"),
  on("fcrdns", "rcpt_domains"),
  on("named", "rcpt_domains"),
  on("helo_checks", "rcpt_domains"),
  on("dnsbl", "rcpt_domains"),
  on("client_limit", "rcpt_domains"),
  on("tarpit", "rcpt_domains"),
  on("headers", "rcpt_domains"),
}
hooks = {
  { "rcpt_domains", domains = ours },
  { "rcpt_list", addresses = file "users", domains = { "example.org" }, separator = "+" },
  { "relay_clients", clients = { "127.0.0.4" }, senders = { "example.net" } },
  { "access", deny_clients = file "bad", allow_clients = { "127.0.0.2" }, skip = { "dnsbl" },
    deny_senders = { "@spam.test" }, deny_recipients = { "old@example.org" },
    deny_helo = { "friend" } },
  { "early_talker", seconds = "100ms" },
  { "early_talker", as = "patient", seconds = "50s" },
  "fcrdns",
  { "fcrdns", as = "named", require = true },
  "helo_checks",
  { "dnsbl", zones = {
      "bl.test", { zone = "good.test", weight = -1 } } },
  { "client_limit", max = 1, nets = { { clients = { "127.0.0.4" }, max = 2 } } },
  { "tarpit", errors = 0, step = "10ms", max = "50ms", give_up = 3 },
  "headers",
}
]]

local GOOD = "From: a@client.test\r\nDate: Thu, 19 Nov 2015 10:00:00 +0000\r\n\r\nhello\r\n"

describe("hooks that ship", function()
  local ns, server, ports

  setup(function()
    ns = dns.start(RECORDS)
    server = lunette.start {
      config = CONFIG:format(ns.address),
      files = {
        users = "ann@example.org\n# gone: carl@example.org\n@all.test\n",
        bad = "127.0.0.3 you sent us spam\n127.0.0.5\n",
      },
    }
    ports = {}
    for i, l in ipairs(server:log "listen") do ports[l.listener] = i end
  end)

  teardown(function()
    lunette.clean()
    dns.clean()
  end)

  -- A connection to the listener of that name from 127.0.0.N.
  local function dial(listener, n)
    return server:dial({ source = "127.0.0." .. (n or 1) }, ports[listener])
  end

  local function hello(listener, n, name)
    local c = dial(listener, n)
    c:hello(name or "client.test")
    return c
  end

  -- The answer to RCPT of a client that is in order so far.
  local function rcpt(c, address, want, from)
    c:cmd(("MAIL FROM:<%s>"):format(from or "a@client.test"), 250)
    local r = c:cmd(("RCPT TO:<%s>"):format(address), want)
    c:cmd("RSET", 250)
    return r
  end

  -- The last line of this session, which ends by QUIT.
  local function finish(c)
    local ip, port = c.sock:getsockname()
    local from = server:here()
    c:cmd("QUIT", 221)
    return server:wait_for("end", { client = ip .. ":" .. port }, from).line
  end

  it("rcpt_domains: our domains, literals as listed, postmaster", function()
    local c = hello "rcpt_domains"
    rcpt(c, "ann@example.org", 250)
    rcpt(c, "ann@EXAMPLE.org", 250)
    rcpt(c, "ann@[127.0.0.1]", 250)
    rcpt(c, "postmaster", 250)
    rcpt(c, "ann@[127.0.0.2]", "550 5%.7%.1")
    rcpt(c, "ann@www.example.org", "550 5%.7%.1")
    finish(c)
    c = hello("rcpt_domains", 9)
    rcpt(c, "ann@example.com", "550 5%.7%.1")
    finish(c)
  end)

  it("rcpt_list: users, a domain whole, the rest unknown", function()
    local c = hello "rcpt_list"
    rcpt(c, "ann@example.org", 250)
    rcpt(c, "Ann+lists@example.org", 250)
    rcpt(c, "anyone@all.test", 250)
    rcpt(c, "postmaster", 250)
    rcpt(c, "postmaster@example.org", 250)
    rcpt(c, "carl@example.org", "550 5%.1%.1 carl@example%.org: no such user here")
    rcpt(c, "carl@example.net", "550 5%.7%.1")
    assert.matches("rcpt_list", finish(c))
  end)

  it("relay_clients: ours to anyone, from our domains", function()
    for _, n in ipairs { 4, 9 } do
      local c = hello("relay_clients", n)
      rcpt(c, "bob@elsewhere.test", 250, "ann@example.net")
      rcpt(c, "bob@elsewhere.test", 250, "")
      rcpt(c, "bob@elsewhere.test", "550 5%.7%.1", "ann@evil.test")
      rcpt(c, "bob@example.org", 250, "ann@evil.test")
      finish(c)
    end
    local c = hello "relay_clients"
    rcpt(c, "bob@elsewhere.test", "550 5%.7%.1", "ann@example.net")
    finish(c)
  end)

  it("access: clients before the banner, with the list's own text", function()
    dial("access", 3):expect "554 5%.7%.1 client 127%.0%.0%.3: you sent us spam"
    local c = dial("access", 5)
    c:expect "554 5%.7%.1 client 127%.0%.0%.5: access denied"
    c:expect_closed()
  end)

  it("access: who is let off skips what he may", function()
    local c = hello("access", 2)		-- on the DNS list
    rcpt(c, "ann@example.org", 250)
    finish(c)
  end)

  it("access: HELO, sender, recipient", function()
    local c = dial "access"
    c:expect(220)
    c:cmd("EHLO friend", "550 5%.7%.1 HELO friend: access denied")
    c:cmd("EHLO client.test", 250)
    c:cmd("MAIL FROM:<x@spam.test>", "550 5%.7%.1 sender x@spam%.test")
    rcpt(c, "old@example.org", "550 5%.7%.1 recipient old@example%.org")
    rcpt(c, "ann@example.org", 250)
    finish(c)
  end)

  it("early_talker: a robot, and one who waits", function()
    local c = dial "patient"
    c:line "EHLO robot.test"
    c:expect "554 5%.5%.1"
    c = hello "early_talker"
    assert.matches("waited for the banner", finish(c))
    c = dial("patient", 9)
    c:line "EHLO impatient.test"		-- trusted: nobody listens that early
    c:expect(220)
    c:expect(250)
    finish(c)
  end)

  it("fcrdns: a name that leads back is believed", function()
    local c = hello("fcrdns", 4)
    assert.matches("client.test", finish(c))
    c = hello("fcrdns", 5)
    assert.matches("no name that leads back", finish(c))
  end)

  it("fcrdns: required, it is refused at RCPT", function()
    local c = hello("named", 4)
    rcpt(c, "ann@example.org", 250)
    finish(c)
    for _, n in ipairs { 5, 6 } do
      c = hello("named", n)
      rcpt(c, "ann@example.org", "550 5%.7%.25")
      finish(c)
    end
    c = hello("named", 9)
    rcpt(c, "ann@example.org", 250)
    finish(c)
  end)

  it("helo_checks: held until RCPT", function()
    for name, text in pairs {
      ["192.0.2.7"] = "needs brackets", ["localhost"] = "that is not you",
      ["mx.test"] = "that is not you", ["mail"] = "not a full host name",
      ["a.example.123"] = "not a host name",
    } do
      local c = hello("helo_checks", 4, name)
      assert.matches(text, rcpt(c, "ann@example.org", "550 5%.7%.1").text)
      finish(c)
      c = hello("helo_checks", 9, name)
      rcpt(c, "ann@example.org", 250)
      finish(c)
    end
    for _, name in ipairs { "mail.client.test", "[127.0.0.4]", "[192.0.2.1]" } do
      local c = hello("helo_checks", 4, name)
      rcpt(c, "ann@example.org", 250)
      finish(c)
    end
  end)

  it("helo_checks: a better name makes it good", function()
    local c = hello("helo_checks", 4, "mail")
    rcpt(c, "ann@example.org", "550 5%.7%.1")
    c:cmd("EHLO mail.client.test", 250)
    rcpt(c, "ann@example.org", 250)
    finish(c)
  end)

  it("dnsbl: the sum of weights", function()
    local c = hello("dnsbl", 2)
    rcpt(c, "ann@example.org", "550 5%.7%.1 127%.0%.0%.2 is listed by bl%.test")
    rcpt(c, "ann@example.com", "550 5%.7%.1 127%.0%.0%.2 is listed by bl%.test")
    assert.matches("bl.test", finish(c))
    for _, n in ipairs { 1, 3 } do
      c = hello("dnsbl", n)
      rcpt(c, "ann@example.org", 250)
      finish(c)
    end
  end)

  it("client_limit: one, or two for a network", function()
    local one = hello "client_limit"
    dial("client_limit"):expect "421 4%.7%.0 too many connections from 127%.0%.0%.1"
    local two = { hello("client_limit", 4), hello("client_limit", 4) }
    dial("client_limit", 4):expect "421 4%.7%.0"
    local many = { hello("client_limit", 9), hello("client_limit", 9), hello("client_limit", 9) }
    finish(one)
    finish(hello "client_limit")
    for _, c in ipairs(two) do finish(c) end
    for _, c in ipairs(many) do finish(c) end
  end)

  it("tarpit: gives up in the end", function()
    local c = hello "tarpit"
    c:cmd("MAIL FROM:<a@client.test>", 250)
    for _ = 1, 3 do c:cmd("RCPT TO:<x@example.com>", "550 5%.7%.1") end
    c:cmd("RCPT TO:<ann@example.org>", "421 4%.7%.0 too many errors")
    c:expect_closed()
  end)

  it("headers: what RFC 5322 wants", function()
    local c = hello "headers"
    local function data(text)
      local r = c:mail { to = "ann@example.org", data = text }
      return r.code .. " " .. r.text
    end
    assert.matches("^250 ", data(GOOD))
    assert.matches("^550 5%.6%.0 no From field", data(GOOD:gsub("From", "X-From")))
    assert.matches("^550 5%.6%.0 more than one From field", data("FROM: b@client.test\r\n" .. GOOD))
    assert.matches("^550 5%.6%.0 Date is in the future",
      data(GOOD:gsub("2015", "2095"):gsub("Thu, ", "") .. ("more of it\r\n"):rep(20000)))
    assert.matches("^250 ", data(GOOD:gsub("Thu, 19", "yesterday, 19")))
    finish(c)
    c = hello("headers", 9)
    assert.matches("^250", c:mail({ to = "ann@example.org", data = "\r\nx\r\n" }).code .. "")
    finish(c)
  end)

  it("have made no error of their own", function()
    assert.same({}, server:log "hook_error")
  end)
end)
