-- LMTP in: LHLO, and a reply for each recipient behind the content.
local lunette = require "spec.support.lunette"
local sink = require "spec.support.sink"

local content = "Subject: x\r\n\r\nx\r\n"

describe("an LMTP listener", function()
  local c

  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  local function start(relay, rest, hooks)
    local server = lunette.start {
      config = ([[
        listen = { { "127.0.0.1:0", lmtp = true } }
        relay = "%s"; hooks = { "yes" }; workers = { count = 1 }; %s ]]):format(relay, rest or ""),
      hooks = hooks,
    }
    c = server:dial()
    c:expect "220 mx%.test LMTP"
    return server
  end

  local function begin(list)
    c:cmd("LHLO client.test", 250)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    for _, to in ipairs(list) do c:cmd(("RCPT TO:<%s@x.test>"):format(to), 250) end
  end

  it("is greeted with LHLO alone", function()
    start "discard:"
    c:cmd("EHLO client.test", "500 5%.5%.1")
    c:cmd("HELO client.test", "500 5%.5%.1")
    c:cmd("MAIL FROM:<a@b.test>", "503 5%.5%.1")
    c:cmd("LHLO", "501 5%.5%.4")
    local has = c:cmd("LHLO client.test", 250)
    assert.equal("mx.test", has.lines[1])
    assert.matches("\nPIPELINING\n", has.text)
    assert.matches("LHLO MAIL", c:cmd("HELP", 214).text)
  end)

  it("and an SMTP listener is not", function()
    local d = lunette.start { config = [[ relay = "discard:" ]] }:dial()
    d:expect(220)
    d:cmd("LHLO client.test", "502 5%.5%.1")
    d:cmd("EHLO client.test", 250)
  end)

  it("passes the next hop's own words on", function()
    local hop = sink.start {
      lmtp = true,
      dot = { "250 2.1.5 one", "450 4.2.2 full", "550 5.7.1 no" },
    }
    local server = start(hop.url)
    begin { "one", "two", "three" }
    c:cmd("DATA", 354)
    c:send(content .. ".\r\n")
    c:expect "250 2%.1%.5 one"
    c:expect "450 4%.2%.2 full"
    c:expect "550 5%.7%.1 no"
    c:cmd("QUIT", 221)
    server:wait_for("end", { reason = "quit", messages = "1", data = "1/1" })
    assert.matches("with LMTP id", hop:messages()[1].data)
  end)

  it("gives all the same words of a next hop that has one answer", function()
    local hop = sink.start()
    start(hop.url)
    begin { "one", "two" }
    c:send("BDAT " .. #content .. " LAST\r\n" .. content)
    c:expect(250)
    c:expect(250)
    c:cmd("NOOP", 250)
    assert.equal(2, #hop:messages()[1].to)
  end)

  it("has no reply for those that were refused, and one for those discarded", function()
    start("discard:", [[ hooks = { "some" } ]], { some = [[
      local verdict = require "lunette.verdict"
      return {
        rcpt = function(session, rcpt)
          if rcpt.user == "no" then return verdict.reject() end
          return rcpt.user == "gone" and verdict.discard() or verdict.accept()
        end,
        message = function() return verdict.defer("4.7.1", "later, perhaps") end,
      } ]] })
    begin { "one" }
    c:cmd("RCPT TO:<no@x.test>", 550)
    c:cmd("RCPT TO:<gone@x.test>", 250)
    c:cmd("RCPT TO:<two@x.test>", 250)
    c:cmd("DATA", 354)
    c:send(content .. ".\r\n")
    c:expect "451 4%.7%.1 later, perhaps"
    c:expect "250 2%."
    c:expect "451 4%.7%.1 later, perhaps"
    c:cmd("NOOP", 250)
  end)

  it("refuses for each what the core refuses", function()
    start "discard:"
    begin { "one", "two" }
    c:cmd("DATA", 354)
    c:send "Subject: x\r\n\r\nx\ny\r\n.\r\n"
    c:expect "550 5%.5%.2"
    c:expect "550 5%.5%.2"
    begin {}
    c:cmd("DATA", "503 5%.5%.1")
    c:cmd("BDAT 4 LAST\r\nxy", "503 5%.5%.1")
    c:cmd("NOOP", 250)
  end)

  it("says later to each when the next hop is not there", function()
    local hop = sink.start { dot = "close" }
    start(hop.url)
    begin { "one", "two" }
    c:cmd("DATA", 354)
    c:send(content .. ".\r\n")
    c:expect "451 4%.4%.2"
    c:expect "451 4%.4%.2"
  end)
end)
