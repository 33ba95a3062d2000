local row = require "spec.support.row"

row { 15,
  "PROXY version 2, malformed: signature, version, lengths, TLVs that overrun; LOCAL and " ..
    "addresses that are no internet addresses",
  answer = "The connection is closed without a word; LOCAL and an unknown family leave the " ..
    "client what it is", over = "clear" }

local at = row.serve {
  hooks = { shows = row.shows }, config = [[ hooks = { "shows", "yes" }; proxy_clients = { "127.0.0.1" };
    listen = { { "127.0.0.1:0", proxy = true } } ]],
}

local signature = "\r\n\r\n\0\r\nQUIT\n"
local v4 = "\192\0\2\7\192\0\2\8\3\232\0\25"
local v6 = "\32\1\13\184" .. ("\0"):rep(11) .. "\7" .. "\32\1\13\184" .. ("\0"):rep(11) .. "\8" ..
  "\3\232\0\25"

local function header(command, family, body, len)
  len = len or #body
  return signature .. string.char(command, family, math.floor(len / 256), len % 256) .. body
end

local function dial(octets, text)
  local c = at.server:dial()
  c.octets = octets
  c:send(text)
  return c
end

local bad = {
  ["another signature"] = "\r\n\r\n\0\r\nQUIX\n\33\17\0\12" .. v4,
  ["version 1"] = header(0x11, 0x11, v4), ["version 3"] = header(0x31, 0x11, v4),
  ["another command"] = header(0x22, 0x11, v4), ["command 15"] = header(0x2f, 0x11, v4),
  ["too short for IPv4"] = header(0x21, 0x11, v4:sub(1, 11)),
  ["nothing for IPv4"] = header(0x21, 0x11, ""),
  ["too short for IPv6"] = header(0x21, 0x21, v6:sub(1, 35)),
  ["IPv4 for IPv6"] = header(0x21, 0x21, v4),
  ["a TLV without a length"] = header(0x21, 0x11, v4 .. "\4\0"),
  ["a TLV that overruns"] = header(0x21, 0x11, v4 .. "\4\0\9abc"),
  ["a TLV of 65535"] = header(0x21, 0x11, v4 .. "\4\255\255abc"),
  ["TLS that overruns"] = header(0x21, 0x11, v4 .. "\32\0\8\1\0\0\0\0\33\0\9"),
  ["a path"] = header(0x21, 0x31, ("/"):rep(216)), ["datagrams"] = header(0x21, 0x12, v4),
  ["65535 octets"] = header(0x21, 0x11, v4 .. "\4\255\240" .. ("x"):rep(65520)),
  ["TLS too short"] = header(0x21, 0x11, v4 .. "\32\0\2\1\0"),
}

for _, octets in ipairs { false, 1000 } do
  local how = octets and ", octet by octet" or ""
  for name, text in pairs(bad) do
    it("is refused: " .. name .. how, function()
      local c = dial(octets, text .. "EHLO client.test\r\n")
      c:expect_closed()
      assert.equal("refused", at.server:ended(c).reason)
      c:close()
    end)
  end

  local good = {
    ["IPv4"] = { header(0x21, 0x11, v4), "192.0.2.7" }, ["IPv6"] = { header(0x21, 0x21, v6),
      "2001:db8::7" },
    ["LOCAL"] = { header(0x20, 0, ""), "127.0.0.1" },
    ["LOCAL with addresses"] = { header(0x20, 0x11, v4), "127.0.0.1" },
    ["TLVs"] = { header(0x21, 0x11, v4 .. "\4\0\3abc\2\0\7mx.test\238\0\0"), "192.0.2.7" },
    ["unknown"] = { header(0x21, 0, ("x"):rep(50)), "127.0.0.1" },
  }
  for name, case in pairs(good) do
    it("is taken: " .. name .. how, function()
      local c = dial(octets, case[1])
      c:hello()
      assert.equal(case[2], row.shown(c).ip)
      c:close()
    end)
  end

  it("that only says it is long is waited for" .. how, function()
    local c = dial(octets, header(0x21, 0x11, v4, 65535))
    c:finish()
    c:expect_closed()
    at.server:ended(c)
  end)
end
