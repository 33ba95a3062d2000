local row = require "spec.support.row"

row { 58, "BODY=BINARYMIME; 8-bit content for a next hop that has no 8BITMIME",
  answer = "501 5.5.4; BODY=8BITMIME is not offered there (554 5.6.3), and no bit is ever " ..
    "taken off" }

describe("a next hop with 8BITMIME", function()
  local at = row.serve { hop = {} }
  row.case("gets every bit", function(c)
    c:cmd("MAIL FROM:<a@b.test> BODY=BINARYMIME", "5[05][15] 5%.")
    local before = #at.hop:messages()
    assert.equal(250, c:mail { params = "BODY=8BITMIME",
      data = "Subject: x\r\n\r\ncaf\195\169\255\r\n" }.code)
    local m = at.hop:wait_messages(before + 1)[before + 1]
    assert.matches("caf\195\169\255\r\n$", m.data)
    assert.matches("BODY=8BITMIME", m.from_line)
  end)
end)

describe("one without", function()
  local at = row.serve { hop = { ehlo = { "PIPELINING", "SIZE 1000000" } } }
  row.case("gets every bit, or none of it", function(c)
    assert.equal(250, c:mail {}.code)
    local before = #at.hop:messages()
    local text = c:cmd("EHLO client.test", 250).text
    local offered = text:find "8BITMIME"
    c:line "MAIL FROM:<a@b.test> BODY=8BITMIME"
    local r = c:reply()
    assert.equal(offered and "250 2.1.0" or "554 5.6.3", r.code .. " " .. r.enhanced)
    c:cmd("RSET", 250)
    r = c:mail { data = "Subject: x\r\n\r\ncaf\195\169\r\n" }
    local list = at.hop:messages()
    if r.code == 250 then
      assert.matches("caf\195\169\r\n$", list[#list].data)
    else
      assert.matches("5%.6%.", r.enhanced)
      assert.equal(before, #list)
    end
  end)
end)
