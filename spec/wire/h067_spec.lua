local row = require "spec.support.row"

row { 67, "The end of data cut in two, at every place; a read that ends in CR",
  answer = "250, and the content is whole" }

local at = row.serve { hop = { brief = true } }

local head = "Subject: x\r\n\r\n"

-- The octets of the end fall on the edges of what is read at once, as well.
for _, size in ipairs { 40, 1024, 4096, 16384, 65536 } do
  row.case(("at about %d octets"):format(size), function(c)
    for extra = 0, 3 do
      local content = head .. ("0123456789abcd\r\n"):rep(size / 16 - 2)
      content = content .. ("x"):rep(size - #content - 5 + extra) .. "\r\n.\r\n"
      local all = c.stuff(content)
      for cut = #all - 9, #all - 1 do
        local before = #at.hop:messages()
        c:begin()
        c:send(all:sub(1, cut))
        c:send(all:sub(cut + 1))
        c:expect(250)
        local data = at.hop:wait_messages(before + 1)[before + 1].data
        assert.truthy(data:sub(-#content) == content)
      end
    end
  end, { whole = true })
end

row.case("with every octet on its own", function(c)
  local before = #at.hop:messages()
  c:begin()
  c.octets = 4000
  c:send "Subject: x\r\n\r\n..\r\nx\r\n\r\n.\r\n"
  c:expect(250)
  assert.matches("\r\n\r\n%.\r\nx\r\n\r\n$", at.hop:wait_messages(before + 1)[before + 1].data)
end)
