-- Content: what comes in goes out the same, in canonical form, once.
local lunette = require "spec.support.lunette"
local sink = require "spec.support.sink"

local head = "Subject: x\r\nFrom: <a@b.test>\r\n\r\n"

describe("content", function()
  local server, hop, c

  setup(function()
    hop = sink.start()
    server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" }; limits = { memory_message = "4K" } ]])
        :format(hop.url),
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

  -- Send raw data (dots doubled by the caller); returns what the sink has.
  local function pass(raw, how)
    local before = #hop:messages()
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd("DATA", 354)
    if how then
      c:pieces(raw .. ".\r\n", how)
    else
      c:send(raw .. ".\r\n")
    end
    c:expect "250 2%."
    local list = hop:wait_messages(before + 1)
    assert.equal(before + 1, #list)
    local m = list[#list]
    local trace, rest = m.data:match "^(Received: .-\r\n)([^ \t].*)$"
    if not trace then
      trace, rest = m.data:match "^(Received: .-\r\n)(\r\n.*)$"
    end
    return rest or "", trace, m
  end

  for name, content in pairs {
    ["one line"] = head .. "x\r\n",
    ["no body"] = head,
    ["no header"] = "\r\nbody\r\n",
    ["dots"] = head .. ".\r\n..\r\n...\r\n.x\r\nx.\r\n. \r\n",
    ["8 bits and NUL"] = head .. "\0\1\128\255\195\169\r\n",
    ["blank lines at the end"] = head .. "x\r\n\r\n\r\n",
    ["odd header lines"] = "From me\r\nno colon\r\nA : b\r\n__index: x\r\n\r\nx\r\n",
    ["a long line"] = head .. ("x"):rep(60000) .. "\r\n",
    ["more than memory takes"] = head .. ("some line or other\r\n.\r\n"):rep(5000),
  } do
    it("passes: " .. name, function()
      local stuffed = (("\r\n" .. content):gsub("\r\n%.", "\r\n..")):sub(3)
      local got = pass(stuffed)
      assert.equal(#content, #got)
      assert.truthy(got == content)
      if #content < 100 then
        got = pass(stuffed, 1)
        assert.truthy(got == content)
      else
        got = pass(stuffed, 1021)
        assert.truthy(got == content)
      end
    end)
  end

  it("that begins with a blank is all body, for it would continue our trace", function()
    local got, trace = pass " blank first\r\nSubject: x\r\n\r\nx\r\n"
    assert.equal("\r\n blank first\r\nSubject: x\r\n\r\nx\r\n", got)
    assert.is_nil(trace:find "blank")
  end)

  it("gets one line of trace", function()
    local _, trace, m = pass(head .. "x\r\n")
    trace = trace:gsub("%s+", " ")
    assert.matches("^Received: from client%.test %([unkow ]*%[127%.0%.0%.1%]%)", trace)
    assert.matches(" by mx%.test with ESMTP id %S+ for <b@x%.test>; %a%a%a, ", trace)
    assert.equal("MAIL FROM:<a@b.test>", m.from_line:match "^[^ ]+ [^ ]+")
  end)

  it("names nobody in the trace if there are several", function()
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd("RCPT TO:<c@x.test>", 250)
    c:cmd("DATA", 354)
    c:send(head .. ".\r\n")
    c:expect(250)
    local list = hop:messages()
    assert.is_nil(list[#list].data:match "^Received:.-for.-Subject")
  end)

  it("may be nothing at all", function()
    assert.equal("", (pass ""))
  end)

  it("of a client that leaves is not handed on", function()
    local before, from = #hop:messages(), server:here()
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd("DATA", 354)
    c:send(head .. "half a mes")
    c:finish()
    local last = server:wait_for("end", { reason = "lost", mail = "1/1", data = "0/1" }, from)
    assert.equal("0", last.messages)
    assert.equal(before, #hop:messages())
  end)
end)
