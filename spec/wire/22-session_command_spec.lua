-- `lunette session`: one session on stdin and stdout, with input cut anywhere.
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"

local config = [[ relay = "maildir:mail"; hooks = { "yes" }; user = nil ]]
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

  it("delivers", function()
    local dir = lunette.directory { config = config }
    local got = process.run {
      lunette.program, "session", "-c", dir .. "/lunette.lua", "--client", "192.0.2.7",
      input = "HELO a.test\r\nMAIL FROM:<a@b.test>\r\n", dir = dir,
    }
    assert.equal(0, got.code)
    assert.matches("554 5%.5%.0", got.out)  -- HELO and more in one piece
    got = process.run {
      "sh", "-c", ([[{ printf '%s'; } | %s session -c lunette.lua --client 192.0.2.7]])
        :format(dialogue:gsub("\r\n", "\\r\\n"), lunette.program), dir = dir,
    }
    assert.equal(0, got.code)
    assert.matches("354 [^\r\n]+\r\n$", got.out)
    process.remove(dir)
  end)

  it("refuses a bad client address", function()
    local got = lunette.run({ "session", "-c", "$DIR/lunette.lua", "--client", "nobody" },
      { config = config })
    assert.equal(64, got.code)
    assert.matches("^lunette: [^\n]+\n$", got.err)
  end)
end)
