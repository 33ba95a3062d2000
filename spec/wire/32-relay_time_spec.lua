-- The next hop and time: pools that are full, answers that come late, clients
-- that do not wait for them.
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"

local function hello(server)
  local c = server:dial()
  c:hello()
  return c
end

describe("the next hop", function()
  local dir

  before_each(function() dir = process.directory() end)
  after_each(function()
    lunette.clean()
    sink.clean()
    process.remove(dir)
  end)

  it("has so many connections; who does not get one in time is told to come again", function()
    local hop = sink.start()
    local server = lunette.start {
      config = ([[ relay = { "%s", pool = { size = 1, wait = 0.3 } }; hooks = { "yes" };
        workers = { count = 1 } ]]):format(hop.url),
    }
    local a, b = hello(server), hello(server)
    a:cmd("MAIL FROM:<>", 250)
    a:cmd("RCPT TO:<a@x.test>", 250)
    b:cmd("MAIL FROM:<>", 250)
    b:cmd("RCPT TO:<b@x.test>", "451 4%.3%.2")
    b:line "RCPT TO:<b@x.test>"
    a:cmd("RSET", 250)
    b:expect(250)
    assert.equal(1, hop:connections())
    server:stop()
  end)

  it("may take its time, and the client hears what it says", function()
    local hop = sink.start { dot = { after = dir .. "/go", "250 2.0.0 at last" } }
    local server = lunette.start { config = ([[ relay = "%s"; hooks = { "yes" } ]]):format(hop.url) }
    local c = hello(server)
    c:cmd("MAIL FROM:<>", 250)
    c:cmd("RCPT TO:<a@x.test>", 250)
    c:cmd("DATA", 354)
    c:send "Subject: x\r\n\r\n.\r\n"
    hop:wait_messages(1)
    assert.truthy(c:is_quiet())
    process.write(dir .. "/go", "")
    assert.matches("at last", c:expect(250).text)
    server:stop()
  end)

  it("and the hooks have timeouts.after_data in all", function()
    local hop = sink.start()
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "slow" }; timeouts = { after_data = 0.5 } ]]):format(hop.url),
      hooks = { slow = [[
        local clock, verdict = require "lunette.clock", require "lunette.verdict"
        return {
          rcpt = function() return verdict.accept() end,
          message = function() clock.sleep(20) end,
        } ]] },
    }
    local c = hello(server)
    local r = c:mail {}
    assert.equal(451, r.code)
    assert.equal(0, #hop:messages())
    assert.equal(1, server:count "hook_error" + server:count "relay_error")
    c:cmd("NOOP", 250)
    server:stop()
  end)

  it("gets nothing of what a drained session had open", function()
    local hop = sink.start()
    local server = lunette.start { config = ([[ relay = "%s"; hooks = { "yes" } ]]):format(hop.url) }
    local c = hello(server)
    c:cmd("MAIL FROM:<>", 250)
    c:cmd("RCPT TO:<a@x.test>", 250)
    server.process:signal "TERM"
    c:expect "421 4%.3%.2"
    c:expect_closed()
    assert.equal(0, (server.process:join()))
    assert.equal(0, #hop:messages())
    server:stop()
  end)
end)

describe("a next hop that takes the connection and says nothing", function()
  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  it("is given up after timeouts.relay_connect", function()
    local hop = sink.start { banner = "stall" }
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" };
        timeouts = { relay_connect = 0.3 } ]]):format(hop.url),
    }
    local c = hello(server)
    c:cmd("MAIL FROM:<>", 250)
    c:cmd("RCPT TO:<a@x.test>", "451 4%.4%.1")
    server:stop()
  end)
end)

describe("EHLO", function()
  after_each(lunette.clean)

  it("does not offer what is withheld, and offers what hooks add", function()
    local server = lunette.start {
      config = [[ relay = "discard:"; hooks = { "more", "yes" }; ehlo = { "PIPELINING", "SIZE" } ]],
      hooks = { more = [[ return { ehlo = { "XMORE a b" } } ]] },
    }
    local c = server:dial()
    local r = c:hello()
    local text = "\n" .. r.text .. "\n"
    assert.is_nil(text:find "\nPIPELINING")
    assert.is_nil(text:find "\nSIZE")
    assert.truthy(text:find "\nXMORE a b\n")
    assert.truthy(text:find "\n8BITMIME\n")
    c:send "MAIL FROM:<>\r\nRCPT TO:<a@x.test>\r\n"
    r = c:reply()
    if r.code == 250 then
      r = c:reply()
    end
    assert.equal(554, r.code)
    server:stop()
  end)
end)
