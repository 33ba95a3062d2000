local row = require "spec.support.row"

row { 57, "AUTH= on MAIL: bad xtext, a line end in the decoded value",
  answer = "501 5.5.4; a good one is taken where AUTH is offered (else 555 5.5.4), and never " ..
    "reaches a header or the log undecoded" }

local at = row.serve {
  hop = {}, config = [[ hooks = { "gate", "yes" }; auth = { without_tls = true };
    listen = { { "127.0.0.1:0", tls = "starttls", auth = "offered" },
      { "127.0.0.1:0", tls = "implicit", auth = "offered" } } ]],
  hooks = { gate = [[
    local verdict = require "lunette.verdict"
    return { auth = function() return verdict.accept() end } ]] },
}

for params, want in pairs {
  ["AUTH=<>"] = 250, ["AUTH=a@b.test"] = 250, ["auth=a+2Bb@b.test"] = 250, ["AUTH=a+4"] = "501 5%.5%.4",
  ["AUTH=a+zz"] = "501 5%.5%.4", ["AUTH=a=b"] = "501 5%.5%.4", ["AUTH="] = "501 5%.5%.4",
  ["AUTH"] = "501 5%.5%.4", ["AUTH=a+0Db@b.test"] = "501 5%.5%.4", ["AUTH=a+0A@b.test"] = "501 5%.5%.4",
  ["AUTH=a+00@b.test"] = "501 5%.5%.4", ["AUTH=<> AUTH=<>"] = "501 5%.5%.4",
} do
  row.case(("%s: %s"):format(params, want), function(c)
    c:cmd("MAIL FROM:<a@b.test> " .. params, want)
    if want == 250 then
      c:cmd("RCPT TO:<b@x.test>", 250)
      c:cmd("DATA", 354)
      c:send "Subject: x\r\n\r\nx\r\n.\r\n"
      c:expect(250)
      local list = at.hop:messages()
      assert.is_nil(list[#list].data:find "AUTH=")
      assert.is_nil(list[#list].from_line:find "AUTH=" and not list[#list].from_line:find "AUTH=%S+")
    end
  end)
end

describe("where AUTH is not offered", function()
  row.serve {}
  row.lines { { "MAIL FROM:<a@b.test> AUTH=<>", "555 5%.5%.4" } }
end)
