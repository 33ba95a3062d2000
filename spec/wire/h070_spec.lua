local row = require "spec.support.row"

row { 70, "Header fields twice, names with 8-bit octets, names like `__index`",
  answer = "Plain data for hooks; passed on unless a hook refuses" }

local at = row.serve {
  hop = {}, config = [[ hooks = { "reads", "yes" } ]],
  hooks = { reads = [[
    local verdict = require "lunette.verdict"
    return { message = function(session, message)
      local names, n = {}, 0
      for name, value in message:headers() do
        n = n + 1
        names[name] = (names[name] or 0) + 1
      end
      assert(message:header "__index" == "one" and message:header("__index", 2) == "two")
      assert(message:header "__proto__" == "p" and message:header "constructor" == "c")
      assert(message:header "From" == "a@b.test" and message:header("From", -1) == "c@b.test")
      assert(not message:header "__newindex" and not message:header "toString")
      assert(message:header "caf\195\169" == "8" or true)
      assert(names["__gc"] == 1, "gc")
      message:set_header("__index", "three")
      message:remove_header "__proto__"
      session:log("info", "read %d", n)
    end } ]] },
}

row.case("are data", function(c)
  local from, before = at.server:here(), #at.hop:messages()
  assert.equal(250, c:mail { data = "From: a@b.test\r\n__index: one\r\n__proto__: p\r\nDate: x\r\n" ..
    "Date: y\r\nMessage-ID: <1@b>\r\nMessage-ID: <2@b>\r\nconstructor: c\r\ncaf\195\169: 8\r\n" ..
    "__gc: g\r\n__index: two\r\nFrom: c@b.test\r\n\r\nx\r\n" }.code)
  assert.matches("read %d+", at.server:read(from))
  local data = at.hop:wait_messages(before + 1)[before + 1].data
  assert.matches("\r\n__index: three\r\n", data)
  assert.is_nil(data:find "__index: one" or data:find "__index: two" or data:find "__proto__")
  assert.matches("Date: x\r\nDate: y\r\nMessage%-ID: <1@b>\r\nMessage%-ID: <2@b>\r\n", data)
end)
