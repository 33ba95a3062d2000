local row = require "spec.support.row"

row { 101, "The next hop answers in the midst of the content: 550, 421, 452",
  answer = "We stop sending; the client has been heard to its end and gets that answer" }

-- Hardly any room between us: what is said early is heard early.
for _, reply in ipairs { "550 5.7.1 not this", "452 4.3.1 full", "554 5.6.0 no" } do
  describe(reply, function()
    local at = row.serve { hop = { body = { reply, "close" } } }
    row.case("is the answer", function(c)
      local r = c:mail { data = "Subject: x\r\n\r\n" .. ("a line of it\r\n"):rep(200000) }
      assert.equal(reply, ("%d %s"):format(r.code, r.text))
      c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
      c:cmd("NOOP", 250)
      assert.equal(0, #at.hop:messages())
    end, { whole = true })
  end)
end
