local row = require "spec.support.row"

row { 76, "More chunks behind one that was refused",
  answer = "503 5.5.1 each, their octets skipped; BDAT LAST or RSET ends it, and nothing is " ..
    "left of the transaction" }

local at = row.serve { hop = {}, limits = [[message_size = "10K"]] }

-- A transaction whose first chunk is refused, for it is too large.
local function fails(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:send("BDAT 11000\r\n" .. ("0123456789"):rep(1100))
  c:expect "552 5%.3%.4"
end

for name, ends in pairs {
  ["BDAT LAST"] = function(c)
    c:send "BDAT 10 LAST\r\nMAIL FROM:"
    c:expect "5%d%d 5%."
  end,
  ["an empty BDAT LAST"] = function(c) c:cmd("BDAT 0 LAST", "5%d%d 5%.") end,
  ["RSET"] = function(c) c:cmd("RSET", 250) end,
  ["EHLO"] = function(c) c:cmd("EHLO client.test", 250) end,
} do
  row.case("until " .. name, function(c)
    local before = #at.hop:messages()
    fails(c)
    for _ = 1, 3 do
      c:send "BDAT 26\r\nMAIL FROM:<evil@b.test>\r\nX"
      c:expect "503 5%.5%.1"
      c:cmd("MAIL FROM:<new@b.test>", "503 5%.5%.1")
    end
    ends(c)
    c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
    c:cmd("DATA", "503 5%.5%.1")
    c:send "BDAT 3 LAST\r\nabc"
    c:expect "503 5%.5%.1"
    assert.equal(250, c:mail { to = "after@x.test" }.code)
    local list = at.hop:wait_messages(before + 1)
    assert.equal(before + 1, #list)
    assert.same({ "after@x.test" }, list[before + 1].to)
  end)
end
