local posix = require "posix"
local process = require "spec.support.process"
local row = require "spec.support.row"

row { 110, "The disk is full, a quota reached, a write or fsync fails",
  answer = "4xx, 452 4.3.1 where it is space; no file is left behind, and never 250", over = "process" }

-- A limit on the size of a file is met by any user; a file system that is full
-- takes root.
local big = "Subject: x\r\n\r\n" .. ("0123456789\r\n"):rep(40000)

for name, o in pairs {
  ["in the spool"] = { hop = {}, limits = [[memory_message = "8K"]] },
  ["in the maildir, from memory"] = { limits = [[memory_message = "8M"]] },
  ["in the maildir, from the spool"] = { limits = [[memory_message = "8K"]] },
} do
  describe(name, function()
    local at = row.serve(o)

    it("it is 4xx, and the session lives", function()
      local c = at:dial "clear"
      assert.equal(250, c:mail { data = big }.code)
      process.limit(at.server:workers()[1], "fsize", 100000)
      for _ = 1, 3 do
        local r = c:mail { data = big }
        assert.matches("^45[12] 4%.3%.[01]", r.code .. " " .. r.text)
        c:cmd("RCPT TO:<b@x.test>", "503 5%.5%.1")
      end
      assert.equal(250, c:mail {}.code)
      process.limit(at.server:workers()[1], "fsize", "unlimited")
      assert.equal(250, c:mail { data = big }.code)
      assert.equal(3, at.hop and #at.hop:messages() or #at.server:mails())
      assert.same({}, process.list(at.server:path "mail/tmp"))
      assert.same({}, process.list(at.server:path "spool"))
    end)
  end)
end

describe("a maildir that is gone", function()
  local at = row.serve {}

  it("is 4xx", function()
    local c = at:dial "clear"
    assert.equal(250, c:mail {}.code)
    assert(os.rename(at.server:path "mail", at.server:path "moved"))
    process.write(at.server:path "mail", "a file\n")
    local r = c:mail {}
    assert.equal(4, math.floor(r.code / 100), r.text)
    os.remove(at.server:path "mail")
    assert(os.rename(at.server:path "moved", at.server:path "mail"))
    assert.equal(250, c:mail {}.code)
    assert.equal(2, #at.server:mails())
  end)
end)

describe("a file system that is full", function()
  local at = row.serve { start = false, limits = [[memory_message = "8K"]], hop = {} }
  local mounted

  teardown(function()
    if mounted then
      process.run { "umount", mounted }
      process.remove(at.dir)
    end
  end)

  it("is 452 at MAIL if SIZE says so, else behind the end", function()
    local dir = at.dir .. "/full"
    posix.mkdir(dir)
    local got = process.run { "mount", "-t", "tmpfs", "-o", "size=200k,mode=777", "tmpfs", dir }
    if got.code ~= 0 then
      return  -- a container may not
    end
    mounted = dir
    at:start(([[ spool_dir = "%s" ]]):format(dir))
    local c = at:dial "clear"
    local r = c:mail { data = big }
    assert.equal("452 4.3.1", r.code .. " " .. r.enhanced)
    c:cmd("MAIL FROM:<> SIZE=10000000", "452 4%.3%.1")
    assert.equal(250, c:mail { data = big:sub(1, 60000):gsub("[^\n]*$", "") }.code)
    assert.equal(1, #at.hop:messages())
    at.server:stop()
    assert.equal(0, process.run({ "umount", dir }).code)
    mounted = nil
  end)
end)
