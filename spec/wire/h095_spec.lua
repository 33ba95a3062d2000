local row = require "spec.support.row"

row { 95,
  "AUTH: `*`, no base64, `=` for nothing, padding that is missing, a line over 12288 octets",
  answer = "501 5.7.0; 501 5.5.2; an empty response; 501 5.5.2; 500 5.5.6", over = "tls" }

row.serve {
  config = [[ hooks = { "gate", "yes" };
    listen = { { "127.0.0.1:0", tls = "starttls", auth = "offered" },
      { "127.0.0.1:0", tls = "implicit", auth = "offered" } } ]],
  hooks = { gate = [[
    local verdict = require "lunette.verdict"
    return { auth = function(_, login)
      if login.user == "a" and login.password == "b" then return verdict.accept() end
    end } ]] },
}

row.case("a dialogue is cancelled", function(c)
  c:cmd("AUTH PLAIN", "334 ")
  c:cmd("*", "501 5%.7%.0")
  c:cmd("AUTH LOGIN", "334 ")
  c:cmd("YQ==", "334 ")
  c:cmd("*", "501 5%.7%.0")
  c:cmd("AUTH PLAIN *", "501 5%.")
  c:cmd("NOOP", 250)
  c:cmd("AUTH PLAIN AGEAYg==", 235)
end)

for name, text in pairs {
  ["letters of another alphabet"] = "AGE!Yg==", ["a blank in it"] = "AGEA Yg==",
    ["no padding"] = "AGEAYg",
  ["half the padding"] = "AGEAYg=", ["too much"] = "AGEAYg===", ["= in the midst"] = "AG=EAYg=",
    ["URL letters"] = "AG-_",
  ["one letter"] = "A", ["8 bits"] = "\195\169\195\169", ["bits left over"] = "AGEAYh==",
    ["bits left over, 1"] = "YR==",
} do
  row.case(name, function(c)
    local r = c:line("AUTH PLAIN " .. text):reply()
    assert.truthy(r.code == 501 and r.enhanced:match "^5%.5%.[24]" or r.code == 500, r.text)
    c:cmd("AUTH PLAIN", "334 ")
    r = c:line(text):reply()
    assert.truthy(r.code == 501 and r.enhanced == "5.5.2" or r.code == 500, r.text)
    c:cmd("AUTH LOGIN", "334 ")
    r = c:line(text):reply()
    assert.truthy(r.code == 501 or r.code == 500, r.text)
    c:cmd("AUTH PLAIN AGEAYg==", 235)
  end)
end

row.case("nothing for an initial response", function(c)
  c:cmd("AUTH LOGIN =", "[53]%d%d ")
  c:send "*\r\n"
  c:expect "5%d%d 5%."
end, { whole = true })

row.case("a long line, in the command and in the dialogue", function(c)
  local long = ("QUJD"):rep(3100)
  c:cmd("AUTH PLAIN " .. long, "500 5%.5%.[26]")
  c:cmd("AUTH PLAIN", "334 ")
  c:cmd(long, "500 5%.5%.6")
  c:cmd("NOOP", 250)
  c:cmd("AUTH PLAIN AGEAYg==", 235)
end)

row.case("commands in its place are no commands", function(c)
  c:cmd("AUTH LOGIN", "334 ")
  c:cmd("MAIL FROM:<a@b.test>", "501 5%.5%.2")
  c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
end)
