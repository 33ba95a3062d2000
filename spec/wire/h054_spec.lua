local row = require "spec.support.row"

row { 54, "Parameters twice, unknown, without a value, `=` alone, in lower case",
  answer = "555 5.5.4 if we do not know it, 501 5.5.4 if it is malformed or twice; case does " ..
    "not matter" }

row.serve {}

local lines = {}
for params, want in pairs {
  ["SIZE=1 SIZE=2"] = "501 5%.5%.4", ["SIZE=1 size=1"] = "501 5%.5%.4",
  ["BODY=7BIT BODY=8BITMIME"] = "501 5%.5%.4", ["SIZE"] = "501 5%.5%.4", ["SIZE="] = "501 5%.5%.4",
  ["="] = "501 5%.5%.4", ["=1"] = "501 5%.5%.4", ["SIZE=1="] = "501 5%.5%.4",
    ["BODY"] = "501 5%.5%.4",
  ["BODY=9BIT"] = "501 5%.5%.4", ["X=1"] = "555 5%.5%.4", ["FOO"] = "555 5%.5%.4",
    ["X-Y=z"] = "555 5%.5%.4",
  ["-X=1"] = "501 5%.5%.4", ["SIZE=1,BODY=7BIT"] = "501 5%.5%.4", ["SIZE =1"] = "501 5%.5%.4",
  ["<SIZE=1>"] = "501 5%.5%.4", ["size=1"] = 250, ["Body=8BitMime"] = 250, ["SIZE=1 BODY=7BIT"] = 250,
  ["SIZE=1   BODY=7BIT"] = 250,
} do
  lines[#lines + 1] = { "MAIL FROM:<a@b.test> " .. params, want }
end
row.lines(lines)

row.case("of RCPT refuse that recipient", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test> X=1", "555 5%.5%.4")
  c:cmd("RCPT TO:<b@x.test> =", "501 5%.5%.4")
  c:cmd("RCPT TO:<b@x.test> SIZE=1", "555 5%.5%.4")
  c:cmd("DATA", "554 5%.5%.1")
end)
