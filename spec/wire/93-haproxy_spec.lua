-- haproxy in front of us: the client is the one that it names.
local certificate = require "spec.support.certificate"
local client = require "spec.support.client"
local haproxy = require "spec.support.haproxy"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"

local source = "127.0.0.7"  -- where the clients come from

local watch = [[
return { mail = function(session)
  local p = session.proxy
  session:log("info", { what = "seen", ip = session.client.ip, proxy = p and p.ip or "none" })
end }
]]

describe("behind haproxy", function()
  local dir, mine, hop, server

  setup(function()
    dir = process.directory()
    mine = certificate.make(dir, "mx", { names = { "mx.test" } })
    process.write(dir .. "/both", process.read(mine.cert) .. process.read(mine.key))
    hop = sink.start()
    server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes", "watch" }; proxy_clients = { "127.0.0.1" };
        tls = { cert = "%s", key = "%s" };
        listen = { { "127.0.0.1:0", name = "plain", proxy = true, tls = "starttls" },
          { "127.0.0.1:0", name = "secure", proxy = true, tls = "implicit" } } ]])
        :format(hop.url, mine.cert, mine.key),
      hooks = { watch = watch },
    }
  end)
  after_each(haproxy.clean)
  teardown(function()
    lunette.clean()
    sink.clean()
    process.remove(dir)
  end)

  -- One message through it; the client's own address must be known everywhere.
  local function deliver(c)
    local n, from = #hop:messages(), server:here()
    c:hello()
    assert.equal(250, c:mail {}.code)
    c:cmd("QUIT", 221)
    c:expect_closed()
    assert.matches("%[127%.0%.0%.7%]", hop:wait_messages(n + 1)[n + 1].data)
    local line = server:wait_for("end", { helo = "client.test" }, from)
    assert.matches("^127%.0%.0%.7:%d+$", line.client)
    assert.truthy(server:wait_for("hook", { what = "seen", ip = source, proxy = "127.0.0.1" }, from))
    return line
  end

  for _, how in ipairs { "send-proxy", "send-proxy-v2" } do
    it(how .. " says who the client is", function()
      local proxy = haproxy.start { to = server.port, server = how }
      deliver(client.dial(proxy.port, { source = source }))
    end)

    it(how .. " comes before STARTTLS", function()
      local proxy = haproxy.start { to = server.port, server = how }
      local c = client.dial(proxy.port, { source = source })
      c:hello()
      c:starttls({ sni = "mx.test", ca = mine.cert }, "client.test")
      assert.equal(250, c:mail {}.code)
      c:cmd("QUIT", 221)
    end)

    it(how .. " comes before TLS", function()
      local proxy = haproxy.start { to = server.ports[2], server = how }
      local c = assert(client.dial(proxy.port,
        { source = source, tls = true, sni = "mx.test", ca = mine.cert }))
      assert.matches("^TLSv1%.", deliver(c).tls)
    end)
  end

  it("TLS may end at haproxy", function()
    local proxy = haproxy.start {
      to = server.port, server = "send-proxy-v2-ssl-cn", bind = "ssl crt " .. dir .. "/both",
    }
    deliver(assert(client.dial(proxy.port,
      { source = source, tls = true, sni = "mx.test", ca = mine.cert })))
  end)

  it("many clients at once keep their own addresses", function()
    local proxy = haproxy.start { to = server.port, server = "send-proxy-v2" }
    local list, from = {}, server:here()
    for i = 1, 30 do
      list[i] = client.dial(proxy.port, { source = "127.0.1." .. i })
    end
    for i, c in ipairs(list) do
      c:hello("c" .. i .. ".test")
    end
    for _, c in ipairs(list) do
      c:cmd("QUIT", 221)
    end
    for i = 1, #list do
      assert.matches("^127%.0%.1%." .. i .. ":",
        server:wait_for("end", { helo = "c" .. i .. ".test" }, from).client)
    end
  end)

  it("its health checks do no harm", function()
    local from = server:here()
    haproxy.start {
      to = server.port, server = "send-proxy-v2 check inter 100ms check-send-proxy",
    }
    server:wait_count(3, "end", nil, from)
    assert.equal(0, server:count("worker_exit", nil, from))
    deliver(client.dial(haproxy.start { to = server.port, server = "send-proxy-v2" }.port,
      { source = source }))
  end)

  it("nobody else is spoken to", function()
    local c = client.dial(server.port, { source = source })
    c:send "PROXY TCP4 192.0.2.1 127.0.0.1 1 25\r\nEHLO x\r\n"
    c:expect_closed()
  end)
end)
