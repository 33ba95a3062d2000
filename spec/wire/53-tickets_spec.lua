-- Session tickets: one that a worker gave is good at each other worker and after
-- a reload, but not at another listener, nor for another name, nor under other
-- CAs of clients.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local s_client = require "spec.support.s_client"
local wait = require "spec.support.wait"

describe("a TLS session", function()
  local dir, server

  setup(function()
    dir = process.directory()
    local mine = certificate.make(dir, "mx", { names = { "mx.test", "other.test" } })
    server = lunette.start {
      config = ([[ relay = "discard:"; hooks = { "yes" }; limits = { per_client = 0 };
        tls = { cert = "%s", key = "%s" }; workers = { count = 2, sessions = 1 };
        listen = { { "127.0.0.1:0", name = "one", tls = "starttls" },
          { "127.0.0.1:0", name = "two", tls = "implicit" },
          { "127.0.0.1:0", name = "three", tls = "implicit" } } ]]):format(mine.cert, mine.key),
    }
  end)
  after_each(s_client.clean)
  teardown(function()
    lunette.clean()
    process.remove(dir)
  end)

  -- The worker is in the middle of a session's name.
  local function worker_of(line)
    return line.id:sub(8, 12)
  end

  -- One session to its end.  o: listener, version, name, save and use (a file
  -- for the ticket).  Returns "New" or "Reused", and the worker.
  local function visit(o)
    local from = server:here()
    local words = { "-servername", o.name or "mx.test", "-" .. (o.version or "tls1_3") }
    for _, word in ipairs(o.listener == 1 and { "-starttls", "smtp" } or {}) do
      words[#words + 1] = word
    end
    for _, word in ipairs(o.save and { "-sess_out", dir .. "/" .. o.save } or {}) do
      words[#words + 1] = word
    end
    for _, word in ipairs(o.use and { "-sess_in", dir .. "/" .. o.use } or {}) do
      words[#words + 1] = word
    end
    local c = s_client.start(server.ports[o.listener], words)
    local how = c:expect("%u%l+, TLSv1%.%d, Cipher"):match "(%u%l+), TLSv1%.%d, Cipher"
    c:say("NOOP"):expect "250 2%.0%.0"
    c:finish()
    return how, worker_of(server:wait_for("end", { tls = "TLSv1." ..
      (o.version == "tls1_2" and 2 or 3) }, from))
  end

  -- Both workers are taken; then one that is not `worker` is free again.
  local function leave_only_another(worker)
    local held = { server:dial(), server:dial() }
    local names = {}
    for i, c in ipairs(held) do
      c:hello("holder" .. i .. ".test")
      names[i] = server:ctl("sessions").out:match("id=(%S+)[^\n]*holder" .. i)
    end
    for i, c in ipairs(held) do
      if names[i]:sub(8, 12) ~= worker then
        local from = server:here()
        c:cmd("QUIT", 221)
        server:wait_for("end", { id = names[i] }, from)
        return held[3 - i]
      end
    end
    error "both are on one worker"
  end

  for _, version in ipairs { "tls1_2", "tls1_3" } do
    for listener = 1, 2 do
      it(("is resumed by another worker: %s, listener %d"):format(version, listener), function()
        local how, first = visit { listener = listener, version = version, save = "ticket" }
        assert.equal("New", how)
        local holder = leave_only_another(first)
        local again, second = visit { listener = listener, version = version, use = "ticket" }
        holder:cmd("QUIT", 221)
        assert.are_not.equal(first, second)
        assert.equal("Reused", again)
        server:wait_for("end", { helo = "holder1.test" })
      end)
    end

    it("is not resumed at another listener: " .. version, function()
      assert.equal("New", (visit { listener = 2, version = version, save = "two" }))
      assert.equal("New", (visit { listener = 3, version = version, use = "two" }))
      assert.equal("New", (visit { listener = 1, version = version, use = "two" }))
      assert.equal("Reused", (visit { listener = 2, version = version, use = "two" }))
    end)

    it("is not resumed under another name: " .. version, function()
      assert.equal("New", (visit { listener = 2, version = version, save = "name" }))
      assert.equal("New", (visit {
        listener = 2, version = version, use = "name", name = "other.test",
      }))
      assert.equal("Reused", (visit { listener = 2, version = version, use = "name" }))
    end)
  end

  it("is resumed after a reload", function()
    assert.equal("New", (visit { listener = 2, save = "reload" }))
    assert.equal("reload_done", server:reload().event)
    wait.for_("new workers", function() return #server:workers() == 2 end)
    assert.equal("Reused", (visit { listener = 2, use = "reload" }))
  end)

  it("is not resumed once clients are held against other CAs", function()
    assert.equal("New", (visit { listener = 2, save = "ca" }))
    local path = server:path "lunette.lua"
    process.write(path, ("%s; tls.client_ca = %q"):format(process.read(path), dir .. "/mx.cert"))
    assert.equal("reload_done", server:reload().event)
    wait.for_("new workers", function() return #server:workers() == 2 end)
    assert.equal("New", (visit { listener = 2, use = "ca" }))
  end)
end)
