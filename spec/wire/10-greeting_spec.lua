-- The first words: banner, HELO and EHLO, and verbs that are not for this listener.
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
    { "NOOP \1", "500 5%.5%.2" }, { "NO\rOP", "500 5%.5%.2" }, { "NOOP\nRSET", "500 5%.5%.2" },
    { "NOOP\r", "500 5%.5%.2" }, { "STARTTLS", "502 5%.5%.1" },
    { "AUTH PLAIN AGEAYg==", "50[23] 5%.5%.1" }, { "BDAT 0 LAST", "503 5%.5%.1" },
    { "LHLO a.test", "50[02] 5%.5%.[12]" },
  } do
    it(("answers %q"):format(case[1]:sub(1, 30)), function()
      c:hello()
      c:cmd(case[1], case[2])
      c:cmd("NOOP", 250)
    end)
  end
end)
