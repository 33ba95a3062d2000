local row = require "spec.support.row"

row { 43, "Addresses without brackets, blanks before them, words behind them",
  answer = "501 5.5.4 or 5.1.x; one blank behind the colon is taken, and what goes on is the " ..
    "one form" }

local at = row.serve { hop = {} }

row.lines {
  { "MAIL FROM:a@b.test", "501 5%." }, { "MAIL FROM:<a@b.test", "501 5%." },
  { "MAIL FROM:a@b.test>", "501 5%." },
  { "MAIL FROM", "501 5%." }, { "MAIL", "501 5%." }, { "MAIL FROM:", "501 5%." },
  { "MAIL FROM :<a@b.test>", "501 5%." },
  { "MAIL <a@b.test>", "501 5%." }, { "MAIL TO:<a@b.test>", "501 5%." },
  { "MAIL FROM:<a@b.test>x", "501 5%." },
  { "MAIL FROM:<a@b.test>SIZE=1", "501 5%." }, { "MAIL FROM:<<a@b.test>>", "501 5%." },
  { "MAIL FROM:< a@b.test >", "501 5%." }, { "MAIL FROM:\"A\" <a@b.test>", "501 5%." },
}

row.case("a blank behind the colon does not go on", function(c)
  local before = #at.hop:lines()
  c:cmd("MAIL FROM: <a@b.test>", 250)
  c:cmd("RCPT TO:  <b@x.test>", 250)
  local list = at.hop:lines()
  local tail = table.concat(list, "\n", before + 1)
  assert.matches("MAIL FROM:<a@b%.test>", tail)
  assert.matches("RCPT TO:<b@x%.test>", tail)
end)

row.case("of a recipient", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  for _, bad in ipairs { "b@x.test", "<b@x.test", "", "<b@x.test> <c@x.test>",
    "<b@x.test>,<c@x.test>",
    "<b@x.test,c@x.test>", "<b@x.test;c@x.test>", "group:b@x.test;" } do
    c:cmd("RCPT TO:" .. bad, "501 5%.")
  end
  c:cmd("DATA", "554 5%.5%.1")
end)
