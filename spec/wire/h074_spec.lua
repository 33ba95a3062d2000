local row = require "spec.support.row"

row { 74, "BDAT with a huge, negative or hexadecimal count, or with a third word",
  answer = "501 5.5.4 and close: nobody knows where the next command begins" }

local at = row.serve {}

for _, args in ipairs {
  "", "x", "-1", "+1", "0x10", "1e3", "1.5", "99999999999999999999999", "18446744073709551616",
  "1 LASTX",
  "1 LAST x", "1 2", "LAST", "LAST 1", "1LAST", "1,LAST", "\0", "1\0", ("9"):rep(1000),
} do
  for in_txn, name in pairs { [true] = "in a transaction", [false] = "alone" } do
    row.case(("%q %s"):format(args:sub(1, 24), name), function(c)
      if in_txn then
        c:cmd("MAIL FROM:<a@b.test>", 250)
        c:cmd("RCPT TO:<b@x.test>", 250)
      end
      c:send("BDAT " .. args .. "\r\n")
      local r = c:reply()
      assert.truthy(r.code == 501 or r.code == 500, r.code)
      c:expect_closed()
      assert.equal(0, #at.server:mails())
    end)
  end
end

row.case("what follows it never runs", function(c)
  c:send "BDAT 18446744073709551617\r\nMAIL FROM:<evil@b.test>\r\n"
  c:expect "501 5%.5%.4"
  c:expect_closed()
  assert.is_nil(at.server:ended(c).mail)
end, { whole = true })
