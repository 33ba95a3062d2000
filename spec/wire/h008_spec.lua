local row = require "spec.support.row"

row { 8, "HTTP on the SMTP port",
  answer = "The connection is closed without a word; nothing in it runs" }

local at = row.serve {}

local envelope = "MAIL FROM:<a@b.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n" ..
  "Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n"

for _, head in ipairs {
  "GET / HTTP/1.1\r\nHost: mx.test\r\n\r\n", "POST / HTTP/1.0\r\nContent-Length: 300\r\n\r\n",
  "CONNECT mx.test:25 HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n", "PUT /x HTTP/1.1\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\n\r\n", "get / http/1.1\r\n\r\n",
} do
  for greet, name in pairs { banner = "as the first word", ehlo = "after EHLO" } do
    row.case(head:match "^%a+" .. " " .. name .. " ends the session", function(c)
      c:send(head .. "EHLO a.test\r\n" .. envelope)
      c:expect_closed()
      local line = at.server:ended(c)
      assert.equal("refused", line.reason)
      assert.is_nil(line.mail)
      assert.equal(0, #at.server:mails())
    end, { greet = greet })
  end
end
