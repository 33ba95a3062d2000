local process = require "spec.support.process"
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 111, "No memory is left, for a hook or for a worker",
  answer = "The hook fails, 451 4.3.0; a worker that gets none ends and is replaced, its " ..
    "clients are not told 250; the supervisor goes on", over = "process" }

describe("a hook", function()
  local at = row.serve {
    errors = true, config = [[ hooks = { "eats", "yes" }; lua = { memory = "16M" } ]],
    hooks = { eats = [[
      return { mail = function(_, sender)
        if sender.user ~= "eats" then return end
        local t = {}
        while true do t[#t + 1] = ("x"):rep(1000) .. #t end
      end } ]] },
  }

  it("that takes too much fails alone", function()
    local other = at:dial "clear"
    other:cmd("MAIL FROM:<a@b.test>", 250)
    for _ = 1, 5 do
      local c = at:dial "clear"
      c:cmd("MAIL FROM:<eats@b.test>", "451 4%.3%.0")
      c:close()
    end
    other:cmd("RCPT TO:<b@x.test>", 250)
    other:cmd("RSET", 250)
    assert.equal(250, other:mail {}.code)
  end)
end)

describe("a worker", function()
  local at = row.serve {
    hop = {}, crashes = true, limits = [[memory_message = "400M", message_size = "400M"]],
  }

  it("that gets none is replaced", function()
    if row.sanitized then
      return  -- that allocator takes what it wants
    end
    local c = at:dial "clear"
    assert.equal(250, c:mail {}.code)
    local pid = at.server:workers()[1]
    local status = process.read(("/proc/%d/status"):format(pid))
    local size = tonumber(status:match "VmSize:%s*(%d+)") * 1024
    process.limit(pid, "as", size + 2 ^ 23)
    c:begin()
    c:send "Subject: x\r\n\r\n"
    local piece = ("some line or other\r\n"):rep(5000)
    for _ = 1, 500 do
      c:send(piece)
    end
    c:send ".\r\n"
    local r = c:reply()
    assert.truthy(not r or r.code >= 400 and r.code < 500, r and r.text)
    c:close()
    wait.for_("a worker", function() return #at.server:workers() == 1 end)
    assert.equal(1, #at.hop:messages())
    c = at:dial "clear"
    assert.equal(250, c:mail {}.code)
    assert.is_false(at.server.process:ended())
  end)
end)
