-- fake: run one hook with a made-up session and library, in plain busted, no daemon.
--
--   local h = fake.hook("dnsbl", { zones = { { zone = "bl.test" } } })
--   h.dns.bl["bl.test"] = { codes = { "127.0.0.2" } }
--   local v = h:ask("connect", fake.session { ip = "192.0.2.7" })
--   assert.equal(554, v.code)
--
-- It is strict where the manual is: unknown fields, undeclared settings, globals, a verdict
-- that the stage cannot give or that is made and not returned, and a DNS question that the
-- spec has no answer for are errors. Nothing waits: h.clock.slept says how long it would.

local fake_list   = require "spec.support.fake_list"
local fake_setting = require "spec.support.fake_setting"

local fake = {}

local seen = setmetatable({}, { __mode = "k" })		-- session: what only the spec sees

local codes = {
  pre_connection = { reject = 554, defer = 421 }, connect = { reject = 554, defer = 421 },
  helo = { reject = 550, defer = 450 },           mail    = { reject = 550, defer = 451 },
  rcpt = { reject = 550, defer = 451, accept = 250, discard = 250 },
  auth = { reject = 535, defer = 454, accept = 235 },
  data = { reject = 554, defer = 451 },           headers = { reject = 550, defer = 451 },
  message = { reject = 550, defer = 451, discard = 250, quarantine = 250 },
}
local later = { pre_connection = true, connect = true, helo = true, mail = true }

-- An error as the library returns it.
function fake.error(kind, text)
  return setmetatable({ kind = kind, text = text or kind, temporary = kind ~= "nxdomain" },
    { __tostring = function(err) return err.text end })
end

local function is_error(x)
  return type(x) == "table" and x.kind ~= nil
end

-- An object that raises on what it has not; `may` names fields that can be nil, `writable`
-- those that can be set.
local function strict(what, fields, may, writable)
  local known = {}
  for name in (may or ""):gmatch "%S+" do known[name] = true end
  local can_set = {}
  for name in (writable or ""):gmatch "%S+" do can_set[name] = true end
  return setmetatable({}, {
    __index = function(_, name)
      local value = fields[name]
      if value == nil and not known[name] then
        error(("%s has no field %s"):format(what, tostring(name)), 2)
      end
      return value
    end,
    __newindex = function(_, name, value)
      if not can_set[name] then
        error(("%s.%s cannot be set"):format(what, tostring(name)), 2)
      end
      fields[name] = value
    end,
  })
end

-- "ann@example.org" as sender or rcpt; "" is the null sender.
function fake.address(text)
  local user, domain = text:match "^(.*)@([^@]*)$"
  return strict("address", {
    address = text, user = user or text, domain = domain and domain:lower(),
    null = text == "", params = {}, original = "<" .. text .. ">", note = {},
  }, "domain relay group", "address relay group")
end

-- What the stage auth is asked about: mechanism user password authzid.
function fake.login(o)
  return strict("login", { mechanism = o.mechanism or "PLAIN", user = o.user,
    password = o.password, authzid = o.authzid }, "password authzid", "user")
end

-- o: ip trusted auth tls name helo server_ip hostname sender connections errors score early
function fake.session(o)
  o = o or {}
  local results, skipped = {}, {}
  local session = {
    id = "fake", esmtp = true, trusted = o.trusted or false, note = {}, helo = o.helo,
    auth = o.auth and { user = o.auth, mechanism = "PLAIN" }, stress = false,
    tls = o.tls and strict("tls", o.tls, "sni subject fingerprint"),
    client = strict("client", { ip = o.ip or "192.0.2.7", port = 4711, net = "192.0.2.0/24",
      name = o.name }, "name", "name"),
    server = strict("server", { ip = o.server_ip or "203.0.113.1", port = 25,
      name = o.hostname or "mx.example.org", listener = "main" }),
    sender = o.sender and fake.address(o.sender),
    counts = strict("counts", { messages = 0, recipients = 0, errors = o.errors or 0,
      unknown = 0, connections = o.connections or 1 }),
  }
  function session.result(_, name, kind, text, score)
    assert(({ pass = 1, fail = 1, info = 1, skip = 1, error = 1 })[kind], "no such result kind")
    assert(type(name) == "string" and type(text) == "string", "result: name and text")
    results[#results + 1] = { name = name, kind = kind, text = text, score = score or 0 }
  end
  function session.score()
    local sum = o.score or 0
    for _, r in ipairs(results) do sum = sum + r.score end
    return sum
  end
  function session.skip(_, ...)
    for _, name in ipairs { ... } do skipped[#skipped + 1] = name end
  end
  function session.early(_, seconds, teaser)
    assert(type(seconds) == "number", "early: seconds")
    assert(teaser == nil or type(teaser) == "string", "early: a text")
    session.waited, session.teaser = seconds, teaser
    return o.early or false
  end
  function session.log() end
  local self = strict("session", session,
    "helo auth tls proxy txn sender recipients message closed")
  seen[self] = {
    results = results, skipped = skipped, waited = function() return session.waited end,
    teaser = function() return session.teaser end,
  }
  return self
end

function fake.results(session)
  local out = {}
  for _, r in ipairs(seen[session].results) do
    out[#out + 1] = ("%s %s %s"):format(r.name, r.kind, r.text)
  end
  return out
end

function fake.skipped(session) return seen[session].skipped end
function fake.waited(session) return seen[session].waited() end
function fake.teaser(session) return seen[session].teaser() end

-- fields: a list of { name, value }.
function fake.message(fields)
  local message = { size = 1000 }
  function message.header(_, name, n)
    for _, field in ipairs(fields) do
      if field[1]:lower() == name:lower() then
        n = (n or 1) - 1
        if n == 0 then return field[2] end
      end
    end
    return nil
  end
  function message.headers()
    local i = 0
    return function()
      i = i + 1
      if fields[i] then return fields[i][1], fields[i][2] end
    end
  end
  return strict("message", message)
end

local function new_verdicts(h)
  local verdict, methods = {}, {}
  function methods.later(v) v.is_later = true return v end
  function methods.hangup(v) v.hangs_up = true return v end
  function methods.delay(v, seconds)
    assert(seconds >= 0 and seconds <= 60, "delay: 0 to 60 seconds")
    v.delayed = seconds
    return v
  end
  function methods.code(v, code) v.given_code = code return v end
  local function make(kind, fields)
    fields.kind = kind
    h.made[fields] = true
    return setmetatable(fields, { __index = methods })
  end
  function verdict.accept() return make("accept", {}) end
  function verdict.drop() return make("drop", {}) end
  function verdict.discard(why) return make("discard", { text = why }) end
  for kind, class in pairs { reject = "5", defer = "4" } do
    verdict[kind] = function(enhanced, text, ...)
      assert(enhanced:find("^" .. class .. "%.%d+%.%d+$"), kind .. ": enhanced code " .. enhanced)
      if select("#", ...) > 0 then text = text:format(...) end
      return make(kind, { enhanced = enhanced, text = text })
    end
  end
  return verdict
end

-- The library's own lunette.header: it is Lua but for base64, which no spec here needs.
local function header()
  local chunk = assert(loadfile "lua/lunette/header.lua")
  local env = setmetatable({ require = function() return {} end }, { __index = _G })
  return setfenv(chunk, env)()
end

-- A table of scripted answers, and the function that hands them out: a list, false, or an
-- error. `key` makes the question of the arguments.
local function scripted(what, answers, key)
  return function(...)
    local question = key(...)
    local answer = answers[question]
    if answer == nil then error(("no answer for dns.%s(%s)"):format(what, question), 2) end
    if is_error(answer) then return nil, answer end
    return answer
  end
end

local function new_dns(h)
  local dns, first = {}, function(x) return x end
  h.dns = { bl = {}, fcrdns = {}, a = {}, aaaa = {}, mx = {} }
  for _, name in ipairs { "a", "aaaa", "mx", "fcrdns" } do
    dns[name] = scripted(name, h.dns[name], first)
  end
  dns.bl = scripted("bl", h.dns.bl, function(ip, zone, mask)
    h.asked[#h.asked + 1] = { ip = ip, zone = zone, codes = mask }
    return zone
  end)
  return dns
end

local function new_async()
  local async = {}
  function async.map(items, fn)
    local results, errors = {}, {}
    for i, item in ipairs(items) do results[i], errors[i] = fn(item) end
    return results, errors
  end
  return async
end

-- h.passwords says which password fits a hash; what is asked is counted in h.hashed.
local function new_hash(h)
  h.passwords, h.hashed = {}, {}
  return { crypt = function(password, stored)
    h.hashed[#h.hashed + 1] = stored
    local right = h.passwords[stored]
    if is_error(right) then return nil, right end
    return right == password
  end }
end

local function new_clock(h)
  h.clock = { now = 1795082400, slept = 0 }	-- Thu, 19 Nov 2026 10:00:00 +0000
  return {
    now = function() return h.clock.now end,
    sleep = function(seconds) h.clock.slept = h.clock.slept + seconds end,
  }
end

-- Dictionaries that forget nothing: h.shared.NAME has what was kept, h.ttl how long.
local function new_shared(h)
  h.shared, h.ttl = {}, {}
  return setmetatable({}, { __index = function(_, name)
    if not (h.hook.shared or {})[name] then error("shared." .. name .. " is not declared", 2) end
    local kept = h.shared[name] or {}
    h.shared[name] = kept
    return {
      get = function(_, key) return kept[key] end,
      set = function(_, key, value, ttl)
        kept[key], h.ttl[key] = value, ttl
        return true
      end,
    }
  end })
end

local allowed = { "assert", "error", "ipairs", "pairs", "next", "pcall", "select", "tonumber",
  "tostring", "type", "unpack", "math", "string", "table", "setmetatable", "getmetatable",
  "xpcall", "bit" }

local function environment(library)
  local env = { require = function(name)
    return library[name] or error("module " .. name .. " not found", 2)
  end }
  for _, name in ipairs(allowed) do env[name] = _G[name] end
  return setmetatable({}, {
    __index = function(_, name)
      if env[name] == nil then error("no global " .. tostring(name), 2) end
      return env[name]
    end,
    __newindex = function(_, name) error("global " .. tostring(name) .. " may not be set", 2) end,
  })
end

local host = {}
host.__index = host

-- Load hooks/NAME.lua with these settings.
function fake.hook(name, settings)
  local h = setmetatable({ made = {}, asked = {} }, host)
  local library = {
    ["lunette.verdict"] = new_verdicts(h), ["lunette.dns"] = new_dns(h),
    ["lunette.async"] = new_async(), ["lunette.clock"] = new_clock(h),
    ["lunette.setting"] = fake_setting.setting, ["lunette.ip"] = fake_list.ip,
    ["lunette.list"] = fake_list.list, ["lunette.header"] = header(),
    ["lunette.hash"] = new_hash(h), ["lunette.shared"] = new_shared(h),
  }
  local chunk = assert(loadfile("hooks/" .. name .. ".lua"))
  h.hook = setfenv(chunk, environment(library))()
  local filled = fake_setting.fill(h.hook.settings or {}, settings or {})
  for key in pairs(h.hook.settings or {}) do h.hook.settings[key] = nil end
  setmetatable(h.hook.settings or {}, { __index = filled })
  h:check_table()
  if h.hook.start then h.hook.start() end
  return h
end

-- What the table of a hook may hold.
function host:check_table()
  local keys = {
    settings = "table", on_error = "string", timeout = "number", shared = "table", ehlo = "table",
    start = "function",
  }
  for key, value in pairs(self.hook) do
    if not keys[key] and not codes[key] then error("no such stage: " .. key, 0) end
    assert(type(value) == (keys[key] or "function"), key)
  end
end

-- Ask the hook at a stage: its verdict with the code it would have, or nil.
function host:ask(stage, session, ...)
  self.made = {}
  local fn = assert(self.hook[stage], "the hook has no " .. stage)
  local v, err = fn(session, ...)
  if v == nil and err ~= nil then error("the hook has failed: " .. tostring(err), 2) end
  for made in pairs(self.made) do assert(made == v, "a verdict was made and not returned") end
  if v == nil then return nil end
  assert(self.made[v], "not a verdict")
  assert(codes[stage][v.kind] or v.kind == "drop", stage .. " cannot answer " .. v.kind)
  v.code = v.given_code or codes[v.is_later and "rcpt" or stage][v.kind]
  if v.hangs_up and v.kind == "defer" then v.code = 421 end
  assert(not v.is_later or later[stage], "later makes no sense at " .. stage)
  return v
end

return fake
