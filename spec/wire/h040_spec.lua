local row = require "spec.support.row"

row { 40, "STARTTLS twice, with an argument, in a transaction, where it is not offered",
  answer = "503 5.5.1; 501 5.5.4; 503 5.5.1; 502 5.5.1" }

describe("offered,", function()
  row.serve {}

  row.case("it comes once", function(c)
    assert.is_nil(c:cmd("EHLO client.test", 250).text:find "STARTTLS")
    c:cmd("STARTTLS", "503 5%.5%.1")
    c:cmd("STARTTLS now", "50[13] 5%.5%.[14]")
    c:cmd("NOOP", 250)
  end, { over = "tls" })

  row.case("it has no argument", function(c)
    assert.matches("STARTTLS", c:cmd("EHLO client.test", 250).text)
    c:cmd("STARTTLS now", "501 5%.5%.4")
    c:cmd("STARTTLS mx.test", "501 5%.5%.4")
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("STARTTLS", "503 5%.5%.1")
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd("RSET", 250)
    c.octets = nil
    c:starttls({}, "client.test")
  end, { over = "clear" })

  row.case("it works without EHLO too, or not at all", function(c)
    c:line "STARTTLS"
    local r = c:reply()
    assert.truthy(r.code == 220 or r.code == 503)
    if r.code == 220 then
      c.octets = nil
      assert.is_true(c:secure())
      c:cmd("EHLO client.test", 250)
    end
  end, { over = "clear", greet = "banner" })
end)

for name, config in pairs {
  ["withheld"] = [[ ehlo = { "STARTTLS" } ]],
  ["off"] = [[ listen = { { "127.0.0.1:0", tls = "off" } } ]],
} do
  describe(name .. ",", function()
    row.serve { config = config }
    row.case("it does not exist", function(c)
      assert.is_nil(c:cmd("EHLO client.test", 250).text:find "STARTTLS")
      c:cmd("STARTTLS", "502 5%.5%.1")
      c:cmd("MAIL FROM:<a@b.test>", 250)
    end, { over = "clear" })
  end)
end
