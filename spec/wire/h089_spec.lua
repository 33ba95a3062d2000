local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local row = require "spec.support.row"

row { 89,
  "A certificate or key that is missing, unreadable, expired, encrypted, or does not match",
  answer = "At start: exit 78 and the name of the file. At a reload: it fails, the old ones " ..
    "stay", over = "tls" }

local at = row.serve {}
local broken = {}

setup(function()
  local dir, pair = at.dir, at.pair
  local other = certificate.make(dir, "other")
  local old = certificate.make(dir, "old", { days = -1 })
  local locked = certificate.make(dir, "locked", { password = "secret" })
  process.write(dir .. "/junk", "this is no PEM\n")
  process.write(dir .. "/empty", "")
  process.write(dir .. "/half", process.read(pair.cert):sub(1, 200))
  for name, case in pairs {
    ["a missing certificate"] = { dir .. "/nothere", pair.key, "nothere" },
    ["a missing key"] = { pair.cert, dir .. "/nothere", "nothere" },
    ["a certificate that is none"] = { dir .. "/junk", pair.key, "junk" },
    ["a key that is none"] = { pair.cert, dir .. "/junk", "junk" },
    ["an empty certificate"] = { dir .. "/empty", pair.key, "empty" },
    ["half a certificate"] = { dir .. "/half", pair.key, "half" },
    ["a directory"] = { dir, pair.key, "directory" },
    ["an expired certificate"] = { old.cert, old.key, "old%.cert" },
    ["an encrypted key"] = { locked.cert, locked.key, "locked%.key" },
    ["the key of another"] = { pair.cert, other.key, "other%.key" },
  } do
    broken[name] = case
  end
end)

local names = {
  "a missing certificate", "a missing key", "a certificate that is none", "a key that is none",
  "an empty certificate", "half a certificate", "a directory", "an expired certificate",
  "an encrypted key", "the key of another",
}

local function config(case)
  return ([[ relay = "maildir:mail"; hooks = { "yes" }; workers = { count = 1 };
    tls = { cert = "%s", key = "%s" };
    listen = { { "127.0.0.1:0", tls = "starttls" }, { "127.0.0.1:0", tls = "implicit" } } ]])
    :format(case[1], case[2])
end

for _, name in ipairs(names) do
  it(name .. " is an error at the start", function()
    for _, word in ipairs { "run", "check" } do
      local got = lunette.run({ word, "-c", "$DIR/lunette.lua" }, { config = config(broken[name]) })
      assert.equal(78, got.code, got.err)
      assert.matches("^lunette: [^\n]*" .. broken[name][3] .. "[^\n]*\n$", got.err)
    end
  end)

  it(name .. " changes nothing at a reload", function()
    local old = at:dial "implicit"
    at.server:config(config(broken[name]))
    local line = at.server:reload()
    assert.equal("reload_failed", line.event)
    assert.matches(broken[name][3], line.line)
    old:cmd("NOOP", 250)
    local c = at:dial "implicit"
    assert.equal(at.pair.fingerprint, c.tls.certificate:digest "sha256")
    assert.equal(250, c:mail {}.code)
  end)
end

it("a good one is taken, for new sessions", function()
  local new = certificate.make(at.dir, "new", { kind = "rsa" })
  local old = at:dial "starttls"
  at.server:config(config { new.cert, new.key })
  assert.equal("reload_done", at.server:reload().event)
  assert.equal(new.fingerprint, at:dial("implicit").tls.certificate:digest "sha256")
  assert.equal(250, old:mail {}.code)
  assert.equal(at.pair.fingerprint, old.tls.certificate:digest "sha256")
end)
