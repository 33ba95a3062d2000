-- contrib/postfix.md: what it tells to write into master.cf, main.cf,
-- lunette.lua and haproxy.cfg, run as it stands there, with other ports and
-- paths.  Needs root.
local certificate = require "spec.support.certificate"
local client = require "spec.support.client"
local haproxy = require "spec.support.haproxy"
local lunette = require "spec.support.lunette"
local peer = require "spec.support.peer"
local postfix = require "spec.support.postfix"
local process = require "spec.support.process"

local page = assert(process.read "contrib/postfix.md")

-- The block that holds this text.
local function block(text)
  for _, body in page:gmatch "\n```(%l*)\n(.-\n)```" do
    if body:find(text, 1, true) then
      return body
    end
  end
  error("no block with " .. text)
end

local service = block("10025 inet"):gsub("127%.0%.0%.1:10025", "127.0.0.1:PORT")
  :gsub("inet  n  %-  y", "inet  n  -  n")  -- no jail

describe("contrib/postfix.md", function()
  local missing = peer.missing()
  if missing then
    pending(missing)
    return
  end

  local dir

  before_each(function() dir = process.directory() end)
  after_each(function()
    haproxy.clean()
    lunette.clean()
    postfix.clean()
    process.remove(dir)
  end)

  local function front(relay, rest)
    return lunette.start {
      config = relay .. [[ hooks = { "yes" }; workers = { count = 1 }; ]] .. (rest or ""),
    }
  end

  local function delivers(c, behind, n)
    c:hello()
    assert.equal(250, c:mail {}.code)
    c:cmd("QUIT", 221)
    c:close()
    return behind:wait_delivered(n or 1)[n or 1]
  end

  -- How many it has had; the first was the one that saw it start, and one may
  -- have asked what it offers.
  local function connections(behind)
    return select(2, behind:log():gsub("%]: connect from", ""))
  end

  it("a service of its own, and no open relay", function()
    local behind = postfix.start(nil, nil, nil, service)
    local server = front(('relay = "%s";'):format(behind.url),
      "limits = { errors = 0, soft_errors = 0 }")
    local c = server:dial()
    c:hello()
    c:cmd("MAIL FROM:<a@b.test>", 250)
    for _ = 1, 25 do  -- more than Postfix would stand without its last lines
      c:cmd("RCPT TO:<b@elsewhere.test>", "5[57]4 5%.7%.1")
    end
    c:cmd("QUIT", 221)
    delivers(server:dial(), behind)
  end)

  it("XCLIENT", function()
    local xclient = block "xclient_hosts="
    local text = service:gsub("  %-o smtpd_client_restrictions=\n", "")
      :gsub("  %-o smtpd_helo_restrictions=\n", "") .. xclient
    local behind = postfix.start(
      "smtpd_client_restrictions = check_client_access inline:{ 127.0.0.7=REJECT }\n",
      nil, nil, text)
    local server = front((block("xclient = true"):gsub("10025", behind.port)
      :gsub("xclient = true", "%0, pool = { size = 1 }")))
    for i = 1, 3 do
      local mail = delivers(server:dial { source = "127.0.0.1" .. i }, behind, i)
      assert.matches("%[127%.0%.0%.1%d%]", mail)
      server:wait_count(i, "end")
    end
    assert.is_true(connections(behind) <= 3)
    local c = server:dial { source = "127.0.0.7" }
    c:hello()
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@example.org>", "554 5%.7%.1")
  end)

  it("TLS", function()
    local ca = certificate.make(dir, "ca", { is_ca = true })
    local mine = certificate.make(dir, "behind", { names = { "127.0.0.1" }, ca = ca })
    local main = block("smtpd_tls_cert_file"):gsub("/etc/ssl/behind.pem", mine.cert)
      :gsub("/etc/ssl/private/behind.key", mine.key)
    local behind = postfix.start(main)
    local relay = block('tls = "verify"'):gsub("behind.example.org:25", "127.0.0.1:" .. behind.port)
      :gsub("/etc/ssl/our%-ca.pem", ca.cert)
    delivers(front(relay):dial(), behind)
  end)

  it("haproxy", function()
    local behind = postfix.start()
    local listen = block("proxy = true"):gsub("10%.0%.0%.2:2525", "127.0.0.1:0")
      :gsub("10%.0%.0%.1", "127.0.0.1")
    local server = front(('relay = "%s";'):format(behind.url), listen)
    local proxy = haproxy.start {
      text = block("frontend"):gsub("192%.0%.2%.1:25", "127.0.0.1:PORT")
        :gsub("10%.0%.0%.2:2525", "127.0.0.1:" .. server.port),
    }
    assert.matches("from client%.test %(unknown %[127%.0%.0%.7%]%)",
      delivers(client.dial(proxy.port, { source = "127.0.0.7" }), behind))
  end)
end)
