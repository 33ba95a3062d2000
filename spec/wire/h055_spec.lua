local row = require "spec.support.row"

row { 55, "SIZE of 20 digits and more, negative, no number; one that is too large; one that lies",
  answer = "501 5.5.4; 552 5.3.4 at MAIL; 552 5.3.4 after end-of-data, the content read to " ..
    "its end" }

local at = row.serve { limits = [[message_size = "20K"]] }

local lines = {}
for size, want in pairs {
  ["-1"] = "501 5%.5%.4", ["+1"] = "501 5%.5%.4", ["1x"] = "501 5%.5%.4", ["0x10"] = "501 5%.5%.4",
  ["1.5"] = "501 5%.5%.4", ["1e9"] = "501 5%.5%.4", ["99999999999999999999"] = "5%d%d 5%.[35]%.4",
  ["18446744073709551616"] = "5%d%d 5%.[35]%.4", ["18446744073709551615"] = "552 5%.3%.4",
  [("9"):rep(200)] = "5%d%d 5%.[35]%.4", ["20481"] = "552 5%.3%.4", ["20480"] = 250, ["0"] = 250,
  ["00000000000000000001"] = "[25]%d%d [25]%.",
} do
  lines[#lines + 1] = { "MAIL FROM:<a@b.test> SIZE=" .. size, want }
end
row.lines(lines)

row.case("what is larger than it said is measured again", function(c)
  local before = #at.server:mails()
  local line = ("x"):rep(98) .. "\r\n"
  local r = c:mail { params = "SIZE=10", data = "Subject: x\r\n\r\n" .. line:rep(1000) }
  assert.equal("552 5.3.4", r.code .. " " .. r.enhanced)
  c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
  assert.equal(before, #at.server:mails())
  assert.equal(250, c:mail { params = "SIZE=10", data = "Subject: x\r\n\r\n" .. line:rep(100) }.code)
  assert.equal(before + 1, #at.server:mails())
end)
