local row = require "spec.support.row"

row { 32, "VRFY and EXPN",
  answer = "252; 502 5.5.1; a transaction is not touched" }

local at = row.serve { hop = {} }

local asks = {
  { "VRFY postmaster", 252 }, { "VRFY <a@b.test>", 252 }, { "VRFY \195\169@b.test",
  "[25]%d%d [25]%." },
  { "VRFY a@b.test SMTPUTF8", "[25]%d%d [25]%." }, { "VRFY", "501 5%.5%.4" },
  { "EXPN list", "502 5%.5%.1" }, { "EXPN", "502 5%.5%.1" },
}

row.lines(asks)

row.case("between the commands of a transaction", function(c)
  local before = #at.hop:messages()
  local function ask()
    for _, case in ipairs(asks) do
      c:cmd(case[1], case[2])
    end
  end
  c:cmd("MAIL FROM:<a@b.test>", 250)
  ask()
  c:cmd("DATA", "554 5%.5%.1")
  ask()
  c:cmd("RCPT TO:<b@x.test>", 250)
  ask()
  c:cmd("RCPT TO:<c@x.test>", 250)
  c:cmd("DATA", 354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\n"
  c:expect(250)
  ask()
  c:cmd("DATA", "503 5%.5%.1")
  local m = at.hop:wait_messages(before + 1)[before + 1]
  assert.equal("a@b.test", m.from)
  assert.same({ "b@x.test", "c@x.test" }, m.to)
end)
