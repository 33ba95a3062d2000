local row = require "spec.support.row"

row { 20, "A command line over `limits.command_line`",
  answer = "500 5.5.2; the rest of the line is skipped, nothing of it runs" }

row.serve {}

row.case("is refused whole", function(c)
  c:cmd("NOOP " .. ("x"):rep(2043), 250)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  for _, n in ipairs { 2044, 4000, 50000 } do
    c:cmd("RSET " .. ("x"):rep(n), "500 5%.5%.2")
  end
  c:cmd("NOOP " .. (" RSET"):rep(1000), "500 5%.5%.2")
  c:cmd("MAIL FROM:<c@b.test>", "503 5%.5%.1")  -- the first one stands
end)

row.case("does not hide what comes behind it", function(c)
  c:send("NOOP " .. ("x"):rep(3000) .. "\r\nMAIL FROM:<a@b.test>\r\nRSET\r\n")
  c:expect "500 5%.5%.2"
  c:expect "250 2%.1%.0"
  c:expect "250 2%.0%.0"
end)

row.case("may be full of parameters, up to the limit", function(c)
  c:cmd("MAIL FROM:<a@b.test> SIZE=1" .. (" "):rep(2020), 250)
  c:cmd("RSET", 250)
  c:cmd("MAIL FROM:<a@b.test> SIZE=1" .. (" "):rep(2022), "500 5%.5%.2")
  c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
end)
