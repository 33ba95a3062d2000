-- Messages that do not fit in memory: in a file without a name, and when there
-- is no room for that, 452.
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"

describe("a message larger than memory_message", function()
  local mounted

  after_each(function()
    lunette.clean()
    sink.clean()
    if mounted then
      process.run { "umount", mounted }
      process.remove(mounted)
      mounted = nil
    end
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

  it("is answered 452 when the disk is full, and the session lives", function()
    if not process.is_root() then
      return
    end
    local hop = sink.start()
    local dir = process.directory()
    local got = process.run { "mount", "-t", "tmpfs", "-o", "size=200k,mode=777", "tmpfs", dir }
    if got.code ~= 0 then
      return  -- a container may not
    end
    mounted = dir
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" }; spool_dir = "%s";
        limits = { memory_message = "8K" } ]]):format(hop.url, dir),
    }
    local c = server:dial()
    c:hello()
    local r = c:mail { data = "Subject: x\r\n\r\n" .. ("0123456789\r\n"):rep(50000) }
    assert.equal("452 4.3.1", r.code .. " " .. r.enhanced)
    assert.equal(0, #hop:messages())
    c:cmd("MAIL FROM:<> SIZE=10000000", "452 4%.3%.1")
    assert.equal(250, c:mail { data = "Subject: x\r\n\r\n" .. ("0123456789\r\n"):rep(5000) }.code)
    server:stop()
  end)
end)
