local row = require "spec.support.row"

row { 45, "`RCPT TO:<>` and `RCPT TO:<postmaster>`",
  answer = "501 5.1.3; the hooks are asked about the second, which goes on as it is" }

local at = row.serve { hop = {} }

row.case("nobody is no recipient", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<>", "501 5%.1%.3")
  c:cmd("RCPT TO:<@>", "501 5%.1%.3")
  c:cmd("RCPT TO:<a>", "501 5%.1%.3")
  c:cmd("DATA", "554 5%.5%.1")
end)

row.case("the postmaster is", function(c)
  for _, name in ipairs { "postmaster", "Postmaster", "POSTMASTER" } do
    assert.equal(250, c:mail { to = name }.code)
    local list = at.hop:messages()
    assert.equal("postmaster", list[#list].to[1]:lower())
    assert.equal(1, #list[#list].to)
  end
end)
