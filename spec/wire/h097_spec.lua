local base64 = require "mime".b64
local memory = require "spec.support.memory"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 97, "Credentials, and where they could be seen: logs, errors of hooks, memory, a core",
  answer = "In no log at any level, nor in a traceback; overwritten in memory once they have " ..
    "been used", over = "tls" }

local secret = "Sesam-" .. "oeffne-dich-4711"
local wrong = "Sesam-" .. "bleib-zu-4712"

local at = row.serve {
  errors = true,
  config = [[ log = { level = "debug" }; hooks = { "gate", "yes" }; auth = { without_tls = true };
    listen = { { "127.0.0.1:0", tls = "starttls", auth = "offered" },
      { "127.0.0.1:0", tls = "implicit", auth = "offered" } } ]],
  hooks = { gate = ([[
    local verdict = require "lunette.verdict"
    return { auth = function(_, login)
      if login.user == "raises" then error "on purpose" end
      if login.user == "nonsense" then return "no verdict" end
      if login.password == "%s" then return verdict.accept() end
    end } ]]):format("Sesam-\" .. \"oeffne-dich-4711") },
}

local function plain(user, password)
  return base64(("\0%s\0%s"):format(user, password))
end

it("are in no line of the log", function()
  local list = {}
  for _, way in ipairs { "clear", "starttls", "implicit" } do
    local good = at:dial(way)
    good:cmd("AUTH PLAIN " .. plain("good", secret), 235)
    good:close()
    for _, user in ipairs { "wrong", "raises", "nonsense" } do
      local c = at:dial(way)
      c:line("AUTH PLAIN " .. plain(user, user == "wrong" and wrong or secret))
      list[#list + 1] = c
    end
    local c = at:dial(way)
    c:cmd("AUTH LOGIN", "334 ")
    c:cmd(base64 "wrong", "334 ")
    c:line(base64(wrong))
    list[#list + 1] = c
    c = at:dial(way)
    c:cmd("AUTH LOGIN", "334 ")
    c:cmd(base64(wrong) .. "!", 501)  -- in the wrong place, and broken
  end
  for _, c in ipairs(list) do
    local r = c:reply()
    assert.truthy(r.code == 535 or r.code == 451, r.text)
    c:cmd("QUIT", 221)
    at.server:ended(c)
  end
  wait.for_("the errors", function() return at.server:count "hook_error" >= 6 end)
  local log = at.server:read()
  assert.matches("auth=good", log)
  for _, needle in ipairs { secret, wrong, base64(secret), base64(wrong), plain("good", secret),
    plain("wrong", wrong), base64(wrong):sub(1, 20) } do
    assert.is_nil(log:find(needle, 1, true))
  end
end)

-- A hook that looks at the password makes Lua keep a copy for a while: this one
-- does not.  spec/unit/session_wipe_test.c looks closer.
describe("in memory", function()
  if peer.left_out(not process.is_root() and "needs root") then
    pending "needs root"
    return
  end
  local quiet = row.serve {
    config = [[ hooks = { "gate", "yes" }; auth = { without_tls = true };
      listen = { { "127.0.0.1:0", tls = "starttls", auth = "offered" },
        { "127.0.0.1:0", tls = "implicit", auth = "offered" } } ]],
    hooks = { gate = [[
      local verdict = require "lunette.verdict"
      return { auth = function(_, login)
        if login.user == "good" then return verdict.accept() end
      end } ]] },
  }

  -- Nothing comes after it that could take its place: the client only waits.
  local function none_left()
    if row.sanitized then
      return  -- it keeps all that was freed
    end
    local pid = quiet.server:workers()[1]
    assert.is_true(memory.count(pid, "mx.test") > 0)  -- it is the memory
    for _, needle in ipairs { secret, base64(secret), plain("good", secret):sub(-20),
      plain("wrong", secret):sub(-20) } do
      assert.equal(0, memory.count(pid, needle), needle)
    end
  end

  for user, code in pairs { good = 235, wrong = 535 } do
    row.case(("are not kept by the core: AUTH PLAIN, " .. code), function(c)
      c:cmd("AUTH PLAIN " .. plain(user, secret), code)
      none_left()
    end, { whole = true })
    row.case(("are not kept by the core: AUTH LOGIN, " .. code), function(c)
      c:cmd("AUTH LOGIN", "334 ")
      c:cmd(base64(user), "334 ")
      c:cmd(base64(secret), code)
      none_left()
    end, { whole = true })
  end
end)
