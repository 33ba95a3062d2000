local process = require "spec.support.process"
local row = require "spec.support.row"

row { 88, "A session ticket of another listener, another name (SNI), or another key",
  answer = "A full handshake; resumed only where it was given, on any worker", over = "tls" }

local at = row.serve {
  crashes = true,  -- old workers go
  config = [[ workers = { count = 2 }; listen = { { "127.0.0.1:0", tls = "starttls", name = "one" },
    { "127.0.0.1:0", tls = "implicit", name = "two" }, { "127.0.0.1:0", tls = "implicit",
    name = "three" } } ]],
}

-- One session: was its handshake "New" or "Reused"?
local function session(n, name, version, ...)
  local argv = {
    "openssl", "s_client", version, "-connect", "127.0.0.1:" .. at.server.ports[n], "-servername", name,
    "-nocommands", "-crlf", "-ign_eof", input = "quit\n", ...,
  }
  if n == 1 then
    argv[#argv + 1], argv[#argv + 2] = "-starttls", "smtp"
  end
  local got = process.run(argv)
  return got.out:match "\n(%u%l+), TLSv1%.%d, Cipher is", got.out .. got.err
end

for _, version in ipairs { "-tls1_2", "-tls1_3" } do
  describe(version, function()
    local function ticket(n)
      local path = at.dir .. "/ticket" .. n .. version
      assert.equal("New", (session(n, "mx.test", version, "-sess_out", path)))
      return path
    end

    it("is taken where it was given", function()
      for n = 1, 3 do
        assert.equal("Reused", (session(n, "mx.test", version, "-sess_in", ticket(n))))
      end
    end)

    it("is no good at another listener", function()
      local path = ticket(2)
      assert.equal("New", (session(3, "mx.test", version, "-sess_in", path)))
      assert.equal("New", (session(1, "mx.test", version, "-sess_in", path)))
      assert.equal("New", (session(2, "mx.test", version, "-sess_in", ticket(1))))
    end)

    it("is no good for another name", function()
      local path = ticket(2)
      assert.equal("New", (session(2, "other.test", version, "-sess_in", path)))
      assert.equal("Reused", (session(2, "mx.test", version, "-sess_in", path)))
    end)

    it("is taken after a reload, and not after a restart", function()
      local path = ticket(2)
      assert.equal("reload_done", at.server:reload().event)
      assert.equal("Reused", (session(2, "mx.test", version, "-sess_in", path)))
    end)
  end)
end

it("nonsense for a ticket is no ticket", function()
  local path = at.dir .. "/spoilt"
  assert.equal("New", (session(2, "mx.test", "-tls1_2", "-sess_out", path)))
  local text = process.read(path)
  local body = text:match "%-\n(.-)\n%-"
  process.write(path, (text:gsub(body:sub(-100):gsub("%p", "%%%0"), ("A"):rep(60) .. body:sub(-40))))
  local how = session(2, "mx.test", "-tls1_2", "-sess_in", path)
  assert.truthy(how == "New" or how == nil)
  at:dial("implicit"):cmd("NOOP", 250)
end)
