local row = require "spec.support.row"

row { 78,
  "TLS ends (close_notify), or the connection, in the midst of a chunk; clear text behind it",
  answer = "The connection is over; not an octet in the clear is read" }

local at = row.serve { hop = {} }

local function half(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:send "BDAT 1000\r\nSubject: x\r\n\r\nhalf"
end

row.case("close_notify in a chunk, then clear text", function(c)
  half(c)
  c:unwrap()
  c:send(("x"):rep(2000) .. "\r\nRSET\r\nMAIL FROM:<evil@b.test>\r\n")
  local line = at.server:ended(c)
  assert.equal("lost", line.reason)
  assert.equal("1/1", line.mail)
  assert.equal("0", line.messages)
end, { over = "tls", whole = true })

row.case("close_notify between commands, then clear text", function(c)
  c:cmd("NOOP", 250)
  c:unwrap()
  c:send "MAIL FROM:<evil@b.test>\r\n"
  local line = at.server:ended(c)
  assert.is_nil(line.mail)
  assert.is_nil(c:rest():find "%d%d%d ")
end, { over = "tls", whole = true })

row.case("close_notify in DATA, then clear text", function(c)
  c:begin()
  c:send "Subject: x\r\n\r\nhalf"
  c:unwrap()
  c:send "\r\n.\r\n"
  assert.equal("0", at.server:ended(c).messages)
end, { over = "tls", whole = true })

row.case("FIN in a chunk", function(c)
  half(c)
  c:finish()
  local line = at.server:ended(c)
  assert.equal("lost", line.reason)
  assert.equal("0", line.messages)
end)

it("nothing was handed on", function()
  assert.equal(0, #at.hop:messages())
  for _, line in ipairs(at.hop:lines()) do
    assert.is_nil(line:find "evil")
  end
end)
