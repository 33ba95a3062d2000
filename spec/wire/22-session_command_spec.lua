-- `lunette session`: one session on stdin and stdout, with input cut anywhere.
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local smuggling = require "spec.support.smuggling"

local config = [[ relay = "maildir:mail"; hooks = { "yes" } ]]
local words = { "session", "-c", "$DIR/lunette.lua", "--client", "192.0.2.7" }
local dialogue = "EHLO a.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n"

describe("lunette session", function()
  it("speaks SMTP on stdin and stdout and ends with 0", function()
    local got = lunette.run(words, { config = config, input = "EHLO a.test\r\nNOOP\r\nQUIT\r\n" })
    assert.equal(0, got.code)
    assert.matches("^220 mx%.test .-\r\n250%-mx%.test\r\n", got.out)
    assert.matches("\r\n250 2%.0%.0 .-\r\n221 2%.0%.0 .-\r\n$", got.out)
  end)

  it("ends with 0 at the end of input too", function()
    local got = lunette.run(words, { config = config, input = "EHLO a.test\r\n" })
    assert.equal(0, got.code)
    assert.matches("\r\n250 [^\r\n]+\r\n$", got.out)
  end)

  it("delivers, whatever the pieces", function()
    local dir = lunette.directory { config = config }
    process.write(dir .. "/in", dialogue .. "Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n")
    for _, size in ipairs { 1, 2, 3, 7, 10000 } do
      local got = process.run {
        "sh", "-c", ("dd bs=%d <in 2>/dev/null | %s session -c lunette.lua --client 192.0.2.7")
          :format(size, lunette.program), dir = dir,
      }
      assert.equal(0, got.code)
      assert.matches("\r\n354 .-\r\n250 2.-\r\n221 ", got.out)
    end
    assert.equal(5, #process.list(dir .. "/mail/new"))
    process.remove(dir)
  end)

  -- One run for each sequence: all its octets come one by one.
  it("is not taken in by line ends that are none", function()
    local dir = lunette.directory { config = config }
    for _, sequence in ipairs(smuggling.sequences) do
      process.write(dir .. "/in", dialogue .. "Subject: x\r\n\r\nx" .. sequence ..
        smuggling.smuggled .. "\r\n.\r\nQUIT\r\n")
      local got = process.run {
        "sh", "-c", ("dd bs=1 <in 2>/dev/null | %s session -c lunette.lua --client 192.0.2.7")
          :format(lunette.program), dir = dir,
      }
      local want = sequence:find "%z" and "250" or "550"
      assert.matches("\r\n354 [^\r]*\r\n" .. want .. " [^\r]*\r\n221 [^\r]*\r\n$", got.out)
    end
    process.remove(dir)
  end)

  it("refuses a bad client address", function()
    local got = lunette.run({ "session", "-c", "$DIR/lunette.lua", "--client", "nobody" },
      { config = config })
    assert.equal(64, got.code)
    assert.matches("^lunette: [^\n]+\n$", got.err)
  end)
end)
