local row = require "spec.support.row"

row { 30, "Unknown commands, and known ones that we do not have",
  answer = "500 5.5.2; 502 5.5.1; each counts as an error" }

describe("a command", function()
  row.serve {}
  row.lines {
    { "X-WHAT", "500 5%.5%.2" }, { "QUITS", "500 5%.5%.2" }, { "MAILFROM:<a@b.test>", "500 5%.5%.2" },
    { "", "500 5%.5%.2" }, { "?", "500 5%.5%.2" }, { "EHLOclient", "500 5%.5%.2" },
    { ("A"):rep(500), "500 5%.5%.2" }, { "NO OP", "500 5%.5%.2" },
    { "ETRN x.test", "502 5%.5%.1" }, { "TURN", "50[02] 5%.5%." },
    { "SEND FROM:<a@b.test>", "50[02] 5%.5%." },
    { "SOML FROM:<a@b.test>", "50[02] 5%.5%." }, { "SAML FROM:<a@b.test>", "50[02] 5%.5%." },
    { "EXPN list", "502 5%.5%.1" },
  }
end)

describe("and one too many", function()
  local at = row.serve { limits = "errors = 5" }
  row.case("ends the session", function(c)
    for i = 1, 5 do
      c:cmd(i % 2 == 0 and "ETRN x" or "X", "50[02] 5%.5%.[12]")
    end
    c:cmd("NOOP", "421 4%.7%.0")
    c:expect_closed()
    assert.equal("errors", at.server:ended(c).reason)
  end)
end)
