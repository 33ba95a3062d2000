local row = require "spec.support.row"

row { 93, "AUTH where it is not offered, or in the clear",
  answer = "503 5.5.1; 538 5.7.11 if STARTTLS is to come first; nobody is let in" }

local gate = [[
local verdict = require "lunette.verdict"
return { auth = function() return verdict.accept() end } ]]

local function refused(c, want)
  assert.is_nil(c:cmd("EHLO client.test", 250).text:find "AUTH")
  for _, line in ipairs { "AUTH PLAIN AGEAYg==", "AUTH LOGIN", "AUTH PLAIN", "AUTH EXTERNAL =",
    "AUTH CRAM-MD5" } do
    c:cmd(line, want)
  end
  assert.equal("-", row.shown(c).auth)
  c:cmd("NOOP", 250)
end

describe("off:", function()
  row.serve { hooks = { gate = gate, shows = row.shows }, config = [[ hooks = { "shows", "gate",
    "yes" } ]] }
  row.case("it is refused", function(c) refused(c, "503 5%.5%.1") end)
end)

describe("no hook:", function()
  row.serve { hooks = { shows = row.shows }, config = [[ hooks = { "shows",
    "yes" }; auth = { without_tls = true };
    listen = { { "127.0.0.1:0", tls = "starttls", auth = "offered" },
      { "127.0.0.1:0", tls = "implicit", auth = "offered" } } ]] }
  row.case("it is refused", function(c) refused(c, "503 5%.5%.1") end)
end)

describe("offered under TLS:", function()
  row.serve { hooks = { gate = gate, shows = row.shows }, config = [[ hooks = { "shows", "gate", "yes" };
    listen = { { "127.0.0.1:0", tls = "starttls", auth = "offered" },
      { "127.0.0.1:0", tls = "implicit", auth = "offered" } } ]] }

  row.case("in the clear it is refused", function(c)
    refused(c, "538 5%.7%.11")
  end, { over = "clear" })

  row.case("under TLS it is taken", function(c)
    assert.matches("AUTH PLAIN LOGIN", c:cmd("EHLO client.test", 250).text)
    c:cmd("AUTH CRAM-MD5", "504 5%.5%.4")
    c:cmd("AUTH EXTERNAL =", "504 5%.5%.4")
    c:cmd("AUTH", "501 5%.5%.4")
    c:cmd("AUTH PLAIN AGEAYg==", "235 2%.7%.0")
    assert.equal("a", row.shown(c).auth)
  end, { over = "tls" })
end)

describe("required:", function()
  row.serve { hooks = { gate = gate, shows = row.shows }, config = [[ hooks = { "shows", "gate", "yes" };
    listen = { { "127.0.0.1:0", tls = "starttls", auth = "required" },
      { "127.0.0.1:0", tls = "implicit", auth = "required" } } ]] }

  row.case("no mail without", function(c)
    c:cmd("MAIL FROM:<a@b.test>", "530 5%.7%.0")
    c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
  end)
end)
