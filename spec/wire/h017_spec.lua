local row = require "spec.support.row"

row { 17, "XCLIENT and XFORWARD from a client that may not",
  answer = "550 5.7.0; not offered in EHLO, and nothing of it is believed" }

row.serve {
  hooks = { shows = row.shows }, config = [[ hooks = { "shows",
    "yes" }; xclient_clients = { "192.0.2.1" } ]],
}

row.case("is refused", function(c)
  local r = c:cmd("EHLO client.test", 250)
  assert.is_nil(r.text:find "XCLIENT" or r.text:find "XFORWARD")
  local before = row.shown(c)
  c:cmd("XCLIENT ADDR=192.0.2.7 NAME=trusted.test", "550 5%.7%.0")
  c:cmd("XCLIENT", "5%d%d 5%.")
  c:cmd("XFORWARD ADDR=192.0.2.7 NAME=trusted.test", "550 5%.7%.0")
  c:cmd("XCLIENT LOGIN=admin", "550 5%.7%.0")
  assert.same(before, row.shown(c))
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("XCLIENT ADDR=192.0.2.7", "5[05][03] 5%.")
  c:cmd("RCPT TO:<b@x.test>", 250)
end)
