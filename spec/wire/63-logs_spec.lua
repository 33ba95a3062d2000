-- The log: one line an event, the fields the manual names, nothing forged.
local cjson = require "cjson"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"

local function dialogue(server)
  local c = server:dial()
  c:hello "client.test"
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<no@other.test>", 550)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("DATA", 354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\n"
  c:expect(250)
  c:cmd("QUIT", 221)
  c:expect_closed()
  return server:wait_for "end"
end

local config = [[ relay = "maildir:mail"; hooks = { { "rcpt_domains", domains = { "x.test" } } }; ]]

describe("the log", function()
  after_each(lunette.clean)

  it("sums up each session in one line", function()
    local server = lunette.start { config = config }
    local line = dialogue(server)
    assert.equal("client.test", line.helo)
    assert.equal("1/1", line.mail)
    assert.equal("1/2", line.rcpt)
    assert.equal("1/1", line.data)
    assert.equal("1", line.messages)
    assert.equal("quit", line.reason)
    assert.truthy(tonumber(line.bytes) > 0)
    assert.truthy(tonumber(line.seconds))
    server:stop()
  end)

  it("names in it the verdicts that counted, and the hooks that gave them", function()
    local server = lunette.start {
      config = [[ relay = "maildir:mail";
        hooks = { "no", { "rcpt_domains", domains = { "x.test" } } }; ]],
      hooks = { no = [[
        local verdict = require "lunette.verdict"
        return { rcpt = function(_, rcpt)
          if rcpt.user == "no" then return verdict.reject("not here") end
        end } ]] },
    }
    assert.equal("rcpt=reject(no) rcpt=accept(rcpt_domains)", dialogue(server).verdicts)
    local from, c = server:here(), server:dial()
    c:expect(220)
    c:cmd("QUIT", 221)
    assert.is_nil(server:wait_for("end", nil, from).verdicts)
    server:stop()
  end)

  it("has every event with its fields, and every session line with id and client", function()
    local server = lunette.start { config = config }
    dialogue(server)
    server:reload()
    local message = server:log("message")[1]
    for _, key in ipairs { "txn", "from", "rcpts", "size", "relay" } do
      assert.truthy(message[key], key .. " in " .. message.line)
    end
    for _, line in ipairs(server:log()) do
      assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$", line.ts)
      assert.truthy(line.level and line.event)
      if line.event == "connect" or line.event == "message" or line.event == "end" or
        line.event == "verdict" then
        assert.truthy(line.id)
        assert.matches("^127%.0%.0%.1:%d+$", line.client)
      end
    end
    for _, event in ipairs { "start", "listen", "worker_start", "ready", "connect", "message", "end",
      "reload_begin", "reload_done" } do
      assert.truthy(server:count(event) > 0, event)
    end
    server:stop()
    assert.matches("event=worker_exit", server.final_log)
    assert.matches("event=stop", server.final_log)
  end)

  it("cannot be forged from outside", function()
    local server = lunette.start { config = config }
    local c = server:dial()
    c:expect(220)
    c:cmd("EHLO [192.0.2.1]", 250)
    c:cmd('MAIL FROM:<"x event=end a=\\"b\\\\"@b.test>', 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd("DATA", 354)
    c:send "Subject: x\r\n\r\n.\r\n"
    c:expect(250)
    c:cmd("XFOO \128\255 event=end", 500)
    c:cmd("QUIT", 221)
    local line = server:wait_for "message"
    assert.equal([["x event=end a=\"b\\"@b.test]], line.from:gsub("^<(.*)>$", "%1"))
    assert.equal(1, server:wait_count(1, "end"))
    server:stop()
    assert.is_nil(server.final_log:find "[\128-\255%z]")
  end)

  it("is JSON if told so", function()
    local server = lunette.start {
      config = config .. [[ log = { to = "$DIR/json", format = "json" } ]], unready = true,
    }
    local path = server:path "json"
    require "spec.support.wait".for_("ready", function()
      return (process.read(path) or ""):find '"event":"ready"'
    end)
    server.process:stop()
    for line in process.read(path):gmatch "[^\n]+" do
      local fields = cjson.decode(line)
      assert.truthy(fields.ts and fields.level and fields.event)
    end
    server:stop()
  end)

  it("is quiet about clients that are named", function()
    local server = lunette.start {
      config = config .. [[ log = { quiet_clients = { "127.0.0.6" } } ]],
    }
    local c = server:dial { source = "127.0.0.6" }
    c:hello()
    c:cmd("QUIT", 221)
    c:expect_closed()
    dialogue(server)
    assert.equal(1, server:count "connect")
    assert.equal(1, server:wait_count(1, "end"))
    server:stop()
  end)
end)
