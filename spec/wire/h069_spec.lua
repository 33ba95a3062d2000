local row = require "spec.support.row"

row { 69,
  "Headers: a megabyte and more, thousands of Received, a blank first, none at all, lines " ..
    "without a colon, a mbox `From `",
  answer = "552 5.3.4; 554 5.4.6 over `limits.received`; the others go on as they came, for " ..
    "nobody may say which was meant" }

local at = row.serve { hop = {} }

local function passes(c, content, want)
  local before = #at.hop:messages()
  local r = c:mail { data = content }
  assert.equal(250, r.code)
  local data = at.hop:wait_messages(before + 1)[before + 1].data
  want = want or content
  assert.equal("Received: ", data:sub(1, 10))
  assert.truthy(data:sub(#data - #want + 1) == want)
end

row.case("too long", function(c)
  local line = "X: " .. ("x"):rep(90) .. "\r\n"
  for _, head in ipairs { line:rep(12000), "X: " .. ("x"):rep(60000) .. ("\r\n " ..
    ("y"):rep(60000)):rep(20) } do
    local r = c:mail { data = head .. "\r\n\r\nx\r\n" }
    assert.equal("552 5.3.4", r.code .. " " .. r.enhanced)
  end
  passes(c, line:rep(10000) .. "\r\nx\r\n")
end, { whole = true })

row.case("received too often", function(c)
  for _, n in ipairs { 51, 10000 } do
    local r = c:mail { data = ("Received: from a by b; x\r\n"):rep(n) .. "\r\nx\r\n" }
    assert.equal("554 5.4.6", r.code .. " " .. r.enhanced)
  end
  local r = c:mail { data = ("received : from a\r\n\tby b; x\r\n"):rep(60) .. "\r\nx\r\n" }
  assert.equal("554 5.4.6", r.code .. " " .. r.enhanced)
  passes(c, ("Received: from a by b; x\r\n"):rep(50) .. "\r\nx\r\n")
  passes(c, "Subject: x\r\n\r\n" .. ("Received: from a by b; x\r\n"):rep(100))
end, { whole = true })

row.case("none, or odd ones", function(c)
  passes(c, "\r\nonly a body\r\n")
  passes(c, "no colon\r\nSubject: x\r\n\r\nx\r\n")
  passes(c, "From me Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\nx\r\n")
  passes(c, ": nothing\r\n\r\nx\r\n")
  passes(c, "Subject: no blank line\r\n")
  passes(c, " first is blank\r\nSubject: x\r\n\r\nx\r\n",
    "\r\n first is blank\r\nSubject: x\r\n\r\nx\r\n")
  passes(c, "")
end)
