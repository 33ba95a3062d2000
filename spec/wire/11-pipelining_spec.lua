-- Commands in groups: as many replies as commands, in order, and the points
-- where a client must wait (RFC 2920 3.1).
local lunette = require "spec.support.lunette"
local sink = require "spec.support.sink"

local slow = [[
local clock, verdict = require "lunette.clock", require "lunette.verdict"
return {
  rcpt = function(session, rcpt)
    if rcpt.user == "slow" then clock.sleep(0.05) end
    if rcpt.user == "no" then return verdict.reject("no %s here", rcpt.user) end
    return verdict.accept()
  end,
}
]]

describe("pipelining", function()
  local server, hop, c

  setup(function()
    hop = sink.start()
    server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "slow" } ]]):format(hop.url),
      hooks = { slow = slow },
    }
  end)
  teardown(function()
    lunette.clean()
    sink.clean()
  end)
  before_each(function() c = server:dial() end)
  after_each(function() c:close() end)

  it("answers a group in order, hooks that wait or not", function()
    c:hello()
    c:send("MAIL FROM:<a@b.test>\r\nRCPT TO:<slow@x.test>\r\nRCPT TO:<no@x.test>\r\n" ..
      "RCPT TO:<b@x.test>\r\nDATA\r\n")
    c:expect "250 2%.1%.0"
    c:expect "250 2%.1%.5"
    c:expect "550 5%.7%.1 no no here"
    c:expect "250 2%.1%.5"
    c:expect(354)
    c:send("Subject: x\r\n\r\nx\r\n.\r\nRSET\r\nNOOP\r\nQUIT\r\n")
    c:expect(250)
    c:expect(250)
    c:expect(250)
    c:expect(221)
    c:expect_closed()
    local m = hop:wait_messages(1)
    assert.same({ "slow@x.test", "b@x.test" }, m[#m].to)
  end)

  it("takes a group octet by octet", function()
    c:hello()
    c:pieces("MAIL FROM:<a@b.test>\r\nRCPT TO:<b@x.test>\r\nRSET\r\nQUIT\r\n", 1)
    c:expect(250)
    c:expect(250)
    c:expect(250)
    c:expect(221)
  end)

  it("takes a thousand commands at once", function()
    c:hello()
    c:send(("MAIL FROM:<a@b.test>\r\nRSET\r\n"):rep(45))
    for _ = 1, 90 do
      c:expect(250)
    end
  end)

  -- What must be the last of a group: more behind it ends the session.
  for _, last in ipairs { "EHLO a.test", "HELO a.test", "DATA", "VRFY a", "EXPN a" } do
    it("refuses what follows " .. last .. " in the same group", function()
      c:hello()
      c:cmd("MAIL FROM:<a@b.test>", 250)
      c:cmd("RCPT TO:<b@x.test>", 250)
      c:send(last .. "\r\nRSET\r\n")
      c:expect "554 5%.5%.0"
      c:expect_closed()
    end)
  end

  it("never reads content as commands", function()
    c:hello()
    c:send("MAIL FROM:<a@b.test>\r\nRCPT TO:<no@x.test>\r\nDATA\r\n" ..
      "MAIL FROM:<evil@b.test>\r\nRCPT TO:<b@x.test>\r\n.\r\n")
    c:expect(250)
    c:expect(550)
    local r = c:reply()
    assert.truthy(r.code == 554 or r.code == 503)
    c:expect_closed()
    assert.equal(0, server:count("verdict", { from = "evil@b.test" }))
  end)

  it("is not for HELO", function()
    c:expect(220)
    c:cmd("HELO client.test", 250)
    c:send("MAIL FROM:<a@b.test>\r\nRCPT TO:<b@x.test>\r\n")
    local r = c:reply()
    if r.code == 250 then
      r = c:reply()
    end
    assert.equal(554, r.code)
    c:expect_closed()
  end)

  it("is an offer only to a client that has seen the banner", function()
    c:send("EHLO client.test\r\nMAIL FROM:<a@b.test>\r\n")
    local r = c:reply()
    while r and r.code < 500 do
      r = c:reply()
    end
    assert.equal(554, r and r.code)
  end)
end)
