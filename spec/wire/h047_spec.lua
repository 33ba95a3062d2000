local row = require "spec.support.row"

row { 47, "Percent hacks and bang paths",
  answer = "Plain text of the local part: the domain behind the last `@` decides, and they " ..
    "go on unchanged" }

local at = row.serve {
  hop = {}, config = [[ hooks = { { "rcpt_domains", domains = { "x.test" } } } ]],
}

row.case("mean nothing", function(c)
  c:cmd("MAIL FROM:<b%c!d@b.test>", 250)
  c:cmd("RCPT TO:<u%evil.test@x.test>", 250)
  c:cmd("RCPT TO:<evil.test!u@x.test>", 250)
  c:cmd("RCPT TO:<u%x.test@evil.test>", "550 5%.7%.1")
  c:cmd("RCPT TO:<x.test!u@evil.test>", "550 5%.7%.1")
  c:cmd("RCPT TO:<u@evil.test@x.test>", "501 5%.1%.3")
  c:cmd("DATA", 354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\n"
  c:expect(250)
  local list = at.hop:messages()
  assert.same({ "u%evil.test@x.test", "evil.test!u@x.test" }, list[#list].to)
  assert.equal("b%c!d@b.test", list[#list].from)
end)
