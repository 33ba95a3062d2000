-- Rates: what one client may do in a minute, over all workers; clients behind a proxy; stress.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local tell = [[
local verdict = require "lunette.verdict"
return {
  rcpt = function() return verdict.accept() end,
  vrfy = function(session)
    return verdict.reject("5.1.1", ("stress %s connections %d")
      :format(tostring(session.stress), session.counts.connections))
  end,
} ]]

local function start(text)
  return lunette.start {
    config = [[ relay = "discard:"; hooks = { "tell" }; ]] .. text,
    hooks = { tell = tell },
  }
end

-- "PROXY TCP4 ..." for a client of that address.
local function header(ip)
  return ("PROXY TCP4 %s 127.0.0.1 4000 25\r\n"):format(ip)
end

describe("a client that comes", function()
  local dir, pair

  setup(function()
    dir = process.directory()
    pair = certificate.make(dir, "mx")
  end)
  teardown(function() process.remove(dir) end)
  after_each(lunette.clean)

  local tls = function()
    return ("tls = { cert = %q, key = %q }; "):format(pair.cert, pair.key)
  end

  it("too often is refused, over all workers", function()
    local server = start [[ limits = { client_rate = 6 }; workers = { count = 2 } ]]
    for _ = 1, 6 do
      local c = server:dial()
      c:hello()
      c:close()
    end
    for _ = 1, 3 do
      local c = server:dial()
      c:expect "421 4%.7%.0"
      c:expect_closed()
    end
    server:dial({ source = "127.0.0.2" }):expect(220)
    assert.equal(3, server:wait_count(3, "connect", { result = "refused", limit = "client_rate",
      level = "info" }))
    -- A reload is no way around it.
    assert.equal("reload_done", server:reload().event)
    server:dial():expect "421 4%.7%.0"
    server:stop()
  end)

  it("often is let in if it is trusted", function()
    local server = start [[ limits = { client_rate = 1 }; trusted = { "127.0.0.2" } ]]
    for _ = 1, 3 do
      server:dial({ source = "127.0.0.2" }):expect(220)
    end
    server:dial():expect(220)
    server:dial():expect "421 4%.7%.0"
    server:stop()
  end)

  it("too often gets no reply where it expects TLS", function()
    local server = start(tls() .. [[ limits = { client_rate = 1 };
      listen = { { "127.0.0.1:0", tls = "implicit" } } ]])
    server:dial({ tls = true }):expect(220)
    local c = server:dial()
    c:expect_closed()
    server:wait_for("connect", { result = "refused", limit = "client_rate" })
    server:stop()
  end)

  it("with too many handshakes is refused them", function()
    local server = start(tls() .. [[ limits = { tls_rate = 3 }; workers = { count = 2 };
      listen = { "127.0.0.1:0", { "127.0.0.1:0", tls = "implicit" } } ]])
    for _ = 1, 2 do
      local c = server:dial()
      c:hello()
      c:starttls({}, "c.test")
    end
    server:dial({ tls = true }, 2):expect(220)
    local c = server:dial()
    c:hello()
    c:cmd("STARTTLS", "454 4%.7%.0")
    assert.equal(250, c:mail {}.code)
    server:dial({}, 2):expect_closed()
    server:dial({ tls = true, source = "127.0.0.2" }, 2):expect(220)
    server:wait_count(2, "connect", { result = "refused", limit = "tls_rate" })
    server:stop()
  end)

  local send = [[ workers = { count = 2 }; trusted = { "127.0.0.3" };
    limits = { message_rate = 2, recipient_rate = 3 } ]]

  it("with too much mail is put off, over all workers", function()
    local server = start(send)
    for _ = 1, 2 do
      local c = server:dial()
      c:hello()
      c:cmd("MAIL FROM:<s@a.test>", 250)
    end
    local late, other, trusted = server:dial(), server:dial { source = "127.0.0.2" },
      server:dial { source = "127.0.0.3" }
    late:hello()
    late:cmd("MAIL FROM:<s@a.test> NONSENSE", "555 5%.5%.4")
    late:cmd("MAIL FROM:<s@a.test>", "451 4%.7%.1 too much mail, try again later")
    late:cmd("RCPT TO:<r@b.test>", 503)
    other:hello()
    other:cmd("MAIL FROM:<s@a.test>", 250)
    trusted:hello()
    for _ = 1, 4 do
      trusted:cmd("MAIL FROM:<s@a.test>", 250)
      trusted:cmd("RSET", 250)
    end
    local line = server:wait_for("verdict", { verb = "MAIL" })
    assert.same({ "message_rate", "defer", "451", "4.7.1", "s@a.test" },
      { line.limit, line.verdict, line.code, line.enhanced, line.from })
    server:stop()
  end)

  it("with too many recipients gets through with the first", function()
    local server = start(send)
    local c = server:dial()
    c:hello()
    c:cmd("MAIL FROM:<s@a.test>", 250)
    for i = 1, 5 do
      c:cmd(("RCPT TO:<r%d@b.test>"):format(i), i <= 3 and "250 2%.1%.5" or
        "452 4%.7%.1 too many recipients, try again later")
    end
    c:cmd("DATA", 354)
    c:cmd("A: 1\r\n\r\nhello\r\n.", 250)
    assert.equal("3", server:wait_for("discard").rcpts)
    assert.equal(2, server:wait_count(2, "verdict", { verb = "RCPT", limit = "recipient_rate" }))
    server:stop()
  end)

  it("with too many logins is not asked for its password", function()
    local server = lunette.start {
      config = [[ relay = "discard:"; hooks = { "no" }; auth = { without_tls = true };
        listen = { { "127.0.0.1:0", auth = "offered" } }; limits = { auth_rate = 2 } ]],
      hooks = { no = [[
        local verdict = require "lunette.verdict"
        return {
          auth = function(_, login) return verdict.reject("5.7.8", "no " .. login.user) end,
        } ]] },
    }
    local function try(command, want)
      local c = server:dial()
      c:hello()
      c:cmd(command, want)
      return c
    end
    try("AUTH NTLM", 504)
    try("AUTH PLAIN AHVzZXIAc2VjcmV0", "535 5%.7%.8 no user")
    try("AUTH LOGIN", 334)
    local c = try("AUTH PLAIN AHVzZXIAc2VjcmV0", "454 4%.7%.0 too many logins, try again later")
    c:cmd("AUTH LOGIN", "454 4%.7%.0")
    c:cmd("MAIL FROM:<s@a.test>", 250)
    server:wait_count(2, "verdict", { verb = "AUTH", limit = "auth_rate", code = "454" })
    server:stop()
  end)

  it("through a proxy is counted, and not the proxy", function()
    local server = start [[ limits = { per_client = 2 }; proxy_clients = "127.0.0.1";
      workers = { count = 2 }; listen = { { "127.0.0.1:0", proxy = true } } ]]
    local function through(ip)
      local c = server:dial()
      c:send(header(ip))
      return c
    end
    local open = {}
    for i = 1, 8 do
      open[i] = through("192.0.2." .. math.ceil(i / 2))
      open[i]:hello()
    end
    assert.matches("connections 2$", open[8]:cmd("VRFY x", 550).text)
    through("192.0.2.1"):expect "421 4%.7%.0"
    open[1]:cmd("QUIT", 221)
    open[1]:expect_closed()
    wait.for_("room for one more", function()
      local c = through "192.0.2.1"
      return c:reply().code == 220
    end)
    server:wait_for("connect", { result = "refused", limit = "client" })
    server:stop()
  end)

  it("by XCLIENT is counted as who it is, and nothing is left of who it was", function()
    local server = start [[ limits = { per_client = 1 }; xclient_clients = "127.0.0.1";
      workers = { count = 2 } ]]
    local function as(ip)
      local c = server:dial()
      c:hello()
      c:line("XCLIENT ADDR=" .. ip)
      return c, c:reply().code
    end
    local first, code = as "192.0.2.1"
    assert.equal(220, code)
    for _ = 1, 5 do
      local c
      c, code = as "192.0.2.1"
      assert.equal(421, code)
      c:expect_closed()
      c, code = as "192.0.2.2"
      assert.equal(220, code)
      c:line "XCLIENT ADDR=192.0.2.3"
      c:expect(220)
      c:cmd("EHLO c.test", 250)
      assert.matches("connections 1$", c:cmd("VRFY x", 550).text)
      c:cmd("QUIT", 221)
      c:expect_closed()
      wait.for_("it to be gone", function() return server:status().sessions == 1 end)
    end
    first:cmd("QUIT", 221)
    first:expect_closed()
    wait.for_("all to be gone", function() return server:status().sessions == 0 end)
    assert.equal(220, select(2, as "192.0.2.1"))
    server:stop()
  end)

  it("late finds a server under stress", function()
    local server = start [[ workers = { count = 1, sessions = 10 } ]]
    local open = {}
    for i = 1, 7 do
      open[i] = server:dial()
      open[i]:hello()
    end
    local function stressed()
      return open[1]:cmd("VRFY x", 550).text:match "stress true" ~= nil
    end
    assert.is_false(stressed())
    open[8] = server:dial()
    open[8]:hello()
    assert.is_true(stressed())
    open[8]:close()
    wait.for_("the last to be gone", function() return server:status().sessions == 7 end)
    assert.is_true(stressed())
    open[7]:close()
    wait.for_("stress to go", function() return not stressed() end)
    server:stop()
  end)
end)
