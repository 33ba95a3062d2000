-- Limits: each is reached, and what lies below it passes.
local lunette = require "spec.support.lunette"

local function start(limits, rest)
  return lunette.start {
    config = ([[ relay = "maildir:mail"; hooks = { "yes" }; limits = { %s }; %s ]])
      :format(limits, rest or ""),
  }
end

local head = "Subject: x\r\n\r\n"

describe("limits:", function()
  after_each(lunette.clean)

  it("recipients", function()
    local server = start "recipients = 3"
    local c = server:dial()
    c:hello()
    c:cmd("MAIL FROM:<>", 250)
    for i = 1, 3 do
      c:cmd(("RCPT TO:<%d@x.test>"):format(i), 250)
    end
    c:cmd("RCPT TO:<4@x.test>", "452 4%.5%.3")
    c:cmd("DATA", 354)
    c:send(head .. ".\r\n")
    c:expect(250)
    local _, count = server:mails()[1]:gsub("\nDelivered%-To:", "")
    assert.equal(3, count)
    c:close()
    server:stop()
  end)

  it("size of a message, whatever SIZE said", function()
    local server = start [[message_size = "10K"]]
    local c = server:dial()
    c:hello()
    c:cmd("MAIL FROM:<> SIZE=10241", "552 5%.3%.4")
    assert.equal(250, c:mail { params = "SIZE=10", data = head .. ("x\r\n"):rep(3000) }.code)
    local r = c:mail { params = "SIZE=10", data = head .. ("x\r\n"):rep(4000) }
    assert.equal("552 5.3.4", r.code .. " " .. r.enhanced)
    assert.equal(250, c:mail {}.code)
    assert.equal(2, #server:mails())
    c:close()
    server:stop()
  end)

  it("size of the header", function()
    local server = start [[header_size = "2K"]]
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail { data = ("X: " .. ("x"):rep(90) .. "\r\n"):rep(20) .. "\r\n" }.code)
    local r = c:mail { data = ("X: " .. ("x"):rep(90) .. "\r\n"):rep(30) .. "\r\n" }
    assert.equal("552 5.3.4", r.code .. " " .. r.enhanced)
    c:cmd("NOOP", 250)
    c:close()
    server:stop()
  end)

  it("length of a line", function()
    local server = start [[text_line = "2K", command_line = 512]]
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail { data = head .. ("x"):rep(2048) .. "\r\n" }.code)
    local r = c:mail { data = head .. ("x"):rep(2049) .. "\r\n" }
    assert.equal(5, math.floor(r.code / 100))
    c:cmd("NOOP " .. ("x"):rep(507), 250)
    c:cmd("NOOP " .. ("x"):rep(508), "500 5%.5%.2")
    c:close()
    server:stop()
  end)

  it("times a message has been received", function()
    local server = start "received = 5"
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail { data = ("Received: x\r\n"):rep(4) .. "\r\n" }.code)
    local r = c:mail { data = ("Received: x\r\n"):rep(6) .. "\r\n" }
    assert.equal("554 5.4.6", r.code .. " " .. r.enhanced)
    c:close()
    server:stop()
  end)

  it("messages, errors, commands without a message", function()
    local server = start "messages = 2, errors = 3, soft_errors = 0, commands = 5"
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail {}.code)
    assert.equal(250, c:mail {}.code)
    c:cmd("MAIL FROM:<>", "421 4%.7%.0")
    c:expect_closed()

    c = server:dial()
    c:hello()
    local r
    for _ = 1, 4 do
      c:line "NONSENSE"
      r = c:reply()
      if r.code == 421 then
        break
      end
    end
    assert.equal("421 4.7.0", r.code .. " " .. r.enhanced)
    c:expect_closed()

    c = server:dial()
    c:hello()
    for _ = 1, 6 do
      c:line "NOOP"
      r = c:reply()
      if r.code == 421 then
        break
      end
    end
    assert.equal("421 4.7.0", r.code .. " " .. r.enhanced)
    c:expect_closed()
    assert.equal(3, server:wait_count(3, "end", { reason = "errors" }))
    server:stop()
  end)

  it("sessions of a client, over all workers", function()
    local server = start("per_client = 3", "workers = { count = 2 }")
    local list = {}
    for i = 1, 3 do
      list[i] = server:dial()
      list[i]:expect(220)
    end
    local c = server:dial()
    c:expect "421 4%.7%.0"
    c:expect_closed()
    local other = server:dial { source = "127.0.0.77" }
    other:expect(220)
    list[1]:cmd("QUIT", 221)
    list[1]:expect_closed()
    server:wait_for("end", { reason = "quit" })
    c = server:dial()
    c:expect(220)
    server:stop()
  end)

  it("sessions of a network", function()
    local server = start "per_net = 2"
    local a, b = server:dial { source = "127.0.9.1" }, server:dial { source = "127.0.9.2" }
    a:expect(220)
    b:expect(220)
    local c = server:dial { source = "127.0.9.3" }
    c:expect "421 4%.7%.0"
    c = server:dial { source = "127.0.8.3" }
    c:expect(220)
    server:stop()
  end)

  it("sessions in all, and the reserve", function()
    local server = start("sessions = 4, reserve = 1, per_client = 0",
      [[reserve_clients = { "127.0.0.5" }; workers = { count = 2 } ]])
    local list = {}
    for i = 1, 3 do
      list[i] = server:dial()
      list[i]:expect(220)
    end
    local c = server:dial()
    c:expect "421 4%.3%.2"
    c:expect_closed()
    c = server:dial { source = "127.0.0.5" }
    c:expect(220)
    local d = server:dial { source = "127.0.0.5" }
    d:expect "421 4%.3%.2"
    server:stop()
  end)

  it("time: a client that says nothing, and one that says too little", function()
    local server = lunette.start {
      config = [[ relay = "maildir:mail"; hooks = { "yes" };
      timeouts = { greeting = "1s", command = "1s", data = "2s", min_rate = 0 } ]],
    }
    local quiet, stuck, slow = server:dial(), server:dial(), server:dial()
    quiet:expect(220)
    stuck:hello()
    stuck:send "NO"
    slow:hello()
    slow:cmd("MAIL FROM:<>", 250)
    slow:cmd("RCPT TO:<a@x.test>", 250)
    slow:cmd("DATA", 354)
    slow:send "Subject: x\r\n"
    quiet:expect "421 4%.4%.2"
    quiet:expect_closed()
    stuck:expect "421 4%.4%.2"
    stuck:expect_closed()
    slow:expect "421 4%.4%.2"
    slow:expect_closed()
    assert.equal(0, #server:mails())
    assert.equal(3, server:wait_count(3, "end", { reason = "timeout" }))
    server:stop()
  end)
end)
