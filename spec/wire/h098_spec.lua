local base64 = require "mime".b64
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 98, "Telling an unknown user from a wrong password",
  answer = "The same reply, 535 5.7.8, not before a second has passed, with `auth_file` too",
    over = "tls" }

-- Of "right", by openssl passwd -6.
local users = "known:$6$saltsalt$%s\n"

local at = row.serve { start = false }

setup(function()
  local process = require "spec.support.process"
  local got = process.run { "openssl", "passwd", "-6", "-salt", "saltsalt", "right" }
  process.write(at.dir .. "/users", users:gsub("%$6.*", "") .. got.out)
  at:start(([[ hooks = { { "auth_file", users = file "%s" }, "yes" };
    listen = { { "127.0.0.1:0", tls = "starttls", auth = "offered" },
      { "127.0.0.1:0", tls = "implicit", auth = "offered" } } ]]):format(at.dir .. "/users"))
end)

it("cannot be done by what is said", function()
  local began, replies, clients = wait.now(), {}, {}
  for i, user in ipairs { "known", "unknown", "", "known\1x", ("u"):rep(300) } do
    clients[i] = at:dial "implicit"
    clients[i]:line("AUTH PLAIN " .. base64(("\0%s\0wrong"):format(user)))
  end
  for i, c in ipairs(clients) do
    local r = c:reply()
    replies[i] = r.code .. " " .. r.text
    assert.truthy(wait.now() - began >= 0.95)
  end
  for _, text in ipairs(replies) do
    assert.equal(replies[1], text)
    assert.matches("^535 5%.7%.8 ", text)
  end
end)

it("whoever knows both is let in", function()
  local c = at:dial "starttls"
  c:cmd("AUTH PLAIN " .. base64 "\0known\0right", 235)
end)
