local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 103, "The next hop gives a reply too few, or one too many",
  answer = "451 4.4.2, and that connection is closed; no answer is taken for that of another " ..
    "command" }

describe("one too few", function()
  for _, stage in ipairs { "MAIL", "RCPT", "DATA" } do
    local at
    describe("at " .. stage, function()
      at = row.serve {
        hop = { [stage] = function(c) return c.number == 1 and { raw = "" } or nil end },
        config = [[ timeouts = { relay_command = 0.5, relay_data = 0.5 } ]],
      }
      row.case("is waited for, and then given up", function(c)
        local r = c:mail { to = { "b@x.test" } }
        assert.truthy(r.code == 451 or stage == "DATA" and r.code == 250, r.text)
        assert.equal(r.code == 250 and 1 or 0, #at.hop:accepted())  -- by a fresh transaction
      end, { over = "clear", whole = true })
    end)
  end
end)

describe("one too many", function()
  for stage, extra in pairs { MAIL = "250 2.1.0 ok\r\n250 2.1.5 extra\r\n",
    RCPT = "250 2.1.5 ok\r\n354 extra\r\n", DATA = "354 go on\r\n250 2.0.0 extra\r\n" } do
    describe("at " .. stage, function()
      local at = row.serve {
        hop = {
          [stage] = { raw = extra, code = tonumber(extra:match "^%d+") },
          RCPT = stage == "MAIL" and "550 5.1.1 no such user" or nil, dot = "451 4.0.0 not now",
          [stage == "RCPT" and "RCPT" or "x"] = { raw = extra, code = 250 },
        },
        config = [[ timeouts = { relay_command = 0.5, relay_data = 0.5 } ]],
      }
      row.case("makes no message accepted", function(c)
        local r = c:mail { to = { "b@x.test", "c@x.test" } }
        assert.truthy(r and r.code >= 400, r and r.code .. " " .. r.text)
        assert.equal(0, #at.hop:accepted())
        c:cmd("RSET", 250)
      end, { over = "clear", whole = true })
    end)
  end
end)

-- The first connection says too much, once; then all is well.
describe("one too many, of the first connection", function()
  for stage, extra in pairs { MAIL = "250 2.1.0 ok\r\n250 2.1.0 extra\r\n",
    RCPT = "250 2.1.5 ok\r\n250 2.1.5 extra\r\n", DATA = "354 go on\r\n354 extra\r\n",
    dot = "250 2.0.0 ok\r\n250 2.0.0 extra\r\n" } do
    describe("at " .. stage, function()
      local at = row.serve {
        hop = { [stage] = function(c)
          return c.number == 1 and { raw = extra, code = tonumber(extra:match "^%d+") } or nil
        end },
        config = [[ timeouts = { relay_command = 5, relay_data = 5 } ]],
      }
      row.case("is the end of it", function(c)
        local r = c:mail {}
        assert.truthy(r.code == 250 or stage ~= "dot" and r.code == 451, r.text)
        c:cmd("RSET", 250)
        wait.for_("the connection to be closed", function() return #at.hop:of("end", 1) > 0 end)
        assert.equal(250, c:mail {}.code)
        local list = at.hop:messages()
        assert.truthy(list[#list].connection > 1)
      end, { over = "clear", whole = true })
    end)
  end
end)
