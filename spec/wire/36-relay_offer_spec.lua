-- What the next hop offers: we offer no more, and hand on what clients then say
-- (rows 56 to 60 and 104 of doc/hostile-input.md).
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"
local wait = require "spec.support.wait"

local few = { "PIPELINING", "8BITMIME" }
local many = { "PIPELINING", "SIZE 5000", "8BITMIME", "DSN", "SMTPUTF8", "ENHANCEDSTATUSCODES" }

describe("what the next hop offers", function()
  local server

  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  local function start(relay, rest)
    server = lunette.start {
      config = ([[ relay = %s; hooks = { "yes" }; workers = { count = 1 }; %s ]])
        :format(relay, rest or ""),
    }
  end

  -- The keywords that a client is offered now.
  local function offered()
    local c = server:dial()
    c:expect(220)
    local words = {}
    for _, line in ipairs(c:cmd("EHLO client.test", 250).lines) do
      words[line:match "^%S+"] = line
    end
    c:close()
    return words
  end

  local function wait_offered(word)
    wait.for_(word .. " in our EHLO", function() return offered()[word] end)
    local c = server:dial()
    c:hello()
    return c
  end

  local function hop_asked(hop)
    wait.for_("the next hop is asked", function() return #hop:of "end" > 0 end)
  end

  it("is asked by the workers themselves, and offered on", function()
    local hop = sink.start { ehlo = many, probes = true }
    start(('"%s"'):format(hop.url))
    local c = wait_offered "DSN"
    local words = offered()
    assert.truthy(words.SMTPUTF8)
    assert.equal("SIZE 5000", words.SIZE)
    assert.same({ "EHLO mx.test", "QUIT" }, hop:lines(1))
    c:cmd("MAIL FROM:<a@b.test> RET=HDRS ENVID=x+2By SIZE=20", 250)
    c:cmd("RCPT TO:<b@x.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@x.test", 250)
    c:cmd("DATA", 354)
    c:send "Subject: x\r\n\r\nx\r\n.\r\n"
    c:expect(250)
    local m = hop:messages()[1]
    assert.equal("MAIL FROM:<a@b.test> SIZE=20 RET=HDRS ENVID=x+2By", m.from_line)
    assert.same({ "RCPT TO:<b@x.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c@x.test" }, m.to_lines)
  end)

  it("and no more than each of several has", function()
    local one = sink.start { ehlo = many, probes = true }
    local two = sink.start { ehlo = few, probes = true }
    start(('{ "%s", "%s" }'):format(one.url, two.url))
    hop_asked(one)
    hop_asked(two)
    local words = offered()
    assert.is_nil(words.DSN)
    assert.is_nil(words.SMTPUTF8)
  end)

  it("with one that cannot be asked, we promise little", function()
    local hop = sink.start { connect = "refuse" }
    start(('"%s"'):format(hop.url))
    server:wait_for "relay_error"
    local words = offered()
    assert.is_nil(words.DSN)
    assert.truthy(words["8BITMIME"] and words.PIPELINING)
  end)

  it("may be less on the connection that has the mail", function()
    local hop = sink.start { ehlo = many }
    start(('"%s"'):format(hop.url))
    local c = wait_offered "SMTPUTF8"
    hop:stop()
    hop = sink.start { port = hop.port, ehlo = few }
    c:cmd("MAIL FROM:<\195\169@b.test> SMTPUTF8", 250)
    c:cmd("RCPT TO:<b@x.test>", "553 5%.6%.7")
    c:cmd("RSET", 250)
    c:cmd("MAIL FROM:<a@b.test> SMTPUTF8 RET=FULL BODY=8BITMIME", 250)
    c:cmd("RCPT TO:<b@x.test> NOTIFY=NEVER", 250)
    assert.truthy(hop:wait_line "^MAIL FROM:<a@b%.test> BODY=8BITMIME$")
    c:cmd("DATA", 354)
    c:send "Subject: \195\169\r\n\r\nx\r\n.\r\n"
    c:expect "550 5%.6%.7"
    assert.equal(0, #hop:messages())
    c:cmd("MAIL FROM:<a@b.test> SMTPUTF8", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd("DATA", 354)
    c:send "Subject: x\r\n\r\nx\r\n.\r\n"
    c:expect(250)
    assert.same({ "RCPT TO:<b@x.test>" }, hop:messages()[1].to_lines)
  end)

  it("takes international mail where it can", function()
    local hop = sink.start { ehlo = many }
    start(('"%s"'):format(hop.url))
    local c = wait_offered "SMTPUTF8"
    c:cmd("MAIL FROM:<\195\169@b.test> SMTPUTF8 BODY=8BITMIME", 250)
    c:cmd("RCPT TO:<\195\182@x.test>", 250)
    c:cmd("DATA", 354)
    c:send "Subject: \195\169\r\n\r\nx\r\n.\r\n"
    c:expect(250)
    local m = hop:messages()[1]
    assert.matches("^MAIL FROM:<\195\169@b%.test> BODY=8BITMIME SMTPUTF8$", m.from_line)
    assert.same({ "\195\182@x.test" }, m.to)
  end)

  describe("REQUIRETLS", function()
    local dir, pair
    setup(function()
      dir = process.directory()
      pair = certificate.make(dir, "hop", { names = { "127.0.0.1" } })
    end)
    teardown(function() process.remove(dir) end)

    local function serve(hop, tls)
      server = lunette.start {
        config = ([[ listen = { "127.0.0.1:0", tls = "starttls" }; tls = { cert = "%s", key = "%s" }
          relay = { "%s", tls = "%s"%s }; hooks = { "yes" }; workers = { count = 1 } ]])
          :format(pair.cert, pair.key, hop.url, tls,
            tls == "verify" and (', fingerprint = "%s"'):format(pair.fingerprint) or ""),
      }
    end

    local function secured()
      local c = server:dial()
      c:expect(220)
      c:cmd("EHLO client.test", 250)
      c:starttls({}, "client.test")
      return c
    end

    it("is offered and handed on where the next hop is verified", function()
      local hop = sink.start { ehlo = { "REQUIRETLS" }, tls = pair }
      serve(hop, "verify")
      local c
      wait.for_("REQUIRETLS", function()
        c = secured()
        return c:cmd("EHLO client.test", 250).text:find("REQUIRETLS", 1, true)
      end)
      c:cmd("MAIL FROM:<a@b.test> REQUIRETLS", 250)
      c:cmd("RCPT TO:<b@x.test>", 250)
      assert.truthy(hop:wait_line "^MAIL FROM:<a@b%.test> REQUIRETLS$")
    end)

    it("is not, where it is only encrypted", function()
      local hop = sink.start { ehlo = { "REQUIRETLS", "DSN" }, tls = pair }
      serve(hop, "required")
      local c, text
      wait.for_("DSN", function()
        c = secured()
        text = c:cmd("EHLO client.test", 250).text
        return text:find("DSN", 1, true)
      end)
      assert.falsy(text:find("REQUIRETLS", 1, true))
      c:cmd("MAIL FROM:<a@b.test> REQUIRETLS", "550 5%.7%.30")
    end)
  end)
end)
