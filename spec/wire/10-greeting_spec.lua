-- The first words: banner, HELO and EHLO, and what each verb answers when.
local lunette = require "spec.support.lunette"

describe("a session", function()
  local server, c

  setup(function()
    server = lunette.start { config = [[ relay = "discard:"; hooks = { "yes" } ]] }
  end)
  teardown(lunette.clean)
  before_each(function() c = server:dial() end)
  after_each(function() c:close() end)

  it("greets with its name and says goodbye", function()
    assert.matches("^mx%.test ", c:expect(220).text)
    c:cmd("QUIT", "221 2%.0%.0")
    c:expect_closed()
  end)

  it("tells what it can in EHLO", function()
    local has = {}
    local r = c:hello()
    assert.matches("^mx%.test", r.lines[1])
    for i = 2, #r.lines do
      has[r.lines[i]:match "^%S+"] = r.lines[i]
    end
    assert.truthy(has.PIPELINING and has["8BITMIME"] and has.ENHANCEDSTATUSCODES and has.CHUNKING)
    assert.equal("LIMITS MAILMAX=1000 RCPTMAX=1000", has.LIMITS)
    assert.equal("SIZE 52428800", has.SIZE)
    for _, word in ipairs { "STARTTLS", "AUTH", "REQUIRETLS", "XCLIENT" } do
      assert.is_nil(has[word])
    end
  end)

  it("answers HELO with one line", function()
    c:expect(220)
    assert.same({ "mx.test" }, c:cmd("HELO client.test", 250).lines)
  end)

  it("takes names and literals, and nothing else, for HELO", function()
    c:expect(220)
    for _, name in ipairs { "a", "a_b.test", "[192.0.2.1]", "[IPv6:2001:db8::1]" } do
      c:cmd("EHLO " .. name, 250)
    end
    for _, line in ipairs { "EHLO", "HELO", "EHLO ", "EHLO a b", "EHLO <a>", "EHLO a..b",
      "EHLO [1.2.3]", "EHLO " .. ("a"):rep(64), "EHLO " .. ("a."):rep(130) .. "a" } do
      c:cmd(line, "501 5%.5%.4")
    end
    c:cmd("MAIL FROM:<a@b.test>", 250)  -- the greeting before still counts
  end)

  it("knows the order of things", function()
    c:expect(220)
    c:cmd("MAIL FROM:<a@b.test>", "503 5%.5%.1")
    c:cmd("EHLO client.test", 250)
    c:cmd("RCPT TO:<a@example.org>", "503 5%.5%.1")
    c:cmd("DATA", "503 5%.5%.1")
    c:cmd("MAIL FROM:<a@b.test>", "250 2%.1%.0")
    c:cmd("MAIL FROM:<c@b.test>", "503 5%.5%.1")
    c:cmd("DATA", "55?[04]?3? 5%.5%.1")
    c:cmd("RCPT TO:<a@example.org>", "250 2%.1%.5")
    c:cmd("RSET", "250 2%.0%.0")
    c:cmd("DATA", "503 5%.5%.1")
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("EHLO client.test", 250)
    c:cmd("RCPT TO:<a@example.org>", "503 5%.5%.1")
  end)

  it("does what needs no greeting", function()
    c:expect(220)
    c:cmd("NOOP", "250 2%.0%.0")
    c:cmd("NOOP with words", 250)
    c:cmd("RSET", 250)
    c:cmd("HELP", 214)
    c:cmd("VRFY a@example.org", "252 2%.")
    c:cmd("EXPN list", "50?2? 5%.5%.1")
    c:cmd("ETRN example.org", "502 5%.5%.1")
  end)

  for _, case in ipairs {
    { "X-WHAT", "500 5%.5%.2" }, { "QUITS", "500 5%.5%.2" }, { "MAILFROM:<a@b>", "500 5%.5%.2" },
    { " NOOP", "500 5%.5%.2" }, { "", "500 5%.5%.2" }, { "NOOP \1", "500 5%.5%.2" },
    { "RSET\0", "500 5%.5%.2" }, { "NO\rOP", "500 5%.5%.2" }, { "NOOP\nRSET", "500 5%.5%.2" },
    { "NOOP\r", "500 5%.5%.2" }, { ("NOOP " .. ("x"):rep(3000)), "500 5%.5%.2" },
    { "RSET now", "501 5%.5%.4" }, { "DATA now", "501 5%.5%.4" },
    { "STARTTLS", "502 5%.5%.1" }, { "AUTH PLAIN AGEAYg==", "50[23] 5%.5%.1" },
    { "BDAT 0 LAST", "503 5%.5%.1" }, { "LHLO a.test", "50[02] 5%.5%.[12]" },
    { "XCLIENT ADDR=192.0.2.1", "5[05][02] 5%." }, { "XFORWARD ADDR=192.0.2.1", "5[05][02] 5%." },
    { "noop", 250 }, { "NoOp  ", 250 }, { "vrfy postmaster", 252 },
  } do
    it(("answers %q"):format(case[1]:sub(1, 30)), function()
      c:hello()
      c:cmd(case[1], case[2])
      c:cmd("NOOP", 250)
    end)
  end

  for _, noise in ipairs { "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST / HTTP/1.0\r\n\r\nEHLO a\r\n",
    "\22\3\1\2\0\1\0\1\252\3\3", "CONNECT mx:25 HTTP/1.1\r\n\r\n", "SSH-2.0-x\r\n" } do
    it(("hangs up on %q"):format(noise:sub(1, 10)), function()
      c:expect(220)
      c:send(noise)
      c:expect_closed()
    end)
  end

  it("closes a session whose client has half-closed", function()
    c:hello()
    c:send("NOOP\r\nQUIT\r\n"):finish()
    c:expect(250)
    c:expect(221)
    c:expect_closed()
  end)

  it("answers what came before the client left", function()
    c:hello()
    c:send("NOOP\r\nNOOP\r\n"):finish()
    c:expect(250)
    c:expect(250)
    c:expect_closed()
  end)
end)
