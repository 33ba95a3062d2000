local base64 = require "mime".b64
local row = require "spec.support.row"

row { 96, "PLAIN without its NULs, with one too many, without a user, with a password of 64 kB",
  answer = "535 5.7.8 after a second, as for a wrong password; what is too long is 500 5.5.6",
    over = "tls" }

local at = row.serve {
  config = [[ hooks = { "gate", "yes" };
    listen = { { "127.0.0.1:0", tls = "starttls", auth = "offered" },
      { "127.0.0.1:0", tls = "implicit", auth = "offered" } } ]],
  hooks = { gate = [[
    local verdict = require "lunette.verdict"
    return { auth = function(session, login)
      session:log("info", "asked")
      if login.user == "a" then return verdict.accept() end
    end } ]] },
}

-- Side by side, for each costs its second.
it("nobody gets in with it, and no hook is asked", function()
  local waiting = {}
  for name, text in pairs {
    ["no NUL"] = "ab", ["one NUL"] = "\0ab", ["one NUL, behind"] = "a\0b", ["three NULs"] = "\0a\0b\0",
    ["a NUL in the password"] = "\0a\0b\0c", ["no user"] = "\0\0b", ["no password"] = "\0a\0",
      ["nothing"] = "",
    ["only NULs"] = "\0\0", ["a user of 2000 octets"] = "\0" .. ("a"):rep(2000) .. "\0b",
    ["a password of 2000 octets"] = "\0a\0" .. ("b"):rep(2000),
  } do
    local c = at:dial "implicit"
    c:line("AUTH PLAIN " .. (text == "" and "=" or base64(text)))
    waiting[name] = c
  end
  local c = at:dial "implicit"
  c:cmd("AUTH LOGIN", "334 ")
  c:cmd("=", "[35]%d%d ")
  for name, other in pairs(waiting) do
    local r = other:reply()
    assert.truthy(r.code == 535 or r.code == 501, name .. ": " .. r.code .. " " .. r.text)
    other:cmd("NOOP", 250)
  end
  assert.is_nil(at.server:read():find "asked")
end)

row.case("a password of 64 kB is no line", function(c)
  c:cmd("AUTH PLAIN " .. base64("\0a\0" .. ("b"):rep(65536)), "500 5%.5%.[26]")
  c:cmd("AUTH PLAIN", "334 ")
  c:cmd(base64("\0a\0" .. ("b"):rep(65536)), "500 5%.5%.6")
  c:cmd("AUTH PLAIN " .. base64 "\0a\0b", 235)
end, { whole = true })
