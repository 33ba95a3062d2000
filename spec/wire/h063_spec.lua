local row = require "spec.support.row"
local smuggling = require "spec.support.smuggling"

row { 63,
  "What looks like an end of data and is none: eleven combinations of CR, LF, NUL and a dot",
  answer = "550 5.5.2 behind the true end, or normalised where that is configured; the lines " ..
    "between are content of one message" }

local function show(text)
  return (text:gsub("%c", function(ch) return ("<%02x>"):format(ch:byte()) end))
end

for _, mode in ipairs { "reject", "normalize" } do
  describe("bare_newline = " .. mode .. ":", function()
    local at = row.serve { hop = {}, config = ([[ bare_newline = "%s" ]]):format(mode) }

    for _, sequence in ipairs(smuggling.sequences) do
      row.case(show(sequence) .. " does not end it", function(c)
        local before = #at.hop:messages()
        c:begin()
        c:send("Subject: x\r\n\r\nx" .. sequence .. smuggling.smuggled .. "\r\n.\r\n")
        -- NUL is no line end: with it all others are true.
        if mode == "normalize" or sequence:find "%z" then
          c:expect(250)
          local list = at.hop:wait_messages(before + 1)
          assert.equal(before + 1, #list)
          assert.equal("a@client.test", list[#list].from)
          assert.same({ "b@x.test" }, list[#list].to)
          assert.matches("MAIL FROM:<evil", list[#list].data)
        else
          c:expect "550 5%.5%.2"
          assert.equal(before, #at.hop:messages())
        end
        c:cmd("DATA", "503 5%.5%.1")
        c:cmd("QUIT", 221)
        c:expect_closed()
      end)
    end

    row.case("<0d> before a true end is content, and the end is one", function(c)
      c:begin()
      c:send "Subject: x\r\n\r\nx\r\r\n.\r\nQUIT\r\n"
      c:expect(mode == "normalize" and 250 or "550 5%.5%.2")
      c:expect(221)
      c:expect_closed()
    end)

    it("nothing but whole lines has gone out", function()
      assert.truthy(at.hop:connections() > 0 or mode == "reject")
      for i = 1, at.hop:connections() do
        assert.is_nil(at.hop:octets(i):gsub("\r\n", ""):find "[\r\n]")
      end
    end)
  end)
end

describe("normalize_clients", function()
  local at = row.serve { hop = {}, config = [[ normalize_clients = { "127.0.0.9" } ]] }

  it("are those that are named, and no others", function()
    local c = at.server:dial { source = "127.0.0.9" }
    c:hello()
    assert.equal(250, c:mail { data = "Subject: x\n\nbare\n.\nlines\r\n" }.code)
    assert.matches("Subject: x\r\n\r\nbare\r\n%.\r\nlines\r\n$", at.hop:messages()[1].data)
    c = at:dial "clear"
    assert.equal(550, c:mail { data = "Subject: x\n\nbare\n.\nlines\r\n" }.code)
    assert.equal(1, #at.hop:messages())
  end)
end)
