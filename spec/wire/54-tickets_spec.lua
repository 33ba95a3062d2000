-- Session tickets: a TLS session goes on with another worker, and after a
-- reload; at no other listener, and for no other name.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"

-- A client whose library can resume.  Arguments: version, then for each
-- connection "port name [hold]"; all offer the session of the first.  Prints a
-- line for each: resumed, or full.  hold keeps the connection until the end.
local program = [==[
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.maximum_version = ssl.TLSVersion[sys.argv[1]]
session, held = None, []
for words in sys.argv[2:]:
    port, name, *hold = words.split()
    plain = socket.create_connection(("127.0.0.1", int(port)), timeout=10)
    tls = context.wrap_socket(plain, server_hostname=name, session=session)
    assert tls.recv(100).startswith(b"220 ")
    print("resumed" if tls.session_reused else "full")
    session = session or tls.session
    if hold:
        held.append(tls)
    else:
        tls.sendall(b"QUIT\r\n")
        while tls.recv(100):
            pass
        tls.close()
]==]

describe("a session ticket", function()
  local dir, one, two

  setup(function()
    dir = process.directory()
    one = certificate.make(dir, "one", { names = { "a.test" } })
    two = certificate.make(dir, "two", { names = { "b.test" } })
  end)
  teardown(function() process.remove(dir) end)
  after_each(lunette.clean)

  local function start(workers, rest)
    return lunette.start { config = ([[ relay = "discard:"; hooks = { "yes" };
      tls = { cert = %q, key = %q, certs = { ["b.test"] = { cert = %q, key = %q } } };
      workers = { %s }; listen = { { "127.0.0.1:0", name = "one", tls = "implicit" },
        { "127.0.0.1:0", name = "two", tls = "implicit" } } %s ]])
      :format(one.cert, one.key, two.cert, two.key, workers, rest or "") }
  end

  local function run(server, version, ...)
    local words = { "python3", "-c", program, version }
    for _, text in ipairs { ... } do
      words[#words + 1] = text:gsub("^%d", function(n) return server.ports[tonumber(n)] end)
    end
    local got = process.run(words)
    assert.equal("", got.err)
    return (got.out:gsub("\n", " "):gsub(" $", ""))
  end

  for _, version in ipairs { "TLSv1_3", "TLSv1_2" } do
    it("is good with another worker, " .. version, function()
      -- While the first holds its worker, which has room for one, the next can
      -- only be with the other.
      local server = start "count = 2, sessions = 1"
      assert.equal("full resumed", run(server, version, "1 a.test hold", "1 a.test"))
      local ids = {}
      for _, line in ipairs(server:log "connect") do
        ids[line.id] = true
      end
      assert.truthy(next(ids, (next(ids))))
      server:stop()
    end)

    it("is good for its listener and its name alone, " .. version, function()
      local server = start "count = 1"
      assert.equal("full resumed", run(server, version, "1 a.test", "1 a.test"))
      assert.equal("full full", run(server, version, "1 a.test", "2 a.test"))
      assert.equal("full full", run(server, version, "1 a.test", "1 b.test"))
      assert.equal("full full", run(server, version, "1 b.test", "1 a.test"))
      assert.equal("full resumed", run(server, version, "2 b.test", "2 b.test"))
      server:stop()
    end)
  end

  -- The client reloads the server between its two connections.
  local function over_reload(server)
    local file = dir .. "/reload"
    local text = program:gsub("    port, name", ([[
    if words == "reload":
        import os, signal, time
        os.kill(int(open("%s").read()), signal.SIGHUP)
        for _ in range(1000):
            if b"event=reload_done" in open("%s", "rb").read()[%d:]:
                break
            time.sleep(0.01)
        continue
]]):format(file, server.log_path, server:here()) .. "%0", 1)
    process.write(file, tostring(server.process.pid))
    local got = process.run { "python3", "-c", text, "TLSv1_3", server.port .. " a.test", "reload",
      server.port .. " a.test" }
    assert.equal("", got.err)
    return (got.out:gsub("\n", " "):gsub(" $", ""))
  end

  it("survives a reload", function()
    local server = start "count = 1"
    assert.equal("full resumed", over_reload(server))
    server:stop()
  end)

  it("does not survive other CAs for the clients' certificates", function()
    local function asks(ca) return ("tls.client_ca = %q"):format(ca.cert) end
    local server = start("count = 1", asks(one))
    assert.equal("full resumed", over_reload(server))
    local path = server:path "lunette.lua"
    process.write(path, (process.read(path):gsub("tls%.client_ca = %b\"\"", asks(two))))
    assert.equal("full full", over_reload(server))
    server:stop()
  end)
end)
