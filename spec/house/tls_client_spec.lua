-- The specs' own TLS: client, sink, certificates, and what they do when it fails.
local socket = require "socket"
local certificate = require "spec.support.certificate"
local client = require "spec.support.client"
local process = require "spec.support.process"
local sink = require "spec.support.sink"
local stream = require "spec.support.stream"

-- One connection: a banner, STARTTLS, the handshake, an echo of lines; what
-- comes in the clear behind TLS is its result.
local function serve(listener, pair)
  return process.task("server", function()
    local sock = listener:accept()
    sock:settimeout(5)
    sock:send "220 x\r\n"
    assert(sock:receive() == "STARTTLS")
    sock:send "220 go\r\n"
    local tls, err = stream.secure(sock, { mode = "server", seconds = 5, cert = pair.cert,
      key = pair.key })
    if not tls then
      return err
    end
    tls:settimeout(5)
    while true do
      local line, why = tls:receive()
      if not line then
        local clear = stream.unwrap(tls)
        clear:settimeout(5)
        return why .. "," .. (clear:receive(100) or "end")
      end
      tls:send("250 " .. line .. "\r\n")
    end
  end, { listener:getfd() })
end

describe("the client of the specs", function()
  local dir, ca, pair, listener, port

  setup(function()
    dir = process.directory()
    ca = certificate.make(dir, "ca", { is_ca = true })
    pair = certificate.make(dir, "mx", { ca = ca, names = { "mx.test", "*.x.test", "127.0.0.1" } })
    listener = assert(socket.bind("127.0.0.1", 0))
    port = select(2, listener:getsockname())
  end)
  teardown(function() process.remove(dir) end)

  it("speaks TLS from STARTTLS on, and then in the clear", function()
    local task = serve(listener, pair)
    local c = client.dial(port)
    c:expect(220)
    c:starttls { sni = "mx.test", ca = ca.cert }
    assert.equal("TLSv1.3", c.tls.version)
    assert.equal(pair.fingerprint, c.tls.certificate:digest "sha256")
    c:cmd("one", "250 one")
    c:pieces("two\r\nthree\r\n", 1)
    c:expect "250 two"
    c:expect "250 three"
    c:unwrap():send "clear"
    assert.equal("closed,clear", task:result())
    c:close()
  end)

  it("wants a certificate of its CA if it has one", function()
    local task = serve(listener, certificate.make(dir, "other"))
    local c = client.dial(port)
    c:expect(220)
    assert.has_error(function() c:starttls { ca = ca.cert } end)
    assert.truthy(task:result())
  end)

  it("has certificates of all kinds", function()
    for name, o in pairs {
      rsa = { kind = "rsa" }, old = { days = -1 }, locked = { password = "secret" },
    } do
      local made = certificate.make(dir, name, o)
      assert.equal(64, #made.fingerprint)
      assert.matches(o.password and "ENCRYPTED" or "BEGIN PRIVATE", process.read(made.key))
      local got = process.run { "openssl", "x509", "-noout", "-checkend", "0", "-in", made.cert }
      assert.equal(o.days and 1 or 0, got.code)
    end
  end)

  for _, implicit in ipairs { false, true } do
    it("takes mail at the sink over TLS, implicit: " .. tostring(implicit), function()
      local hop = sink.start { tls = pair, implicit = implicit }
      local c = assert(client.dial(hop.port, { tls = implicit }))
      local offer = c:hello().text
      if not implicit then
        assert.matches("\nSTARTTLS", offer)
        c:starttls({ ca = ca.cert }, "client.test")
      end
      assert.equal(250, c:mail { data = "Subject: x\r\n\r\n" .. ("x\r\n"):rep(30000) }.code)
      c:cmd("QUIT", 221)
      c:expect_closed()
      assert.equal(1, #hop:accepted())
      hop:stop()
    end)
  end
end)
