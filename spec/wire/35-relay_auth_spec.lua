-- AUTH towards the next hop: the provider that takes our mail if it knows us.
-- The password is never in the log, and never sent in the clear where TLS was
-- to be (row 97 of doc/hostile-input.md).
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local memory = require "spec.support.memory"
local process = require "spec.support.process"
local sink = require "spec.support.sink"
local mime = require "mime"

local password = "pa ss:\"w\195\182rd"

describe("AUTH with the next hop", function()
  local dir, pair, server, c

  setup(function()
    dir = process.directory()
    pair = certificate.make(dir, "hop", { names = { "127.0.0.1" } })
  end)
  teardown(function() process.remove(dir) end)
  after_each(function()
    for _, secret in ipairs { password, (mime.b64(password)), (mime.b64("\0us\0" .. password)) } do
      assert.falsy((process.read(server.log_path) or ""):find(secret, 1, true))
    end
    lunette.clean()
    sink.clean()
  end)

  local function start(script, options)
    script.auth = script.auth or { "us", password }
    if script.tls == nil then
      script.tls = pair
    end
    local hop = sink.start(script)
    server = lunette.start {
      config = ([[ relay = { "%s", auth = { "us", %q }, %s }; hooks = { "yes" }
        workers = { count = 1 }; timeouts = { relay_connect = 2, relay_command = 2 }
        limits = { errors = 0, soft_errors = 0 } ]])
        :format(hop.url, password, options or 'tls = "required"'),
    }
    c = server:dial()
    c:hello()
    return hop
  end

  local function mail(want)
    local r = c:mail { to = "b@x.test" }
    assert.matches(want or "^250", ("%d %s"):format(r.code, r.text))
    c:cmd("RSET", 250)
  end

  it("is PLAIN, once for each connection, inside TLS", function()
    local hop = start {}
    mail()
    mail()
    assert.equal(2, #hop:accepted())
    local seen = hop:of("auth", 1)
    assert.equal(1, #seen)
    assert.same({ mechanism = "PLAIN", user = "us", password = password, secured = true }, seen[1])
  end)

  it("is LOGIN where that is all there is", function()
    local hop = start { auth = { "us", password, mechanisms = "CRAM-MD5 LOGIN" } }
    mail()
    assert.equal("LOGIN", hop:of("auth", 1)[1].mechanism)
  end)

  it("is in the clear only where the configuration says so", function()
    local hop = start({ tls = false }, 'tls = "off"')
    mail()
    assert.is_nil(hop:of("auth", 1)[1].secured)
  end)

  it("is not said in the clear where TLS is tried", function()
    local without = { { tls = false }, { STARTTLS = "454 4.7.0 no" }, { handshake = "close" } }
    for _, script in ipairs(without) do
      local hop = start(script, 'tls = "try"')
      mail "^451 4%.7%.4"
      assert.equal(0, #hop:of "auth")
      for _, line in ipairs(hop:lines()) do
        assert.falsy(line:match "^AUTH")
      end
      lunette.clean()
      sink.clean()
    end
  end)

  it("refused is our fault: 451, logged without what was said, and not tried each time", function()
    local hop = start { auth = { "us", "another" } }
    for _ = 1, 5 do
      mail "^451 4%.7%.0"
    end
    assert.is_true(#hop:of "auth" < 5)
    local line = server:wait_for "relay_error"
    assert.matches("AUTH PLAIN as us refused: 535 5%.7%.8", line.text)
    assert.equal(0, #hop:messages())
  end)

  for name, script in pairs {
    ["refused for now"] = { AUTH = "454 4.7.0 busy" },
    ["a challenge too many"] = { AUTH = "334 more" },
    ["another 2yz"] = { AUTH = "250 fine" },
    ["no answer"] = { AUTH = "stall" },
    ["the end"] = { AUTH = "close" },
    ["no mechanism that we have"] = { auth = { "us", password, mechanisms = "CRAM-MD5" } },
    ["not offered"] = { EHLO = function(conn)
      return conn.secured and "250 sink.test" or "250 sink.test\nSTARTTLS\nAUTH PLAIN"
    end },
  } do
    it(name .. " is 451, and no mail goes out", function()
      local hop = start(script)
      mail "^451 4%."
      assert.equal(0, #hop:messages())
      server:wait_for "relay_error"
    end)
  end

  it("takes a password that is longer than a command", function()
    local long = ("x"):rep(600)
    local hop = sink.start { auth = { "us", long }, tls = pair }
    server = lunette.start {
      config = ([[ relay = { "%s", auth = { "us", "%s" }, tls = "required" }; hooks = { "yes" } ]])
        :format(hop.url, long),
    }
    c = server:dial()
    c:hello()
    mail()
    assert.equal(long, hop:of("auth", 1)[1].password)
    assert.truthy(hop:wait_line "^AUTH PLAIN$")
  end)

  it("leaves a worker no password in the environment that it came from", function()
    local secret = "out-of-" .. "the-environment"
    server = lunette.start {
      config = [[ relay = { "smtp://127.0.0.1:1", auth = { "us", env "RELAY_PASSWORD" } } ]],
      env = { RELAY_PASSWORD = secret },
    }
    -- ASan keeps a copy of its own of what a program began with.
    if process.is_root() and not lunette.program:match "%-san/" then
      local pid = server:workers()[1]
      assert.equal(0, memory.count(pid, secret))
      assert.is_true(memory.count(pid, "mx.test") > 0)
    end
  end)
end)
