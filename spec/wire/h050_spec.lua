local row = require "spec.support.row"

row { 50, "A local part of 65 octets, a domain of 256, a path of 257",
  answer = "501 5.1.7 (sender), 5.1.3 (recipient); one octet less is fine" }

row.serve {}

local local64, label = ("a"):rep(64), ("b"):rep(63)
local domain = label .. "." .. label .. "." .. label  -- 191 octets

row.case("the local part", function(c)
  c:cmd(("MAIL FROM:<%s@b.test>"):format(local64), 250)
  c:cmd(("RCPT TO:<%s@x.test>"):format(local64), 250)
  c:cmd(("RCPT TO:<%sa@x.test>"):format(local64), "501 5%.1%.3")
  c:cmd(("RCPT TO:<%s@x.test>"):format(("a"):rep(1000)), "501 5%.1%.3")
  c:cmd("RSET", 250)
  c:cmd(("MAIL FROM:<%sa@b.test>"):format(local64), "501 5%.1%.7")
end)

row.case("a label and the domain", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd(("RCPT TO:<a@%s.test>"):format(label), 250)
  c:cmd(("RCPT TO:<a@%sb.test>"):format(label), "501 5%.1%.3")
  c:cmd(("RCPT TO:<a@%s.%s>"):format(domain, ("c"):rep(60)), 250)
  c:cmd(("RCPT TO:<a@%s.%s>"):format(domain, label .. ".c"), "501 5%.1%.3")
end)

row.case("the whole path", function(c)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  -- <local@domain> of 256 octets, then of 257
  c:cmd(("RCPT TO:<%s@%s>"):format(("a"):rep(62), domain), 250)
  c:cmd(("RCPT TO:<%s@%s>"):format(("a"):rep(63), domain), "501 5%.1%.3")
end)
