local row = require "spec.support.row"

row { 35, "More behind a command that must be the last of its group",
  answer = "554 5.5.0 and close; behind NOOP and QUIT it runs in order, or not at all" }

local at = row.serve { hop = {} }

for _, last in ipairs { "EHLO a.test", "HELO a.test", "DATA", "VRFY a", "EXPN a", "STARTTLS",
  "AUTH PLAIN AGEAYg==" } do
  row.case(last .. " is the end", function(c)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:send(last .. "\r\nRSET\r\nMAIL FROM:<evil@b.test>\r\n")
    c:expect "554 5%.5%.0"
    c:expect_closed()
    for _, line in ipairs(at.hop:lines()) do
      assert.is_nil(line:find "evil")
    end
  end, { whole = true })
end

row.case("NOOP is not", function(c)
  c:send "NOOP\r\nMAIL FROM:<a@b.test>\r\nNOOP\r\nRCPT TO:<b@x.test>\r\n"
  c:expect(250)
  c:expect "250 2%.1%.0"
  c:expect(250)
  c:expect "250 2%.1%.5"
end)

row.case("nothing runs behind QUIT", function(c)
  c:send "QUIT\r\nMAIL FROM:<evil@b.test>\r\nRCPT TO:<b@x.test>\r\n"
  c:expect(221)
  c:expect_closed()
  assert.is_nil(at.server:ended(c).mail)
end)

-- What comes while the hooks are asked comes before the answer, too.
describe("while a hook thinks", function()
  local slow = row.serve {
    config = [[ hooks = { "slow", "yes" } ]],
    hooks = { slow = [[
      local clock = require "lunette.clock"
      local function think(session)
        session:log("info", "thinks")
        clock.sleep(0.2)
      end
      return { vrfy = think, data = think, helo = function(session, name)
        if name == "slow.test" then think(session) end
      end }
    ]] },
  }

  for _, last in ipairs { "EHLO slow.test", "VRFY a", "DATA" } do
    row.case(last .. " is the end", function(c)
      if last == "DATA" then
        c:cmd("MAIL FROM:<a@b.test>", 250)
        c:cmd("RCPT TO:<b@x.test>", 250)
      end
      c:line(last)
      slow.server:line_of(c, "hook")
      c:line "RSET"
      c:expect "554 5%.5%.0"
      c:expect_closed()
    end, { whole = true })
  end
end)
