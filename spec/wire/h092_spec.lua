local row = require "spec.support.row"

row { 92, "A whole TLS record, 16 kB, full of commands",
  answer = "All of them are answered at once, none waits for the next packet", over = "tls" }

row.serve {}

row.case("is emptied", function(c)
  for _, n in ipairs { 2, 1365, 2730, 20000 } do
    c:send(("NOOP\r\n"):rep(n))
    for _ = 1, n do
      c:expect(250)
    end
    assert.truthy(c:is_quiet())
  end
end, { whole = true })

row.case("is emptied with a message in it", function(c)
  local mail = "MAIL FROM:<a@b.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n"
  for _ = 1, 3 do
    c:send(("RSET\r\n"):rep(1000) .. mail)
    for _ = 1, 1002 do
      c:expect(250)
    end
    c:expect(354)
    c:send("Subject: x\r\n\r\n" .. ("x\r\n"):rep(5000) .. ".\r\nNOOP\r\n")
    c:expect(250)
    c:expect(250)
  end
end, { whole = true })
