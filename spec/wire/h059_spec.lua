local row = require "spec.support.row"

row { 59, "SMTPUTF8 for a next hop that has it not",
  answer = "Not offered, 553 5.6.7; if the next hop is found out too late, 5.6.7, and no " ..
    "address is changed" }

describe("a next hop without", function()
  local at = row.serve { hop = { ehlo = { "PIPELINING", "8BITMIME" } } }

  row.case("does not see an address in UTF-8", function(c)
    assert.equal(250, c:mail {}.code)
    assert.is_nil(c:cmd("EHLO client.test", 250).text:find "SMTPUTF8")
    c:cmd("MAIL FROM:<\195\169@b.test> SMTPUTF8", "55[35] 5%.")
    c:cmd("MAIL FROM:<a@b.test> SMTPUTF8", "553 5%.6%.7")
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<\195\169@x.test>", "553 5%.6%.7")
    for i = 1, at.hop:connections() do
      assert.is_nil(at.hop:octets(i):find "\195\169")
    end
  end)
end)

describe("a next hop with", function()
  local at = row.serve { hop = { ehlo = { "PIPELINING", "8BITMIME", "SMTPUTF8" } } }

  row.case("does, unchanged", function(c)
    assert.equal(250, c:mail {}.code)
    assert.matches("SMTPUTF8", c:cmd("EHLO client.test", 250).text)
    local before = #at.hop:messages()
    local r = c:mail { from = "\195\169@b.test", to = "\195\188@x.test", params = "SMTPUTF8" }
    assert.equal(250, r.code)
    local m = at.hop:wait_messages(before + 1)[before + 1]
    assert.equal("\195\169@b.test", m.from)
    assert.same({ "\195\188@x.test" }, m.to)
    assert.matches(" SMTPUTF8", m.from_line)
    c:cmd("MAIL FROM:<\255@b.test> SMTPUTF8", "5%d%d 5%.")
  end)
end)
