local row = require "spec.support.row"

row { 65, "Text lines over 1000 octets",
  answer = "Passed unbroken up to `limits.text_line` (64K); longer ones are 550 5.6.0 behind " ..
    "the end" }

local at = row.serve { hop = { brief = true } }

local head = "Subject: x\r\n\r\n"

row.case("go on unbroken, dots in them untouched", function(c)
  for _, n in ipairs { 998, 999, 1000, 4096, 8192, 65535, 65536 } do
    local before = #at.hop:messages()
    local text = head .. ("."):rep(n) .. "\r\n.b" .. ("x"):rep(n - 2) .. "\r\n"
    assert.equal(250, c:mail { data = text }.code)
    assert.truthy(at.hop:wait_messages(before + 1)[before + 1].data:sub(-#text) == text)
  end
end)

row.case("are refused above the limit", function(c)
  local before = #at.hop:messages()
  for _, n in ipairs { 65537, 70000, 200000 } do
    local r = c:mail { data = head .. ("x"):rep(n) .. "\r\n" }
    assert.equal("550 5.6.0", r.code .. " " .. r.enhanced)
  end
  assert.equal(before, #at.hop:messages())
  c:cmd("NOOP", 250)
end)
