-- XCLIENT and XFORWARD from relays that may say for whom they speak.
local lunette = require "spec.support.lunette"

local who = [[
local verdict = require "lunette.verdict"
local who = {}
function who.connect(session)
  local auth = session.auth
  session:log("info", "connect %s %s %s", session.client.ip, session.client.name or "-",
    auth and auth.user or "-")
  if session.client.ip == "192.0.2.66" then return verdict.reject("not you") end
  if session.client.ip == "192.0.2.67" then return verdict.reject("nor you"):later() end
end
function who.helo(session, name) session:log("info", "helo %s", name) end
return who
]]

describe("a relay", function()
  local server, from

  setup(function()
    server = lunette.start { hooks = { who = who }, config = [[
      relay = "maildir:mail"; hooks = { "who", "relay_clients", "yes" }; workers = { count = 1 };
      xclient_clients = "127.0.0.1"; trusted = "192.0.2.0/25";
      limits = { per_client = { ["192.0.2.0/24"] = 2 }, errors = 0, soft_errors = 0 } ]] }
  end)
  teardown(lunette.clean)

  local function dial(o)
    local c = server:dial(o)
    c:hello()
    from = server:here()
    return c
  end

  local function seen()
    local list = {}
    for _, line in ipairs(server:log("hook", from)) do
      list[#list + 1] = line.msg
    end
    return list
  end

  it("says whose message it brings", function()
    local c = dial()
    c:cmd("XCLIENT NAME=mail.x.test ADDR=192.0.2.5 PORT=77 LOGIN=ann", 220)
    c:cmd("MAIL FROM:<a@b.test>", "503 5%.5%.1")
    c:cmd("EHLO mail.x.test", 250)
    assert.equal(250, c:mail({}).code)
    assert.same({ "connect 192.0.2.5 mail.x.test ann", "helo mail.x.test" }, seen())
    assert.matches("from mail%.x%.test %(mail%.x%.test %[192%.0%.2%.5%]%)", server:mails()[1])
    c:cmd("XCLIENT ADDR=IPV6:2001:db8::7 HELO=six.test PROTO=ESMTP", 220)
    assert.equal(250, c:mail({}).code)
    c:cmd("QUIT", 221)
    local line = server:wait_for("end", { reason = "quit" }, from)
    assert.equal("[2001:db8::7]:0", line.client)
    assert.is_nil(line.auth)
    assert.equal("127.0.0.1", line.proxy or "127.0.0.1")
  end)

  it("brings a client that is refused", function()
    local c = dial()
    c:cmd("XCLIENT ADDR=192.0.2.66", "554 5%.7%.1 not you")
    c:expect_closed()
    c = dial()
    c:cmd("XCLIENT ADDR=192.0.2.67", 220)
    c:cmd("EHLO x.test", 250)
    assert.matches("nor you", c:mail({}).text)
    c:cmd("RSET", 250)
    c:cmd("XCLIENT ADDR=192.0.2.5", 220)  -- another, of whom nothing bad is known
    c:cmd("EHLO x.test", 250)
    assert.equal(250, c:mail({}).code)
  end)

  it("brings a client that has too many already", function()
    local open = {}
    for i = 1, 3 do
      open[i] = dial()
      open[i]:cmd("XCLIENT ADDR=192.0.2.20", i < 3 and 220 or "421 4%.7%.0")
    end
    open[3]:expect_closed()
  end)

  it("is told what is wrong, and nothing changes", function()
    local c = dial()
    for _, rest in ipairs {
      "", " ", " ADDR", " ADDR=", " ADDR=x", " ADDR=192.0.2.1:2", " ADDR=192.0.2.300", " PORT=0",
      " PORT=99999", " NAME=a+4", " NAME=a+00b", " NAME=" .. ("a"):rep(300), " WHO=x", " PROTO=HTTP",
      " HELO=a+20b", " LOGIN=a+0Ab", " ADDR=192.0.2.5 PORT=x", " SOURCE=LOCAL",
    } do
      c:cmd("XCLIENT" .. rest, "501 5%.5%.4")
    end
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("XCLIENT ADDR=192.0.2.5", "503 5%.5%.1")
    c:cmd("XFORWARD ADDR=192.0.2.5", "503 5%.5%.1")
    c:cmd("RCPT TO:<b@example.org>", 250)
    assert.same({}, seen())
  end)

  it("tells the log where a message came from", function()
    local c = dial()
    c:cmd("XFORWARD NAME=x.test ADDR=192.0.2.5 SOURCE=REMOTE", "250 2%.0%.0")
    c:cmd("XFORWARD HELO=[UNAVAILABLE] IDENT=4B7+2B", "250 2%.0%.0")
    c:cmd("XFORWARD NAME", "501 5%.5%.4")
    c:cmd("XFORWARD HELO=a+0Ab", "501 5%.5%.4")
    assert.equal(250, c:mail({}).code)
    assert.equal("NAME=x.test ADDR=192.0.2.5 IDENT=4B7+ SOURCE=REMOTE",
      server:wait_for("message", nil, from).xforward)
    from = server:here()
    c:cmd("XFORWARD HELO=my+20old+20pc NAME=-x-", "250 2%.0%.0")
    assert.equal(250, c:mail({}).code)
    assert.equal("NAME=-x- HELO=my old pc", server:wait_for("message", nil, from).xforward)
    from = server:here()
    assert.equal(250, c:mail({}).code)
    assert.is_nil(server:wait_for("message", nil, from).xforward)
  end)

  it("is listed, or it is nobody", function()
    local c = dial { source = "127.0.0.2" }
    c:cmd("XCLIENT ADDR=192.0.2.5", "550 5%.7%.0")
    c:cmd("XFORWARD ADDR=192.0.2.5", "550 5%.7%.0")
    assert.is_nil(c:cmd("EHLO x.test", 250).text:match "XCLIENT")
    assert.matches("XCLIENT.*XFORWARD", dial():cmd("EHLO x.test", 250).text)
  end)

  -- Two of us, one behind the other; the client is the first one's.
  for kind, back in pairs {
    xclient = { 'xclient_clients = "127.0.0.1"', "" },
    xforward = { 'xclient_clients = "127.0.0.1"; ehlo = { "XCLIENT" }', "" },
    proxy = { 'proxy_clients = "127.0.0.1"', ", proxy = true" },
  } do
    it("is one of us, by " .. kind, function()
      local second = lunette.start { config = ([[ relay = "maildir:mail"; hooks = { "yes" };
        workers = { count = 1 }; %s; listen = { { "127.0.0.1:0" %s } } ]]):format(back[1], back[2]) }
      local first = lunette.start { config = ([[ relay = { "smtp://127.0.0.1:%d", xclient = "%s" };
        hooks = { "yes" } ]]):format(second.port, kind) }
      for i = 1, 2 do
        local c = first:dial { source = "127.0.0." .. 7 + i }
        c:hello("client" .. i .. ".test")
        assert.equal(250, c:mail({}).code)
        c:cmd("QUIT", 221)
        second:wait_count(i, "message")
        local line = second:log "message"[i]
        if kind == "xforward" then
          assert.matches("ADDR=127%.0%.0%." .. 7 + i, line.xforward)
        else
          assert.matches("^127%.0%.0%." .. 7 + i .. ":", line.client)
        end
      end
      first:stop()
      second:stop()
    end)
  end
end)
