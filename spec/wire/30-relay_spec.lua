-- The next hop, when all is well: what it is told, in which order, and whose
-- answer the client gets.
local dns = require "spec.support.dns"
local lunette = require "spec.support.lunette"
local sink = require "spec.support.sink"

local function start(hop, rest)
  return lunette.start {
    config = ([[ relay = "%s"; hooks = { "yes" }; workers = { count = 1 }; %s ]])
      :format(hop.url, rest or ""),
  }
end

local function hello(server)
  local c = server:dial()
  c:hello()
  return c
end

describe("the next hop", function()
  after_each(function()
    lunette.clean()
    sink.clean()
    dns.clean()
  end)

  it("is asked about each recipient, and its answers are ours", function()
    local hop = sink.start {
      RCPT = function(_, line)
        if line:match "no@" then return "550 5.1.1 no such user" end
        if line:match "later@" then return "450 4.2.0 try\nlater" end
      end,
      dot = "250 2.0.0 Ok: queued as ABC123",
    }
    local server = start(hop)
    local c = hello(server)
    c:cmd("MAIL FROM:<a@b.test> SIZE=100", 250)
    assert.equal(0, hop:connections())  -- the next hop is known at RCPT only
    c:cmd("RCPT TO:<no@x.test>", "550 5%.1%.1 no such user")
    local r = c:cmd("RCPT TO:<later@x.test>", "450 4%.2%.0 try")
    assert.equal(2, #r.lines)
    c:cmd("RCPT TO:<yes@x.test>", 250)
    c:cmd("DATA", 354)
    c:send "Subject: x\r\n\r\nx\r\n.\r\n"
    assert.matches("ABC123", c:expect(250).text)
    assert.same({ "yes@x.test" }, hop:messages()[1].to)
    local line = server:wait_for "message"
    assert.equal("a@b.test", line.from:gsub("[<>]", ""))
    assert.matches("ABC123", line.line)
    server:stop()
    hop:stop()
  end)

  it("is first spoken to at the end if hooks decide", function()
    local hop = sink.start {}
    local server = start(hop, [[ check_recipients = "hooks" ]])
    local c = hello(server)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd("RCPT TO:<c@x.test>", 250)
    c:cmd("DATA", 354)
    assert.equal(0, hop:connections())
    c:send "Subject: x\r\n\r\nx\r\n.\r\n"
    c:expect(250)
    assert.same({ "b@x.test", "c@x.test" }, hop:messages()[1].to)
    server:stop()
    hop:stop()
  end)

  for _, case in ipairs { { "550 5.1.1 no", 5 }, { "450 4.2.0 later", 4 } } do
    it("that refuses a recipient then gets nothing for anyone: " .. case[1], function()
      local hop = sink.start { RCPT = function(_, line) return line:match "no@" and case[1] or nil end }
      local server = start(hop, [[ check_recipients = "hooks" ]])
      local c = hello(server)
      local r = c:mail { to = { "yes@x.test", "no@x.test" } }
      assert.equal(case[2], math.floor(r.code / 100))
      if case[2] == 5 then
        assert.matches("no@x%.test", r.text)
      end
      assert.equal(0, #hop:accepted())
      c:cmd("NOOP", 250)
      server:stop()
      hop:stop()
    end)
  end

  it("is spoken to over one connection again and again, with RSET or none", function()
    local hop = sink.start {}
    local server = start(hop)
    local c = hello(server)
    for _ = 1, 5 do
      assert.equal(250, c:mail {}.code)
    end
    c:cmd("QUIT", 221)
    c = hello(server)
    assert.equal(250, c:mail {}.code)
    assert.equal(1, hop:connections())
    assert.equal(6, #hop:accepted())
    server:stop()
    hop:stop()
  end)

  it("may have closed an idle connection: another is made", function()
    local hop = sink.start { dot = function(_, _, n) return { "250 2.0.0 taken " .. n, "close" } end }
    local server = start(hop)
    local c = hello(server)
    for _ = 1, 4 do
      assert.equal(250, c:mail {}.code)
    end
    assert.equal(4, #hop:accepted())
    server:stop()
    hop:stop()
  end)

  it("that leaves while the body comes in gets a fresh transaction", function()
    local hop = sink.start {
      RCPT = function(c) return c.number == 1 and { "250 2.1.5 ok", "close" } or nil end,
    }
    local server = start(hop)
    local c = hello(server)
    assert.equal(250, c:mail {}.code)
    assert.equal(2, hop:connections())
    assert.equal(1, #hop:accepted())
    server:stop()
    hop:stop()
  end)

  it("is only told what it offers", function()
    local hop = sink.start { ehlo = {} }
    local server = start(hop)
    local c = hello(server)
    assert.equal(250, c:mail { params = "SIZE=100 BODY=8BITMIME" }.code)
    assert.equal("MAIL FROM:<a@client.test>", hop:messages()[1].from_line)
    server:stop()
    hop:stop()
  end)

  it("may speak HELO only", function()
    local hop = sink.start { EHLO = "502 5.5.1 what" }
    local server = start(hop)
    local c = hello(server)
    assert.equal(250, c:mail {}.code)
    hop:wait_line "^HELO mx%.test"
    server:stop()
    hop:stop()
  end)

  it("may answer octet by octet", function()
    local hop = sink.start {
      banner = { bytes = "220 sink.test\nhello" }, RCPT = { bytes = "250 2.1.5 ok" },
      dot = { bytes = "250 2.0.0 ok\nreally" },
    }
    local server = start(hop)
    assert.equal(250, hello(server):mail {}.code)
    server:stop()
    hop:stop()
  end)

  it("has others behind it", function()
    local dead, refusing = sink.start { connect = "refuse" }, sink.start { banner = "421 4.3.2 full" }
    local hop = sink.start {}
    local server = lunette.start {
      config = ([[ relay = { "%s", "%s", "%s" }; hooks = { "yes" } ]])
        :format(dead.url, refusing.url, hop.url),
    }
    local c = hello(server)
    assert.equal(250, c:mail {}.code)
    assert.equal(250, c:mail {}.code)
    assert.equal(2, #hop:accepted())
    server:stop()
  end)

  it("may be named, per recipient, by a hook", function()
    local a, b = sink.start {}, sink.start {}
    local server = lunette.start {
      config = ([[ relay = "%s"; relays = { other = "%s" }; hooks = { "route" } ]])
        :format(a.url, b.url),
      hooks = { route = [[
        local verdict = require "lunette.verdict"
        return { rcpt = function(session, rcpt)
          if rcpt.domain == "other.test" then rcpt.relay = "other" end
          return verdict.accept()
        end } ]] },
    }
    local c = hello(server)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<x@other.test>", 250)
    c:cmd("RCPT TO:<x@example.org>", "452 4%.5%.3")
    c:cmd("RCPT TO:<y@other.test>", 250)
    c:cmd("DATA", 354)
    c:send "Subject: x\r\n\r\n.\r\n"
    c:expect(250)
    assert.equal(250, c:mail {}.code)
    assert.same({ "x@other.test", "y@other.test" }, b:messages()[1].to)
    assert.equal(1, #a:messages())
    server:stop()
  end)

  it("may speak LMTP: one answer for each recipient, none of them lost", function()
    local hop = sink.start {
      lmtp = true,
      dot = function(_, to) return to:match "full" and "452 4.2.2 full" or
        to:match "no" and "550 5.1.1 not here" or "250 2.1.5 stored" end,
    }
    local server = start(hop)
    local c = hello(server)
    assert.equal(250, c:mail { to = { "a@x.test", "b@x.test" } }.code)
    hop:wait_line "^LHLO mx%.test"
    local r = c:mail { to = { "a@x.test", "no@x.test" } }
    assert.equal(5, math.floor(r.code / 100))
    assert.matches("no@x%.test", r.text)
    r = c:mail { to = { "full@x.test", "no@x.test", "a@x.test" } }
    assert.equal(4, math.floor(r.code / 100))
    server:stop()
    hop:stop()
  end)

  it("that is this server itself gets nothing", function()
    local hop = sink.start { connect = "refuse" }  -- a port that nobody else takes
    hop:stop()
    local server = lunette.start {
      config = ([[ listen = "127.0.0.1:%d"; relay = "smtp://localhost:%d"; hooks = { "yes" } ]])
        :format(hop.port, hop.port),
    }
    local c = hello(server)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", "554 5%.4%.6")
    assert.matches("listener that the client came to", server:wait_for("relay_error").text)
    c:cmd("NOOP", 250)
    server:stop()
  end)

  it("sees the address that source says", function()
    local names = dns.start {
      "address=/both.test/127.0.0.1", "address=/both.test/::1", "address=/six.test/::1",
    }
    local hop = sink.start {}
    local server = lunette.start {
      config = ([[ relay = "mine"; hooks = { "yes" }; workers = { count = 1 };
        check_recipients = "hooks"; dns = { servers = { "%s" } };
        relays = {
          mine = { "smtp://127.0.0.1:%d", source = "127.0.0.2" },
          named = { "smtp://both.test:%d", source = "127.0.0.3" },
          other = { "smtp://127.0.0.1:%d", source = "::1" },
          gone = { "smtp://six.test:%d", source = "127.0.0.2" },
          usual = "smtp://127.0.0.1:%d",
        };
        listen = { "127.0.0.1:0", { "127.0.0.1:0", relay = "usual" },
          { "127.0.0.1:0", relay = "named" }, { "127.0.0.1:0", relay = "other" },
          { "127.0.0.1:0", relay = "gone" } } ]]):format(names.address, hop.port, hop.port, hop.port,
        hop.port, hop.port),
    }
    local function send(listener, want)
      local c = server:dial({}, listener)
      c:hello()
      assert.equal(want, c:mail({}).code)
    end
    -- The second from a connection of its own, though the server is the same;
    -- then both from those that wait.
    for _ = 1, 2 do
      send(1, 250)
      send(2, 250)
    end
    send(3, 250)
    assert.same({ "127.0.0.2", "127.0.0.1", "127.0.0.3" }, hop:clients())
    send(4, 451)
    send(5, 451)
    for _, host in ipairs { "127.0.0.1:" .. hop.port, "six.test" } do
      server:wait_for("relay_error", { text = host .. ": not of the address family of source" })
    end
    server:stop()
    hop:stop()
  end)
end)
