local row = require "spec.support.row"

row { 62, "The same recipient twice",
  answer = "250 to both, and the next hop is told both" }

local at = row.serve { hop = {} }

row.case("is there twice", function(c)
  local to = { "b@x.test", "b@x.test", "B@X.test", "b@x.test" }
  assert.equal(250, c:mail { to = to }.code)
  local list = at.hop:messages()
  assert.same({ "b@x.test", "b@x.test", "B@x.test", "b@x.test" }, list[#list].to)
end)
