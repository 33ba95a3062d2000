local row = require "spec.support.row"

row { 44, "The null sender, with one recipient and with several",
  answer = "250; it goes on as `<>`" }

local at = row.serve { hop = {} }

row.case("is a sender", function(c)
  for _, to in ipairs { { "b@x.test" }, { "b@x.test", "c@x.test", "d@x.test" } } do
    assert.equal(250, c:mail { from = "", to = to }.code)
    local list = at.hop:messages()
    assert.equal("", list[#list].from)
    assert.same(to, list[#list].to)
    assert.matches("^MAIL FROM:<>", list[#list].from_line)
  end
end)

row.case("has parameters", function(c)
  c:cmd("MAIL FROM:<> SIZE=100 BODY=8BITMIME", 250)
end)
