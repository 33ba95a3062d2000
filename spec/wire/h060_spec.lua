local row = require "spec.support.row"

row { 60, "REQUIRETLS in the clear, or for a next hop that has it not",
  answer = "Offered only under TLS and to a next hop that can: else 555 5.5.4, or 530 and " ..
    "550 5.7.30; such a message never goes on without" }

local at = row.serve { hop = {} }

row.case("is refused", function(c, _, how)
  assert.equal(250, c:mail {}.code)
  local before = #at.hop:messages()
  assert.is_nil(c:cmd("EHLO client.test", 250).text:find "REQUIRETLS")
  local r = c:line("MAIL FROM:<a@b.test> REQUIRETLS"):reply()
  assert.truthy(r.code == 555 or r.code == 550 or r.code == 530 and how.way == "clear", r.code)
  c:cmd("MAIL FROM:<a@b.test> REQUIRETLS=yes", "5%d%d 5%.")
  c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
  assert.equal(before, #at.hop:messages())
end)
