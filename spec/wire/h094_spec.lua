local row = require "spec.support.row"

row { 94, "AUTH twice, AUTH in a transaction, AUTH again and again without success",
  answer = "503 5.5.1; 503 5.5.1; the third failure is 421 4.7.0 and close", over = "tls" }

local at = row.serve {
  config = [[ hooks = { "gate", "yes" };
    listen = { { "127.0.0.1:0", tls = "starttls", auth = "offered" },
      { "127.0.0.1:0", tls = "implicit", auth = "offered" } } ]],
  hooks = { gate = [[
    local verdict = require "lunette.verdict"
    return { auth = function(_, login)
      if login.password == "b" then return verdict.accept() end
    end } ]] },
}

row.case("once is enough", function(c)
  c:cmd("AUTH PLAIN AGEAYg==", 235)
  c:cmd("AUTH PLAIN AGEAYg==", "503 5%.5%.1")
  c:cmd("AUTH LOGIN", "503 5%.5%.1")
  assert.equal(250, c:mail {}.code)
  c:cmd("AUTH PLAIN AGEAYg==", "503 5%.5%.1")
end)

row.case("in a transaction it comes too late", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("AUTH PLAIN AGEAYg==", "503 5%.5%.1")
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("AUTH PLAIN AGEAYg==", "503 5%.5%.1")
  c:cmd("RSET", 250)
  c:cmd("AUTH PLAIN AGEAYg==", 235)
end)

-- "x" is no password.  Side by side, for each failure costs its second.
it("the third failure is the last, whatever comes between", function()
  local plain, between = at:dial "implicit", at:dial "starttls"
  local list = { plain, between }
  for _, want in ipairs { "535 5%.7%.8", "535 5%.7%.8", "421 4%.7%.0" } do
    for _, c in ipairs(list) do
      c:line "AUTH PLAIN AGEAeA=="
    end
    for _, c in ipairs(list) do
      c:expect(want)
    end
    if want:match "^535" then
      between:cmd("EHLO client.test", 250)
      between:cmd("RSET", 250)
    end
  end
  for _, c in ipairs(list) do
    c:expect_closed()
    assert.equal("errors", at.server:ended(c).reason)
  end
end)
