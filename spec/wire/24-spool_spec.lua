-- Messages that do not fit in memory are in a file without a name.  (No room for
-- it: row 110.)
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"

describe("a message larger than memory_message", function()
  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  it("leaves no name behind and goes on whole", function()
    local hop = sink.start()
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" }; limits = { memory_message = "8K" } ]])
        :format(hop.url),
    }
    local c = server:dial()
    c:hello()
    local content = "Subject: x\r\n\r\n" .. ("0123456789\r\n"):rep(50000)
    assert.equal(250, c:mail { data = content }.code)
    assert.equal(content, hop:messages()[1].data:sub(-#content))
    assert.same({}, process.list(server:path "spool"))
    server:stop()
  end)
end)
