local base64 = require "mime".b64
local memory = require "spec.support.memory"
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

it("are not kept in memory by the core", function()
  if row.sanitized or not process.is_root() then
    return  -- who may not read its memory cannot tell; the sanitizer keeps all
  end
  collectgarbage()
  -- A hook that looks at a password makes Lua keep a copy for a while: at most that.
  local pid = at.server:workers()[1]
  local found = memory.count(pid, wrong) + memory.count(pid, plain("wrong", wrong))
  assert.is_true(memory.count(pid, "mx.test") > 0)  -- it is the memory
  assert.truthy(found <= 3, found)
end)
