-- Mail servers that send through us: each message once, with its content.
-- Needs root.
local client = require "spec.support.client"
local exim = require "spec.support.exim"
local lunette = require "spec.support.lunette"
local peer = require "spec.support.peer"
local postfix = require "spec.support.postfix"
local sink = require "spec.support.sink"

local body = ".\r\n..\r\n.dot\r\n" .. ("x"):rep(900) .. "\r\n\r\nend\r\n"

local senders = {
  Postfix = function(port) return postfix.sender(port) end,
  Exim = function(port) return exim.start { to = port } end,
}

describe("a server that sends through us", function()
  local missing = peer.missing()
  if missing then
    pending(missing)
    return
  end

  local hop, server

  before_each(function()
    hop = sink.start { RCPT = function(_, line)
      return line:match "no@" and "550 5.1.1 no such user" or nil
    end }
    server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" }; ]]):format(hop.url),
    }
  end)
  after_each(function()
    lunette.clean()
    sink.clean()
    peer.clean()
    postfix.clean()
  end)

  for name, start in pairs(senders) do
    it("may be " .. name, function()
      local sender = start(server.port)
      local c = client.dial(sender.port)
      local count = 20
      c:hello()
      for i = 1, count do
        c:cmd("MAIL FROM:<a@client.test>", 250)
        c:cmd("RCPT TO:<b" .. i .. "@example.org>", 250)
        c:cmd("RCPT TO:<c" .. i .. "@example.org>", 250)
        c:cmd("DATA", 354)
        c:send(client.stuff("Subject: number " .. i .. "\r\n\r\n" .. body))
        c:expect(250)
      end
      c:cmd("QUIT", 221)
      local seen = {}
      for _, m in ipairs(hop:wait_messages(count, 30)) do
        local i = m.data:match "\r\nSubject: number (%d+)\r\n"
        assert.is_nil(seen[i])
        seen[i] = true
        assert.equal("a@client.test", m.from)
        table.sort(m.to)
        assert.same({ "b" .. i .. "@example.org", "c" .. i .. "@example.org" }, m.to)
        assert.equal(body, m.data:match "\r\n\r\n(.*)$")
        assert.matches("^Received: from .-%sby mx%.test", m.data)
      end
      assert.equal(count, #hop:messages())
      assert.equal(count, server:wait_count(count, "message"))
    end)

    it(name .. " hears who is refused, and tells its user", function()
      local sender = start(server.port)
      local c = client.dial(sender.port)
      c:hello()
      c:mail { from = "a@client.test", to = { "no@example.org", "b@example.org" } }
      c:cmd("QUIT", 221)
      local list = hop:wait_messages(2, 30)
      if list[1].from == "" then
        list = { list[2], list[1] }
      end
      assert.same({ "b@example.org" }, list[1].to)
      assert.equal("", list[2].from)  -- the bounce comes through us too
      assert.same({ "a@client.test" }, list[2].to)
      assert.matches("5%.1%.1 no such user", list[2].data)
    end)
  end
end)
