-- Extensions: what is offered is what the next hop takes, and it gets there.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"
local wait = require "spec.support.wait"

local full = { "PIPELINING", "SIZE 5000", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8",
  "CHUNKING", "REQUIRETLS", "LIMITS MAILMAX=10 RCPTMAX=3" }

-- The keywords of one EHLO: name to the whole line.
local function offers(c, name)
  local has = {}
  for i, line in ipairs(c:cmd((name or "EHLO") .. " client.test", 250).lines) do
    if i > 1 then has[line:match "^%S+"] = line end
  end
  return has
end

local function start(hop, config, o)
  return lunette.start {
    config = ([[ relay = "%s"; hooks = { "yes" }; workers = { count = 1 }; %s ]])
      :format(hop and hop.url or "discard:", config or ""),
    hooks = o,
  }
end

-- A client for whom the next hop's EHLO is known.
local function dial(server, keyword, o)
  local c, has
  wait.for_("an offer of " .. keyword, function()
    c = server:dial(o)
    c:expect(220)
    has = offers(c)
    if not has[keyword] then c:close() end
    return has[keyword]
  end)
  return c, has
end

after_each(function()
  lunette.clean()
  sink.clean()
end)

describe("EHLO", function()
  it("says what a next hop that is not known can take", function()
    local c = start(sink.start { connect = "refuse" }):dial()
    c:expect(220)
    assert.same({
      PIPELINING = "PIPELINING", SIZE = "SIZE 52428800", ["8BITMIME"] = "8BITMIME",
      ENHANCEDSTATUSCODES = "ENHANCEDSTATUSCODES", CHUNKING = "CHUNKING",
      LIMITS = "LIMITS MAILMAX=1000 RCPTMAX=1000", HELP = "HELP",
    }, offers(c))
  end)

  it("says what both sides can do", function()
    local _, has = dial(start(sink.start { ehlo = full }), "DSN")
    assert.same({
      PIPELINING = "PIPELINING", SIZE = "SIZE 5000", ["8BITMIME"] = "8BITMIME",
      ENHANCEDSTATUSCODES = "ENHANCEDSTATUSCODES", CHUNKING = "CHUNKING", DSN = "DSN",
      SMTPUTF8 = "SMTPUTF8", LIMITS = "LIMITS MAILMAX=1000 RCPTMAX=3", HELP = "HELP",
    }, has)
  end)

  it("says no 8BITMIME in front of a next hop that has none", function()
    local server = start(sink.start { ehlo = { "DSN" } })
    local c, has = dial(server, "DSN")
    assert.is_nil(has["8BITMIME"])
    c:cmd("MAIL FROM:<a@b.test> BODY=8BITMIME", "554 5%.6%.3")
    c:cmd("MAIL FROM:<a@b.test> BODY=7BIT", 250)
  end)

  it("has the smaller size of two, where none is no limit", function()
    local _, has = dial(start(sink.start { ehlo = { "DSN", "SIZE 0" } }), "DSN")
    assert.equal("SIZE 52428800", has.SIZE)
    local c
    c, has = dial(start(sink.start { ehlo = { "DSN", "SIZE 99" } }), "DSN")
    assert.equal("SIZE 99", has.SIZE)
    c:cmd("MAIL FROM:<a@b.test> SIZE=100", "552 5%.3%.4")
    c:cmd("MAIL FROM:<a@b.test> SIZE=99", 250)
  end)

  it("warns of a word to withhold that nobody offers", function()
    local o = { config = [[ relay = "discard:"; listen = "127.0.0.1:0"; hooks = { "own" };
      ehlo = { "CHUNKNG", "size", "auth", "XOWN", ["10.0.0.0/8"] = { "DNS" } } ]],
      hooks = { own = 'return { ehlo = { "XOWN" } }' } }
    local said = lunette.run({ "check", "-c", "$DIR/lunette.lua" }, o).err
    local words = {}
    for word in said:gmatch "ehlo: (%w+) is withheld" do
      words[#words + 1] = word
    end
    assert.same({ "CHUNKNG", "DNS" }, words)
  end)

  it("withholds what the configuration says, and switches it off", function()
    local server = start(nil, [[
      ehlo = { "dsn", ["127.0.0.2"] = { "CHUNKING", "SMTPUTF8" }, ["127.0.0.3/32"] = { "SIZE" } } ]])
    local c = server:dial()
    c:expect(220)
    local has = offers(c)
    assert.truthy(has.CHUNKING and has.SMTPUTF8 and has.SIZE and not has.DSN)
    c:cmd("MAIL FROM:<a@b.test> RET=HDRS", "555 5%.5%.4")
    c = server:dial { source = "127.0.0.2" }
    c:expect(220)
    has = offers(c)
    assert.truthy(has.SIZE and not has.CHUNKING and not has.SMTPUTF8 and not has.DSN)
    c:cmd("MAIL FROM:<a@b.test> SMTPUTF8", "553 5%.6%.7")
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd("BDAT 6\r\nQUIT", "502 5%.5%.1")
    c:cmd("NOOP", 250)
  end)
end)

describe("DSN", function()
  it("goes to the next hop", function()
    local hop = sink.start { ehlo = full }
    local c = dial(start(hop), "DSN")
    c:cmd("MAIL FROM:<a@b.test> RET=HDRS ENVID=q+2B1", 250)
    c:cmd("RCPT TO:<b@x.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2B@x.test", 250)
    c:cmd("BDAT 0 LAST", 250)
    hop:wait_line "^MAIL FROM:<a@b.test>.* RET=HDRS"
    hop:wait_line "^MAIL FROM:<a@b.test>.* ENVID=q%+2B1"
    hop:wait_line "^RCPT TO:<b@x.test>.* NOTIFY=SUCCESS,DELAY"
    hop:wait_line "^RCPT TO:<b@x.test>.* ORCPT=rfc822;b%+2B@x.test"
  end)

  it("is refused where it is not offered, or wrong", function()
    local c = dial(start(sink.start { ehlo = { "SMTPUTF8" } }), "SMTPUTF8")
    c:cmd("MAIL FROM:<a@b.test> RET=HDRS", "555 5%.5%.4")
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test> NOTIFY=NEVER", "555 5%.5%.4")
    c = dial(start(sink.start { ehlo = full }), "DSN")
    for _, bad in ipairs { "RET=SOME", "RET", "ENVID=", "ENVID=a+0A", "ENVID", "RET=FULL RET=FULL" } do
      c:cmd("MAIL FROM:<a@b.test> " .. bad, "501 5%.5%.4")
    end
    c:cmd("MAIL FROM:<a@b.test>", 250)
    for _, bad in ipairs { "NOTIFY=NEVER,DELAY", "NOTIFY", "ORCPT=b@x.test", "ORCPT=rfc822;a+0Db" } do
      c:cmd("RCPT TO:<b@x.test> " .. bad, "501 5%.5%.4")
    end
    c:cmd("RCPT TO:<b@x.test> RET=HDRS", "555 5%.5%.4")
  end)
end)

describe("SMTPUTF8", function()
  local hook = [[
    local verdict = require "lunette.verdict"
    return {
      mail = function(session, sender)
        session:log("info", { domain = sender.domain or "none" })
      end,
      rcpt = function(session, rcpt)
        if rcpt.domain == "xn--bcher-kva.example" then return verdict.accept() end
      end,
    }
  ]]

  it("takes addresses beyond ASCII, and lists see one form of them", function()
    local hop = sink.start { ehlo = full }
    local server = start(hop, [[hooks = { "idn" }]], { idn = hook })
    local c = dial(server, "SMTPUTF8")
    c:cmd("MAIL FROM:<j\195\188rgen@b\195\188cher.example> SMTPUTF8", 250)
    server:wait_for(nil, { domain = "xn--bcher-kva.example" })
    c:cmd("RCPT TO:<\195\188@B\195\156CHER.example>", 250)
    c:cmd("RCPT TO:<u@XN--Bcher-KVA.example>", 250)
    c:cmd("RCPT TO:<\195@b\195\188cher.example>", "501 5%.5%.2")
    c:cmd("DATA", 354)
    c:send "Subject: \195\188\r\n\r\nx\r\n.\r\n"
    c:expect(250)
    hop:wait_line "^MAIL FROM:<j\195\188rgen@b\195\188cher.example>.* SMTPUTF8"
    hop:wait_line "^RCPT TO:<\195\188@b"
    assert.matches("with UTF8SMTP id", hop:wait_messages(1)[1].data)
  end)

  it("must be said by the client", function()
    local c = dial(start(sink.start { ehlo = full }), "SMTPUTF8")
    c:cmd("MAIL FROM:<\195\188@b.test>", "553 5%.6%.7")
    c:cmd("MAIL FROM:<\195@b.test> SMTPUTF8", "501 5%.5%.2")
    c:cmd("MAIL FROM:<a@b.test> SMTPUTF8=1", "501 5%.5%.4")
    c:cmd("VRFY \195\188", "553 5%.6%.7")
    c:cmd("VRFY \195\188 SMTPUTF8", 252)
    c:cmd("VRFY \195 SMTPUTF8", "501 5%.5%.2")
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<\195\188@b.test>", "553 5%.6%.7")
  end)

  it("is not offered in front of a next hop that has none", function()
    local c, has = dial(start(sink.start { ehlo = { "DSN" } }), "DSN")
    assert.is_nil(has.SMTPUTF8)
    c:cmd("MAIL FROM:<\195\188@b.test> SMTPUTF8", "553 5%.6%.7")
  end)

  it("leaves headers alone that nobody announced", function()
    local hop = sink.start { ehlo = { "DSN", "8BITMIME" } }
    local c = dial(start(hop), "DSN")
    assert.equal(250, c:mail({ data = "Subject: \195\188\r\n\r\nx\r\n" }).code)
    assert.matches("Subject: \195\188\r\n", hop:wait_messages(1)[1].data)
  end)
end)

describe("under TLS", function()
  local dir, pair

  setup(function()
    dir = process.directory()
    pair = certificate.make(dir, "mx")
  end)
  teardown(function() process.remove(dir) end)

  local function secure(relay, auth)
    return lunette.start {
      config = ([[
        listen = { { "127.0.0.1:0", tls = "starttls", auth = "%s" } }
        tls = { cert = "%s", key = "%s" }; workers = { count = 1 }
        relay = %s; hooks = { "yes", "login" } ]]):format(auth or "off", pair.cert, pair.key, relay),
      hooks = { login = [[
        local verdict = require "lunette.verdict"
        return { auth = function() return verdict.accept() end } ]] },
    }
  end

  it("REQUIRETLS is offered if the next hop has it", function()
    local server = secure [["discard:"]]
    local c = server:dial()
    c:expect(220)
    assert.is_nil(offers(c).REQUIRETLS)
    c:cmd("MAIL FROM:<a@b.test> REQUIRETLS", "530 5%.7%.4")
    c:starttls {}
    assert.truthy(offers(c).REQUIRETLS)
    c:cmd("MAIL FROM:<a@b.test> REQUIRETLS=1", "501 5%.5%.4")
    c:cmd("MAIL FROM:<a@b.test> REQUIRETLS", 250)
  end)

  it("and not if it has none", function()
    local server = secure(('"%s"'):format(sink.start({ ehlo = { "DSN" } }).url))
    local c = dial(server, "DSN")
    c:starttls {}
    assert.is_nil(offers(c).REQUIRETLS)
    c:cmd("MAIL FROM:<a@b.test> REQUIRETLS", "550 5%.7%.30")
  end)

  it("AUTH= is taken where AUTH is offered, and checked", function()
    local server = secure([["discard:"]], "offered")
    local c = server:dial()
    c:expect(220)
    offers(c)
    c:cmd("MAIL FROM:<a@b.test> AUTH=<>", "555 5%.5%.4")
    c:starttls {}
    assert.equal("AUTH PLAIN LOGIN", offers(c).AUTH)
    c:cmd("MAIL FROM:<a@b.test> AUTH", "501 5%.5%.4")
    c:cmd("MAIL FROM:<a@b.test> AUTH=a+0Ab", "501 5%.5%.4")
    c:cmd("MAIL FROM:<a@b.test> AUTH=a+2Bb@b.test", 250)
    c:cmd("RSET", 250)
    c:cmd("MAIL FROM:<a@b.test> AUTH=<>", 250)
  end)

  it("the trace says so", function()
    local hop = sink.start()
    local server = secure(('"%s"'):format(hop.url), "offered")
    local c = server:dial()
    c:hello()
    c:starttls({}, "client.test")
    assert.equal(250, c:mail({}).code)
    c:cmd("AUTH PLAIN AGEAYg==", 235)
    assert.equal(250, c:mail({}).code)
    local list = hop:wait_messages(2)
    assert.matches("with ESMTPS id", list[1].data)
    assert.matches("with ESMTPSA id", list[2].data)
  end)
end)
