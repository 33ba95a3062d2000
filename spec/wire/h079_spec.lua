local row = require "spec.support.row"

row { 79, "Chunks that are too large together",
  answer = "552 5.3.4 once, behind that chunk; the following are skipped, and in the end the " ..
    "session is closed if they do not stop" }

local at = row.serve { hop = {}, limits = [[message_size = "10K"]] }

local chunk = ("BDAT 4000\r\n" .. ("0123456789"):rep(400))

row.case("are refused", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:send "BDAT 14\r\nSubject: x\r\n\r\n"
  c:expect(250)
  for _ = 1, 2 do
    c:send(chunk)
    c:expect(250)
  end
  c:send(chunk)
  c:expect "552 5%.3%.4"
  c:send(chunk)
  c:expect "503 5%.5%.1"
  c:cmd("RSET", 250)
  assert.equal(250, c:mail {}.code)
end, { whole = true })

row.case("that do not stop end the session", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  local r
  for _ = 1, 100 do
    c:send(chunk)
    r = c:reply()
    if not r or r.code == 421 then
      break
    end
  end
  assert.truthy(not r or r.code == 421)
end, { whole = true })

row.case("one that says it is too large is not read to its end", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:send "BDAT 4000000000\r\n"
  c:send(("x"):rep(100000))
  local r = c:reply()
  assert.truthy(not r or r.code == 552 or r.code == 421)
end, { whole = true })

it("none was handed on", function()
  assert.equal(3, #at.hop:messages())  -- the good ones alone, one each way
end)
