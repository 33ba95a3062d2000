-- BDAT: content that comes in chunks goes out by DATA, the same, once.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local sink = require "spec.support.sink"
local wait = require "spec.support.wait"

local head = "Subject: x\r\nFrom: <a@b.test>\r\n\r\n"

describe("BDAT", function()
  local server, hop, c

  setup(function()
    hop = sink.start()
    server = lunette.start {
      config = ([[
        relay = "%s"; hooks = { "yes" }
        limits = { memory_message = "4K", message_size = "3M", commands = 30 }
        workers = { count = 1 } ]]):format(hop.url),
    }
  end)
  teardown(function()
    lunette.clean()
    sink.clean()
  end)
  before_each(function()
    c = server:dial()
    c:hello()
  end)
  after_each(function() c:close() end)

  local function envelope()
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
  end

  -- The content in chunks of sizes that next() gives, all at once or in pieces
  -- of n octets; what the sink has.
  local function pass(content, next, n)
    local before, at, out, chunks = #hop:messages(), 1, {}, 0
    envelope()
    repeat
      local size = math.min(next(), #content - at + 1)
      local last = at + size > #content
      out[#out + 1] = ("BDAT %d%s\r\n"):format(size, last and " LAST" or "")
      out[#out + 1] = content:sub(at, at + size - 1)
      at, chunks = at + size, chunks + 1
    until last
    if n then
      c:pieces(table.concat(out), n)
    else
      c:send(table.concat(out))
    end
    for _ = 2, chunks do c:expect "250 2%.0%.0 %d+ octets" end
    c:expect "250 2%."
    local list = hop:wait_messages(before + 1)
    assert.equal(before + 1, #list)
    return (list[#list].data:gsub("^Received: .-\r\n([^ \t])", "%1"))
  end

  local function always(n) return function() return n end end

  for name, content in pairs {
    ["one line"] = head .. "x\r\n",
    ["no line end"] = head .. "x",
    ["dots"] = head .. ".\r\n..\r\n...\r\n.x\r\nx.\r\n. \r\n.\r\nQUIT\r\n",
    ["8 bits and NUL"] = head .. "\0\1\128\255\195\169\r\n",
    ["more than memory takes"] = head .. ("some line or other\r\n.\r\n"):rep(5000),
  } do
    it("passes: " .. name, function()
      local want = content:sub(-2) == "\r\n" and content or content .. "\r\n"
      assert.truthy(pass(content, always(1e9)) == want)
      assert.truthy(pass(content, always(1e9), 1021) == want)
      local size = math.max(math.ceil(#content / 25), 1)
      assert.truthy(pass(content, always(size)) == want)
      math.randomseed(25)
      local function any() return size + math.random(size) - 1 end
      assert.truthy(pass(content, any, #content < 200 and 1 or 997) == want)
    end)
  end

  it("passes many chunks of a usual size", function()
    local content = head .. (("x"):rep(62) .. "\r\n"):rep(40000)
    assert.truthy(pass(content, always(16384)) == content)
  end)

  it("serves what follows in the group", function()
    envelope()
    c:send "BDAT 2\r\nA:BDAT 4 LAST\r\n 1\r\nMAIL FROM:<a@b.test>\r\nRSET\r\n"
    c:expect "250 2%.0%.0 2 octets"
    c:expect(250)
    c:expect "250 2%.1%.0"
    c:expect(250)
  end)

  it("has a trace like any other", function()
    local before = #hop:messages()
    envelope()
    c:cmd("BDAT 6 LAST\r\nA: 1", 250)
    assert.matches("^Received: from .- with ESMTP id ", hop:wait_messages(before + 1)[before + 1].data)
  end)

  it("ends with 10,000,000 chunks of nothing much, soon", function()
    envelope()
    c:send(("BDAT 1\r\nx"):rep(1000))
    for _ = 1, 29 do c:expect(250) end  -- and EHLO is one
    c:expect "421 4%.7%.0"
    c:expect_closed()
  end)

  it("tells a client once that it is too big", function()
    envelope()
    local chunk = "\r\n" .. ("x"):rep(1022)
    chunk = chunk:rep(1024)
    for i = 1, 5 do
      c:send(("BDAT %d%s\r\n"):format(#chunk, i == 5 and " LAST" or ""))
      c:send(chunk)
    end
    for _ = 1, 3 do c:expect(250) end
    c:expect "552 5%.3%.4"
    c:expect "503 5%.5%.1"
    c:cmd("MAIL FROM:<a@b.test>", 250)
  end)

  it("hangs up on a client that goes on with it", function()
    envelope()
    c:cmd("BDAT 99999999", "552 5%.3%.4")
    c:expect_closed()
  end)

  it("is over when the client is", function()
    local before, from = #hop:messages(), server:here()
    envelope()
    c:send "BDAT 10 LAST\r\nA: 1\r\n"
    c:finish()
    server:wait_for("end", { reason = "lost", bdat = "0/1", messages = "0" }, from)
    assert.equal(before, #hop:messages())
  end)
end)

describe("BDAT of a slow client", function()
  teardown(lunette.clean)

  it("is waited for no longer than DATA, in a chunk and between chunks", function()
    local server = lunette.start {
      config = [[ relay = "discard:"; hooks = { "yes" }; timeouts = { data = "0.3s" } ]],
    }
    for _, text in ipairs { "BDAT 10 LAST\r\nA: 1\r\n", "BDAT 4\r\nA: 1", "BDAT 4\r\nA: 1BD" } do
      local c = server:dial()
      c:hello()
      c:cmd("MAIL FROM:<a@b.test>", 250)
      c:cmd("RCPT TO:<b@x.test>", 250)
      c:send(text)
      if text:match "^BDAT 4" then c:expect(250) end
      c:expect "421 4%.4%.2"
      c:expect_closed()
    end
  end)
end)

describe("BDAT over TLS", function()
  local server, hop, dir

  setup(function()
    dir = require("spec.support.process").directory()
    hop = sink.start()
    local pair = certificate.make(dir, "mx")
    server = lunette.start {
      config = ([[
        listen = { "127.0.0.1:0", tls = "starttls" }
        tls = { cert = "%s", key = "%s" }
        relay = "%s"; hooks = { "yes" } ]]):format(pair.cert, pair.key, hop.url),
    }
  end)
  teardown(function()
    lunette.clean()
    sink.clean()
    require("spec.support.process").remove(dir)
  end)

  local function begin()
    local c = server:dial()
    c:hello()
    c:starttls({}, "client.test")
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    return c
  end

  it("passes", function()
    local c = begin()
    c:send "BDAT 6\r\nA: 1\r\nBDAT 0 LAST\r\n"
    c:expect(250)
    c:expect(250)
    assert.matches("with ESMTPS id", hop:wait_messages(1)[1].data)
  end)

  it("is over when TLS is, whatever follows in the clear", function()
    local c, from, before = begin(), server:here(), #hop:messages()
    c:send "BDAT 8 LAST\r\nA: 1"
    c:unwrap()
    c:send "\r\n\r\nMAIL FROM:<a@b.test>\r\n"
    server:wait_for("end", { reason = "lost", messages = "0", mail = "1/1" }, from)
    assert.equal(before, #hop:messages())
  end)
end)

describe("BDAT while the server stops", function()
  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  it("is finished, as DATA is", function()
    local hop = sink.start()
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" }; workers = { count = 1 } ]]):format(hop.url),
    }
    local c, idle = server:dial(), server:dial()
    c:hello()
    idle:hello()
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd("BDAT 4\r\nA:", 250)
    server.process:signal "TERM"
    idle:expect "421 4%.3%.2"
    c:cmd("BDAT 4\r\n 1", 250)
    c:cmd("BDAT 0 LAST", 250)
    c:expect "421 4%.3%.2"
    assert.matches("\r\nA:\r\n 1\r\n$", hop:wait_messages(1)[1].data)
    wait.for_("its end", function() return server.process:ended() end)
  end)
end)
