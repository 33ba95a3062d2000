local row = require "spec.support.row"

row { 51, "Domains with a dot at the end, empty labels, underscores",
  answer = "The first two are 501 5.1.x before any list is asked; an underscore is taken" }

local at = row.serve {
  hop = {}, config = [[ hooks = { { "rcpt_domains", domains = { "x.test", "a_b.test" } } } ]],
}

row.case("cannot slip past a list", function(c)
  c:cmd("MAIL FROM:<a@b.test.>", "501 5%.1%.7")
  c:cmd("MAIL FROM:<a@b..test>", "501 5%.1%.7")
  c:cmd("MAIL FROM:<a@b.test>", 250)
  for _, bad in ipairs { "x.test.", "x.test..", ".x.test", "x..test", "-x.test", "x-.test", ".",
    "x.test/",
    "x .test", "x,test" } do
    c:cmd(("RCPT TO:<a@%s>"):format(bad), "501 5%.1%.3")
  end
  c:cmd("RCPT TO:<a@X.TEST>", 250)
  c:cmd("RCPT TO:<a@a_b.test>", 250)
  c:cmd("RCPT TO:<a@_x.test>", "550 5%.7%.1")
  local list = at.hop:lines()
  assert.equal("RCPT TO:<a@a_b.test>", list[#list])
  assert.equal("RCPT TO:<a@x.test>", list[#list - 1])
end)
