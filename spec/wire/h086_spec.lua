local row = require "spec.support.row"

row { 86, "ALPN that does not name SMTP",
  answer = "The handshake fails, no_application_protocol; `smtp` among others, or no ALPN, " ..
    "is fine", over = "tls" }

local at = row.serve {}

for _, way in ipairs { "starttls", "implicit" } do
  local function dial()
    if way == "implicit" then
      return at.server:dial(nil, 2)
    end
    local c = at:dial "clear"
    c:cmd("STARTTLS", 220)
    return c
  end

  for _, list in ipairs { { "http/1.1" }, { "h2", "http/1.1" }, { "imap" }, { "SMTP" }, { "smtp2" } } do
    it(("%s is refused, %s"):format(table.concat(list, " "), way), function()
      local c = dial()
      local ok, err = c:secure { alpn = list }
      assert.is_false(ok)
      assert.matches("application protocol", err)
      assert.equal("tls", at.server:ended(c).reason)
    end)
  end

  for _, list in ipairs { { "smtp" }, { "h2", "smtp" } } do
    it(("%s is taken, %s"):format(table.concat(list, " "), way), function()
      local c = dial()
      assert.is_true(c:secure { alpn = list })
      assert.equal("smtp", c.tls.alpn)
    end)
  end
end
