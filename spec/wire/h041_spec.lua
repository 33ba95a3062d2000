local row = require "spec.support.row"

row { 41, "What was said before STARTTLS: EHLO, AUTH, a transaction, errors of hooks",
  answer = "Forgotten: MAIL is 503 5.5.1 until EHLO, AUTH is needed again, what hooks held " ..
    "is gone", over = "clear" }

row.serve {
  config = [[ hooks = { "shows", "gate", "yes" }; auth = { without_tls = true };
    listen = { { "127.0.0.1:0", tls = "starttls", auth = "offered" } } ]],
  hooks = { shows = row.shows, gate = [[
    local verdict = require "lunette.verdict"
    return {
      helo = function(_, name)
        if name == "held.test" then return verdict.reject("5.7.1", "held"):later() end
      end,
      auth = function() return verdict.accept() end,
    } ]] },
}

row.case("EHLO", function(c)
  c:starttls()
  c:cmd("MAIL FROM:<a@b.test>", "503 5%.5%.1")
  c:cmd("AUTH PLAIN AGEAYg==", "503 5%.5%.1")
  c:send "NOOP\r\nNOOP\r\n"  -- nor PIPELINING
  c:expect "554 5%.5%.0"
end, { whole = true })

row.case("its name", function(c)
  assert.equal("client.test", row.shown(c).helo)
  c.octets = nil
  c:starttls()
  assert.equal("-", row.shown(c).helo)
  c:cmd("EHLO other.test", 250)
  assert.equal("other.test", row.shown(c).helo)
end)

row.case("AUTH", function(c)
  c:cmd("AUTH PLAIN AGEAYg==", 235)
  c:cmd("AUTH PLAIN AGEAYg==", "503 5%.5%.1")
  assert.equal("a", row.shown(c).auth)
  c.octets = nil
  c:starttls({}, "client.test")
  assert.equal("-", row.shown(c).auth)
  c:cmd("AUTH PLAIN AGMAYg==", 235)
  assert.equal("c", row.shown(c).auth)
end)

row.case("a verdict that was held", function(c)
  c:cmd("EHLO held.test", 250)
  c.octets = nil
  c:starttls({}, "client.test")
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
end)
