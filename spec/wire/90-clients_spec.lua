-- Real clients in the clear: what they send is what the next hop gets.
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"

local letter = "From: a@client.test\r\nTo: b@example.org\r\nSubject: letter\r\n\r\n" ..
  ".\r\n..\r\n.dot\r\nna\195\175ve\r\n" .. ("x"):rep(900) .. "\r\n\r\nend\r\n"

describe("a client in the clear", function()
  local hop, server, port

  setup(function()
    hop = sink.start()
    server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" }; ]]):format(hop.url),
      files = { letter = letter, unix_letter = (letter:gsub("\r\n", "\n")) },
    }
    port = tostring(server.port)
  end)
  teardown(function()
    lunette.clean()
    sink.clean()
  end)

  -- Run it; what has come to the next hop meanwhile, without our Received.
  local function send(argv, count)
    local before = #hop:messages()
    argv.seconds = 60
    local got = process.run(argv)
    assert.equal(0, got.code, got.out .. got.err)
    local list = {}
    for i = before + 1, #hop:wait_messages(before + (count or 1)) do
      local m = hop:messages()[i]
      local trace, data = lunette.split_mail((m.data:gsub("\r\n", "\n")))
      assert.matches("by mx%.test", trace.Received)
      m.body = data
      list[#list + 1] = m
    end
    return list
  end

  local function check(m)
    assert.equal("a@client.test", m.from)
    assert.same({ "b@example.org", "c@example.org" }, m.to)
    local want = letter:gsub("\r\n", "\n")
    assert.truthy(m.body == want or m.body == want .. "\n", m.body)  -- swaks adds a line
  end

  it("may be swaks", function()
    for _, pipeline in ipairs { "--pipeline", "--timeout=10" } do
      check(send {
        "swaks", "--server", "127.0.0.1", "--port", port, "--from", "a@client.test",
        "--to", "b@example.org,c@example.org", "--data", "@" .. server:path "unix_letter",
        pipeline,
      }[1])
    end
  end)

  it("may be curl", function()
    check(send {
      "curl", "-sS", "smtp://127.0.0.1:" .. port .. "/client.test", "--mail-from",
      "a@client.test", "--mail-rcpt", "b@example.org", "--mail-rcpt", "c@example.org",
      "--upload-file", server:path "letter",
    }[1])
  end)

  it("may be msmtp", function()
    check(send {
      "msmtp", "-C", "/dev/null", "--host=127.0.0.1", "--port=" .. port, "--tls=off",
      "--from=a@client.test", "--domain=client.test", "--set-date-header=off",
      "--set-msgid-header=off", "b@example.org", "c@example.org",
      stdin = server:path "unix_letter",
    }[1])
  end)

  it("may be smtp-source, many at once", function()
    local count = 300
    local list = send({
      "smtp-source", "-s", "20", "-m", tostring(count), "-l", "3000", "-S", "many", "-N",
      "-f", "a@client.test", "-t", "b@example.org", "127.0.0.1:" .. port,
    }, count)
    assert.equal(count, #list)
    local seen = {}
    for _, m in ipairs(list) do
      assert.matches("Subject: many\n", m.body)
      assert.is_nil(seen[m.to[1]])  -- -N numbers the recipients
      seen[m.to[1]] = true
    end
  end)

  it("may be smtp-source with one session for all", function()
    assert.equal(50, #send({
      "smtp-source", "-d", "-m", "50", "-f", "a@client.test", "-t", "b@example.org",
      "127.0.0.1:" .. port,
    }, 50))
  end)
end)
