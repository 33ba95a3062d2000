local row = require "spec.support.row"

row { 52, "Characters that mean something to a shell or a log: backtick, pipe, `$(`, quotes, `%`",
  answer = "Plain text everywhere: taken or 501 by the grammar, unchanged at the next hop, " ..
    "quoted in the log" }

local at = row.serve { hop = {} }

for _, user in ipairs { "|id", "`id`", "$x{IFS}", "a'b", "a*b?", "a=b&c", "%s%n", "a#b", "a/b",
  "{a}", "~a^b" } do
  row.case("passes: " .. user, function(c)
    assert.equal(250, c:mail { from = user .. "@b.test", to = user .. "@x.test" }.code)
    local list = at.hop:messages()
    assert.equal(user .. "@b.test", list[#list].from)
    assert.same({ user .. "@x.test" }, list[#list].to)
    local line = at.server:line_of(c, "message")
    assert.equal(user .. "@b.test", line.from:gsub("[<>]", ""))
  end)
end

for _, user in ipairs { "a;reboot", "$(reboot)", "a b", "a\\nb", "<a", "a\tb", "a,b", "a:b",
  "(a)b" } do
  row.case("is refused: " .. user, function(c)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd(("RCPT TO:<%s@x.test>"):format(user), "50[01] 5%.")
  end)
end

row.case("cannot forge a line of the log", function(c)
  local from = at.server:here()
  c:cmd('MAIL FROM:<"x event=message from=evil a=\\"b\\\\"@b.test>', 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("DATA", 354)
  c:send "Subject: x\r\n\r\nx\r\n.\r\n"
  c:expect(250)
  c:cmd("X event=end \27[2J\r", 500)
  c:cmd("QUIT", 221)
  at.server:ended(c)
  assert.equal(1, at.server:count_of(c, "message"))
  assert.equal('"x event=message from=evil a=\\"b\\\\"@b.test',
    at.server:log("message", from)[1].from:gsub("^<(.*)>$", "%1"))
  assert.equal(1, at.server:count_of(c, "end"))
end)
