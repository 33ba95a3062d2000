local row = require "spec.support.row"

row { 26, "EHLO in the midst of a transaction",
  answer = "250; the transaction is gone, also at the next hop" }

local at = row.serve { hop = {} }

for _, verb in ipairs { "EHLO", "HELO" } do
  row.case(verb .. " begins anew", function(c)
    local before = #at.hop:messages()
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd(verb .. " other.test", 250)
    c:cmd("RCPT TO:<c@x.test>", "503 5%.5%.1")
    c:cmd("DATA", "503 5%.5%.1")
    assert.equal(250, c:mail { from = "new@b.test", to = "d@x.test" }.code)
    local list = at.hop:messages()
    assert.equal(before + 1, #list)
    assert.equal("new@b.test", list[#list].from)
    assert.same({ "d@x.test" }, list[#list].to)
  end)
end

row.case("one that is refused leaves it", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("EHLO", "501 5%.5%.4")
  c:cmd("RCPT TO:<b@x.test>", 250)
end)
