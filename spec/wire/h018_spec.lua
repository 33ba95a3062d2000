local row = require "spec.support.row"

row { 18,
  "XCLIENT with bad xtext, an unknown attribute, NUL or CR in a value, one too long, a bad " ..
    "address",
  answer = "501 5.5.4, and nothing of the command counts" }

row.serve {
  hooks = { shows = row.shows }, config = [[ hooks = { "shows",
    "yes" }; xclient_clients = { "127.0.0.1" } ]],
}

local bad = {
  "", "ADDR", "ADDR=", "=x", "NAME=a+4", "NAME=a+", "NAME=a+zz", "NAME=a+3d+", "NAME=a+00b",
  "NAME=a+0Ab",
  "NAME=a+0Db", "NAME=" .. ("x"):rep(300), "HELO=" .. ("x"):rep(600), "ADDR=garbage", "ADDR=1.2.3",
  "ADDR=1.2.3.4.5", "ADDR=256.1.1.1", "ADDR=IPV6:1::2::3", "ADDR=2001:db8::1x", "PORT=65536", "PORT=-1",
  "PORT=x", "PORT=", "WHAT=ever", "ADDR=192.0.2.7 WHAT=ever", "ADDR=192.0.2.7 PORT=x", "PROTO=SNMP",
  "ADDR=192.0.2.7,PORT=1", "NAME=a=b=c ADDR=1", "LOGIN=a+00", "DESTADDR=x", "DESTPORT=999999",
}
for _, args in ipairs(bad) do
  row.case(("is refused: %q"):format(args:sub(1, 30)), function(c)
    local before = row.shown(c)
    c:cmd("XCLIENT " .. args, "501 5%.5%.4")
    assert.same(before, row.shown(c))
  end, { over = "clear" })
end

row.case("is believed if it is good", function(c)
  assert.matches("XCLIENT ", c:cmd("EHLO client.test", 250).text)
  c:cmd("XCLIENT ADDR=192.0.2.7 PORT=1000 NAME=a.test", 220)
  c:cmd("EHLO client.test", 250)
  local shown = row.shown(c)
  assert.equal("192.0.2.7", shown.ip)
  assert.equal("a.test", shown.name)
end)
