local row = require "spec.support.row"

row { 13, "A PROXY header from somebody who may not send one; none from one who must",
  answer = "The connection is closed without a word, and without a banner; the second after " ..
    "5 s", over = "clear" }

describe("where no proxy is expected,", function()
  local at = row.serve { config = [[ proxy_clients = { "192.0.2.1" } ]] }

  for _, header in ipairs { "PROXY TCP4 192.0.2.7 192.0.2.8 1000 25\r\n", "PROXY UNKNOWN\r\n",
    "\r\n\r\n\0\r\nQUIT\n\33\17\0\12\192\0\2\7\192\0\2\8\3\232\0\25" } do
    row.case(("%q is junk"):format(header:sub(1, 12)), function(c)
      c:send(header .. "EHLO client.test\r\nMAIL FROM:<a@b.test>\r\n")
      local r
      repeat r = c:reply() until not r or r.code >= 500
      c.sock:shutdown "send"  -- in pieces version 2 begins with two empty lines: 500
      local line = at.server:ended(c)
      assert.matches("^127%.0%.0%.1:", line.client)
      assert.matches("^0/", line.mail or "0/0")
    end, { greet = "banner" })
  end
end)

describe("where one is,", function()
  local at = row.serve {
    config = [[ proxy_clients = { "127.0.0.1" };
      listen = { { "127.0.0.1:0", proxy = true }, { "127.0.0.1:0", proxy = true, tls = "implicit" } } ]],
  }

  it("a peer that is not listed is dropped", function()
    for n = 1, 2 do
      local c = at.server:dial({ source = "127.0.0.2" }, n)
      c:send "PROXY TCP4 192.0.2.7 192.0.2.8 1000 25\r\nEHLO client.test\r\n"
      c:expect_closed()
      assert.equal("refused", at.server:ended(c).reason)
    end
  end)

  it("a client without a header is dropped", function()
    for _, text in ipairs { "EHLO client.test\r\n", "\22\3\1\2\0\1\0\1\252\3\3" .. ("x"):rep(100),
      "GET / HTTP/1.0\r\n\r\n" } do
      local c = at.server:dial()
      c:send(text)
      c:expect_closed()
      assert.equal("refused", at.server:ended(c).reason)
    end
  end)

  it("one that says nothing is dropped, in the end", function()
    local from = at.server:here()
    local quiet, half = at.server:dial(), at.server:dial(nil, 2)
    half:send "PROXY TCP4 192."
    quiet:expect_closed(20)
    half:expect_closed(20)
    assert.equal(2, at.server:wait_count(2, "end", { reason = "timeout" }, from))
  end)

  it("a listed peer with a header is served", function()
    local c = at.server:dial()
    c:send "PROXY TCP4 192.0.2.7 192.0.2.8 1000 25\r\n"
    c:hello()
    assert.equal(250, c:mail {}.code)
    assert.equal("192.0.2.7:1000", at.server:wait_for("message").client)
  end)
end)
