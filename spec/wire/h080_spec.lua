local row = require "spec.support.row"

row { 80, "Chunks whose end is no CRLF; with dots, bare LF and CR",
  answer = "CRLF is added; dots are stuffed for the next hop; bare CR and LF as in DATA: 550 " ..
    "5.5.2" }

local at = row.serve { hop = {} }

local head = "Subject: x\r\n\r\n"

local function send(c, ...)
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  local list = { ... }
  for i, text in ipairs(list) do
    c:send(("BDAT %d%s\r\n%s"):format(#text, i == #list and " LAST" or "", text))
    if i < #list then
      c:expect(250)
    end
  end
  return c:reply()
end

for name, case in pairs {
  ["no CRLF at the end"] = { { head .. "x" }, head .. "x\r\n" },
  ["nothing behind the header"] = { { "Subject: x" }, "Subject: x\r\n" },
  ["dots"] = { { head .. ".\r\n..\r\n.x\r\n" }, head .. ".\r\n..\r\n.x\r\n" },
  ["a dot alone at the end"] = { { head .. "." }, head .. ".\r\n" },
  ["what would end DATA"] = { { head .. "x\r\n.\r\nMAIL FROM:<evil@b.test>\r\n" },
    head .. "x\r\n.\r\nMAIL FROM:<evil@b.test>\r\n" },
  ["a CRLF over two chunks"] = { { head .. "x\r", "\ny" }, head .. "x\r\ny\r\n" },
  ["an end of data over four"] = { { head .. "x\r", "\n", ".", "\r\ny" }, head .. "x\r\n.\r\ny\r\n" },
  ["an empty last one"] = { { head .. "x", "" }, head .. "x\r\n" },
} do
  row.case(name, function(c)
    local before = #at.hop:messages()
    assert.equal(250, send(c, unpack(case[1])).code)
    local list = at.hop:wait_messages(before + 1)
    assert.equal(before + 1, #list)
    assert.truthy(list[before + 1].data:sub(-#case[2]) == case[2])
    assert.equal("Received: ", list[before + 1].data:sub(1, 10))
  end)
end

for name, list in pairs {
  ["LF"] = { head .. "a\nb\r\n" }, ["CR"] = { head .. "a\rb\r\n" }, ["CR at the end"] = { head ..
    "a\r" },
  ["LF.LF"] = { head .. "a\n.\nb\r\n" }, ["CR and LF in two, turned"] = { head .. "a\n", "\rb\r\n" },
} do
  row.case("bare " .. name .. " is refused", function(c)
    local before = #at.hop:messages()
    local r = send(c, unpack(list))
    assert.equal("550 5.5.2", r.code .. " " .. r.enhanced)
    assert.equal(before, #at.hop:messages())
    c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
  end)
end
