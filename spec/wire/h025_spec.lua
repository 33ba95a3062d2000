local row = require "spec.support.row"

row { 25, "HELO and EHLO without a name, or with nonsense",
  answer = "501 5.5.4; names and address literals are fine, `[IPv6:...]` too" }

row.serve {}

local label = ("a"):rep(63)
for _, verb in ipairs { "EHLO", "HELO" } do
  for _, bad in ipairs {
    "", " ", "a b", "<a>", "a..b", ".", "a.", "[1.2.3]", "[1.2.3.4", "[IPv6:1::2::3]", "[IPv6:]",
    "a;b",
    "a,b", "$(reboot)", label .. "a", (label .. "."):rep(4) .. "test", ("a"):rep(256),
  } do
    row.case(("%s with %q is refused"):format(verb, bad:sub(1, 20)), function(c)
      c:cmd(verb .. " " .. bad, "501 5%.5%.4")
      c:cmd("MAIL FROM:<a@b.test>", "503 5%.5%.1")
      c:cmd(verb .. " client.test", 250)
    end, { greet = "banner" })
  end
  for _, good in ipairs { "a", "a_b.test", "[192.0.2.1]", "[IPv6:2001:db8::1]",
    "[IPv6:::ffff:192.0.2.1]",
    "xn--caf-dma.test", "127.0.0.1" } do
    row.case(("%s with %q is taken"):format(verb, good), function(c)
      c:cmd(verb .. " " .. good, 250)
      c:cmd("MAIL FROM:<a@b.test>", 250)
    end, { greet = "banner" })
  end
end
