-- Certificates: what is wrong with one is said at load; a new one comes with a
-- reload, a broken one does not, and sessions in progress go on.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local posix = require "posix"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local function children(pid)
  local list = {}
  for child in (process.read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""):gmatch "%d+" do
    list[#list + 1] = tonumber(child)
  end
  return list
end

-- In pieces, for a mapping may be large, and none that is all but empty (the
-- shadow memory of the address sanitizer).
local piece, large = 2 ^ 20, 2 ^ 28

local function mapping_has(mem, from, to, text)
  for at = from, to - from < large and to or from, piece do
    mem:seek("set", at)
    local got = mem:read(math.min(piece + #text, to - at))
    if got and got:find(text, 1, true) then
      return true
    end
  end
  return false
end

-- Is that text anywhere in the memory that the process can write to?
local function memory_has(pid, text)
  local mem = io.open(("/proc/%d/mem"):format(pid), "rb")
  for line in (process.read(("/proc/%d/maps"):format(pid)) or ""):gmatch "[^\n]+" do
    local from, to = line:match "^(%x+)-(%x+) rw"
    if mem and from and not line:find("[v", 1, true) and
        mapping_has(mem, tonumber(from, 16), tonumber(to, 16), text) then
      mem:close()
      return true
    end
  end
  if mem then
    mem:close()
  end
  return false
end

local as = process.is_root() and 'user = "nobody"; ' or ""
local config = [[
  relay = "discard:"; hooks = { "yes" }; workers = { count = 2 };
  tls = { cert = "mx.cert", key = "mx.key" };
  listen = { "127.0.0.1:0", { "127.0.0.1:0", name = "implicit", tls = "implicit" } } ]]

describe("certificates", function()
  local dir, made

  setup(function()
    dir, made = process.directory(), {}
    made.one = certificate.make(dir, "one", { names = { "mx.test" } })
    made.two = certificate.make(dir, "two", { names = { "mx.test", "*.two.test" }, kind = "rsa" })
    made.old = certificate.make(dir, "old", { days = -1 })
    made.locked = certificate.make(dir, "locked", { password = "sesame" })
  end)
  teardown(function() process.remove(dir) end)
  after_each(lunette.clean)

  local function text(name, kind)
    return process.read(made[name][kind])
  end

  local function start()
    return lunette.start {
      config = config,
      files = { ["mx.cert"] = text("one", "cert"), ["mx.key"] = text("one", "key") },
    }
  end

  local function put(server, cert, key)
    process.write(server:path "mx.cert", text(cert, "cert"))
    process.write(server:path "mx.key", text(key or cert, "key"))
  end

  local function shown(c)
    return c.tls.certificate:digest "sha256"
  end

  local function both(server)
    local c, implicit = server:dial(), server:dial({ tls = true }, 2)
    c:hello()
    c:starttls({}, "c.test")
    implicit:hello()
    assert.equal(shown(c), shown(implicit))
    return c, implicit
  end

  it("come with a reload, for new sessions", function()
    local server = start()
    local c, implicit = both(server)
    assert.equal(made.one.fingerprint, shown(c))
    put(server, "two")
    for _ = 1, 4 do
      assert.equal(made.one.fingerprint, shown(server:dial({ tls = true }, 2)))
    end
    assert.equal("reload_done", server:reload().event)
    for _ = 1, 4 do
      assert.equal(made.two.fingerprint, shown((both(server))))
    end
    assert.equal(250, c:mail {}.code)
    assert.equal(250, implicit:mail {}.code)
    server:stop()
  end)

  local broken = {
    ["an encrypted key"] = { "tls.key: encrypted keys are not supported: .*mx%.key", "locked" },
    ["one that has expired"] = { "tls.cert: .*mx%.cert: the certificate expired", "old" },
    ["the key of another"] = { "tls.key: .*mx%.key: is not the key of .*mx%.cert", "one", "two" },
    ["a file that is gone"] = { "tls.cert: .*mx%.cert: No such file", function(server)
      os.remove(server:path "mx.cert")
    end },
    ["an empty file"] = { "tls.cert: .*mx%.cert: ", function(server)
      process.write(server:path "mx.cert", "")
    end },
    ["no certificate"] = { "tls.cert: .*mx%.cert: ", function(server)
      process.write(server:path "mx.cert", text("one", "key"))
    end },
    ["half a key"] = { "tls.key: .*mx%.key", function(server)
      process.write(server:path "mx.key", text("one", "key"):sub(1, 90))
    end },
  }

  for name, case in pairs(broken) do
    it("stay as they are if the new one is " .. name, function()
      local server = start()
      local c = both(server)
      if type(case[2]) == "function" then
        case[2](server)
      else
        put(server, case[2], case[3])
      end
      local line = server:reload()
      assert.equal("reload_failed", line.event)
      assert.matches("lunette%.lua:%d+: " .. case[1], line.error)
      assert.equal(made.one.fingerprint, shown((both(server))))
      assert.equal(250, c:mail {}.code)
      local got = process.run { lunette.program, "check", "-c", server:path "lunette.lua" }
      assert.equal(78, got.code)
      assert.matches("lunette%.lua:%d+: " .. case[1], got.err)
      server:stop()
    end)
  end

  it("are chosen by the name that the client asks for", function()
    local server = lunette.start {
      config = config:gsub('key = "mx.key"', '%0, certs = { ["*.two.test"] = { "2.cert", "2.key" } }'),
      files = { ["mx.cert"] = text("one", "cert"), ["mx.key"] = text("one", "key"),
        ["2.cert"] = text("two", "cert"), ["2.key"] = text("two", "key") },
    }
    local names = { ["a.two.test"] = "two", ["A.TWO.test"] = "two", ["two.test"] = "one",
      ["a.b.two.test"] = "one", ["mx.test"] = "one" }
    for sni, name in pairs(names) do
      assert.equal(made[name].fingerprint, shown(server:dial({ tls = true, sni = sni }, 2)), sni)
    end
    assert.equal(made.one.fingerprint, shown(server:dial({ tls = true }, 2)))
    server:stop()
  end)

  it("may be one file, which no worker's user can read", function()
    local server = lunette.start {
      config = config:gsub(', key = "mx.key"', ""),
      files = { ["mx.cert"] = text("one", "key") .. text("one", "cert") },
    }
    assert.equal(1, server:count("start", { level = "warn" }))
    assert.matches("everyone may read this private key", server:read())
    assert.equal(0, posix.chmod(server:path "mx.cert", "rw-------"))
    local from = server:here()
    assert.equal("reload_done", server:reload().event)
    assert.equal(0, server:count("start", { level = "warn" }, from))
    assert.equal(made.one.fingerprint, shown((both(server))))
    server:stop()
  end)

  it("are not needed where no listener speaks TLS", function()
    local got = lunette.run({ "check", "-c", "$DIR/lunette.lua" }, {
      config = [[ relay = "discard:"; listen = { { "127.0.0.1:0", tls = "off" } } ]],
    })
    assert.equal("", got.err)
    assert.equal(0, got.code)
  end)

  it("let AUTH be offered, and the check warns where no hook would decide", function()
    local o = {
      config = config:gsub('tls = "implicit"', '%0, auth = "offered"'),
      files = { ["mx.cert"] = text("one", "cert"), ["mx.key"] = text("one", "key") },
      hooks = { login = "return { auth = function() end }" },
    }
    local words = { "check", "-c", "$DIR/lunette.lua" }
    local got = lunette.run(words, o)
    assert.matches("level=warn .*listener implicit: auth is not offered: no hook", got.err)
    assert.equal(0, got.code)
    o.config = o.config .. '; hooks = { "yes", "login" }'
    assert.is_nil(lunette.run(words, o).err:match "auth")
  end)

  it("and passwords are in nothing that is shown", function()
    local o = { config = as .. [[
      relay = { "smtp://127.0.0.1:1", auth = { user = "me", password = "open-sesame" } } ]] }
    for _, words in ipairs {
      { "check" }, { "explain" }, { "explain", "-o", "relay.auth.pasword=other-sesame" },
      { "check", "-o", "relay.auth.password={ 'other-sesame' }" },
    } do
      table.insert(words, 2, "-c")
      table.insert(words, 3, "$DIR/lunette.lua")
      local got = lunette.run(words, o)
      assert.is_nil((got.out .. got.err):match "sesame")
    end
  end)

  -- A hook that ran wild in the check finds neither: the reader has them, and
  -- the process that runs hooks was forked before it read them.
  it("and passwords are not in the memory of the check", function()
    if not process.is_root() then
      pending "reads the memory of other processes"
    end
    local server = start()
    local word = text("one", "key"):match "\n(%w[^\n]+)"
    process.write(server:path "word", "open-sesame")
    server:hook("spin", "while true do end")
    server:config(config .. [[; hooks = { "spin" }; relay = {
      "smtp://127.0.0.1:1", auth = { user = "me", password = file "word" } } ]])
    local check = process.start { lunette.program, "check", "-c", server:path "lunette.lua",
      stderr = server:path "err" }
    local reader, checker
    wait.for_("the process that runs hooks", function()
      reader = children(check.pid)[1]
      checker = reader and children(reader)[1]
      return checker and memory_has(checker, "while true do end")
    end)
    assert.is_true(memory_has(reader, "open-sesame"))
    assert.is_true(memory_has(reader, word))
    assert.is_false(memory_has(checker, "open-sesame"))
    assert.is_false(memory_has(checker, word))
    check:stop "KILL"
    server:stop()
  end)
end)
