local row = require "spec.support.row"

row { 75, "BDAT before RCPT, or when every recipient was refused",
  answer = "503 5.5.1, 554 5.5.1, behind the octets of the chunk: they are skipped, never " ..
    "read as commands" }

local at = row.serve { hop = { RCPT = "550 5.1.1 no such user" } }

local payload = "MAIL FROM:<evil@b.test>\r\nRCPT TO:<b@x.test>\r\nQUIT\r\n"

local function chunk(last)
  return ("BDAT %d%s\r\n%s"):format(#payload, last and " LAST" or "", payload)
end

for last, name in pairs { [true] = "the last", [false] = "not the last" } do
  row.case("without MAIL, " .. name, function(c)
    c:send(chunk(last))
    c:expect "503 5%.5%.1"
    c:cmd("NOOP", 250)
    c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
  end)

  row.case("without RCPT, " .. name, function(c)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:send(chunk(last))
    c:expect "55?[04]?3? 5%.5%.1"
    c:cmd("NOOP", 250)
  end)

  row.case("all refused, in one group, " .. name, function(c)
    c:send("MAIL FROM:<a@b.test>\r\nRCPT TO:<b@x.test>\r\n" .. chunk(last) .. "NOOP\r\n")
    c:expect(250)
    c:expect "550 5%.1%.1"
    c:expect "554 5%.5%.1"
    c:expect(250)
    c:cmd("RSET", 250)
    c:cmd("MAIL FROM:<a@b.test>", 250)
  end)
end

it("nothing of it was a command", function()
  assert.equal(0, #at.hop:messages())
  for _, line in ipairs(at.hop:lines()) do
    assert.is_nil(line:find "evil")
  end
end)
