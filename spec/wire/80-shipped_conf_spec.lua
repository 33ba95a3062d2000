-- The configurations that ship: each loads as it is, and serves.
local unistd = require "posix.unistd"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"

local root = unistd.getcwd()
local as = process.is_root() and "nobody" or nil

-- The file itself, with addresses and paths of this spec over it.
local function start(name, rest)
  return lunette.start {
    config = ([[
      include "%s/conf/%s.lua"
      listen = "127.0.0.1:0"; control = "$DIR/control"; pid_file = nil; log = nil
      user = %s; workers = { count = 1 }; dns = { servers = "127.0.0.1:1" }
      %s]]):format(root, name, as and ("%q"):format(as) or "nil", rest),
  }
end

local function words(command, name)
  local list = { lunette.program, command, "-c", "conf/" .. name .. ".lua" }
  list[#list + 1] = "-o"
  list[#list + 1] = "user=" .. (as or "nil")
  return list
end

local function message(c, from, to)
  c:cmd("MAIL FROM:<" .. from .. ">", 250)
  c:cmd("RCPT TO:<" .. to .. ">", 250)
  c:cmd("DATA", 354)
  c:send("From: <ann@example.org>\r\nDate: Fri, 20 Nov 2026 12:00:00 +0000\r\n"
    .. "Subject: x\r\n\r\nhello\r\n.\r\n")
  c:expect(250)
end

describe("a configuration that ships", function()
  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  for name, hooks in pairs { lunette = 2, smarthost = 8, outbound = 3 } do
    it(name .. ".lua loads as it is", function()
      local got = process.run(words("check", name))
      assert.equal("", got.err)
      assert.equal(0, got.code)
      assert.matches(("^lunette: conf/%s%%.lua: ok, %d hooks, %%d listeners\n$"):format(name, hooks),
        got.out)
      assert.equal(0, process.run(words("explain", name)).code)
    end)
  end

  it("lunette.lua puts every message into a maildir", function()
    local server = start("lunette", [[ relay = "maildir:$DIR/mail" ]])
    local got = process.run {
      lunette.program, "send", "--to", "127.0.0.1:" .. server.port, "--rcpt", "you@anywhere.test",
    }
    assert.equal(0, got.code, got.err .. got.out)
    local files = process.run { "ls", server:path "mail/new" }.out
    local text = process.read(server:path("mail/new/" .. files:match "^[^\n]+"))
    assert.matches("\nSubject: a message from lunette send\n", text)
    assert.matches("\nDelivered%-To: you@anywhere%.test\n", text)
  end)

  it("smarthost.lua takes mail for its domain from the world", function()
    local hop = sink.start()
    local server = start("smarthost", ('trusted = "127.0.0.1"; relay = %q'):format(hop.url))
    local c = server:dial { source = "127.0.0.2" }
    c:expect(220)
    c:cmd("EHLO mail.stranger.test", 250)
    c:cmd("MAIL FROM:<ann@stranger.test>", 250)
    c:cmd("RCPT TO:<bob@elsewhere.test>", "550 5%.7%.1")
    c:cmd("RSET", 250)
    message(c, "ann@stranger.test", "bob@example.org")
    c:cmd("QUIT", 221)
    assert.matches("hello", hop:wait_messages(1)[1].data)
  end)

  it("smarthost.lua relays for nobody, the trusted included", function()
    local hop = sink.start()
    local server = start("smarthost", ("relay = %q"):format(hop.url))
    local c = server:dial()
    c:hello()
    c:cmd("MAIL FROM:<ann@example.org>", 250)
    c:cmd("RCPT TO:<bob@elsewhere.test>", "550 5%.7%.1")
    assert.equal(0, hop:connections())
  end)

  it("outbound.lua sends for its own and nobody else", function()
    local hop = sink.start()
    local server = start("outbound", ('trusted = "127.0.0.1"; relay = %q'):format(hop.url))
    local c = server:dial()
    c:hello()
    message(c, "ann@example.org", "bob@elsewhere.test")
    c:cmd("MAIL FROM:<ann@other.test>", 250)
    c:cmd("RCPT TO:<bob@elsewhere.test>", "550 5%.7%.1")
    c = server:dial { source = "127.0.0.2" }
    c:expect(220)
    c:cmd("EHLO mail.stranger.test", 250)
    c:cmd("MAIL FROM:<ann@example.org>", 250)
    c:cmd("RCPT TO:<bob@elsewhere.test>", "550 5%.7%.1")
    assert.equal(1, #hop:wait_messages(1))
  end)
end)
