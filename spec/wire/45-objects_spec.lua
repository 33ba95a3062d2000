-- What hooks hold in their hands: verdicts that wait, groups, observers,
-- dictionaries that all workers share.
local lunette = require "spec.support.lunette"
local sink = require "spec.support.sink"
local signal = require "posix.signal"

local function start(hooks, rest)
  local names = {}
  for name in pairs(hooks) do
    names[#names + 1] = ("%q"):format(name)
  end
  return lunette.start {
    config = ([[ relay = "maildir:mail"; hooks = { %s }; %s ]])
      :format(table.concat(names, ","), rest or ""),
    hooks = hooks,
  }
end

local function hello(server)
  local c = server:dial()
  c:hello()
  return c
end

describe("hooks and their objects:", function()
  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  it("a verdict held until RCPT", function()
    local asked = [[
      local verdict = require "lunette.verdict"
      return {
        connect = function() return verdict.reject("5.7.8", "not you"):later() end,
        rcpt = function() error "must not be asked" end,
      } ]]
    local server = start { asked = asked }
    local c = hello(server)
    c:cmd("MAIL FROM:<>", 250)
    c:cmd("RCPT TO:<a@x.test>", "55[04] 5%.7%.8 not you")
    c:cmd("RCPT TO:<b@x.test>", "55[04] 5%.7%.8 not you")
    c:cmd("DATA", "5%d%d 5%.")
    assert.equal(0, server:count "hook_error")
    server:stop()
  end)

  it("no recipient becomes the null address", function()
    local server = start { null = [[
      local verdict = require "lunette.verdict"
      return { rcpt = function(session, rcpt)
        if rcpt.user == "set" then rcpt.address = "" end
        if rcpt.user == "add" then session.recipients:add "" end
        return verdict.accept()
      end } ]] }
    local c = hello(server)
    c:cmd("MAIL FROM:<>", 250)
    c:cmd("RCPT TO:<set@x.test>", "451 4%.3%.0")
    c:cmd("RCPT TO:<add@x.test>", "451 4%.3%.0")
    c:cmd("RCPT TO:<else@x.test>", 250)
    server:stop()
  end)

  it("recipients of another group come again on their own", function()
    local server = start { grouped = [[
      local verdict = require "lunette.verdict"
      return { rcpt = function(session, rcpt)
        rcpt.group = rcpt.domain
        return verdict.accept()
      end } ]] }
    local c = hello(server)
    c:cmd("MAIL FROM:<>", 250)
    c:cmd("RCPT TO:<a@x.test>", 250)
    c:cmd("RCPT TO:<a@y.test>", "452 4%.5%.3")
    c:cmd("RCPT TO:<b@x.test>", 250)
    server:stop()
  end)

  it("a message that goes elsewhere: by quarantine, by message.relay", function()
    local usual, other = sink.start(), sink.start()
    local server = lunette.start {
      config = ([[ relay = "%s"; relays = { jail = "%s" }; hooks = { "sort" } ]])
        :format(usual.url, other.url),
      hooks = { sort = [[
        local verdict = require "lunette.verdict"
        return {
          rcpt = function() return verdict.accept() end,
          message = function(session, message)
            if message:header "Subject" == "bad" then return verdict.quarantine "jail" end
            if message:header "Subject" == "other" then message.relay = "jail" end
          end,
        } ]] },
    }
    local c = hello(server)
    for _, subject in ipairs { "good", "bad", "other" } do
      assert.equal(250, c:mail { data = "Subject: " .. subject .. "\r\n\r\n" }.code)
    end
    assert.equal(1, #usual:messages())
    assert.equal(2, #other:messages())
    assert.matches("Subject: good", usual:messages()[1].data)
    server:stop()
  end)

  it("observers see each thing once", function()
    local server = start { seen = [[
      local verdict = require "lunette.verdict"
      local function note(what)
        return function(session, result)
          session:log("info", { seen = what, closed = session.closed, code = result and result.code })
        end
      end
      return {
        rcpt = function() return verdict.accept() end,
        relayed = note "relayed", reset = note "reset", disconnect = note "disconnect",
      } ]] }
    local function seen(what)
      local n = 0
      for _, line in ipairs(server:log()) do
        n = n + (line.seen == what and 1 or 0)
      end
      return n
    end
    local c = hello(server)
    assert.equal(250, c:mail {}.code)
    c:cmd("MAIL FROM:<>", 250)
    c:cmd("RSET", 250)
    c:cmd("MAIL FROM:<>", 250)
    c:cmd("QUIT", 221)
    c:expect_closed()
    server:wait_for "end"
    assert.equal(1, seen "relayed")
    assert.equal(3, seen "reset")
    assert.equal(1, seen "disconnect")
    local lost = hello(server)
    lost:cmd("MAIL FROM:<>", 250)
    lost:reset()
    server:wait_for("end", { reason = "lost" })
    assert.equal(4, seen "reset")
    assert.equal(2, seen "disconnect")
    server:stop()
  end)

  it("a shared dictionary is one for all workers, and outlives them", function()
    local server = start({ counter = [[
      local shared, verdict = require "lunette.shared", require "lunette.verdict"
      return {
        shared = { visits = "64K" },
        vrfy = function() return verdict.reject("%d", shared.visits:incr("n", 1)) end,
      } ]] }, "workers = { count = 2 }")
    local n = 0
    local function visit()
      n = n + 1
      local c = hello(server)
      c:cmd("VRFY x", "550 5%.7%.1 " .. n)
      c:close()
    end
    for _ = 1, 10 do
      visit()
    end
    assert.equal("reload_done", server:reload().event)
    visit()
    local from = server:here()
    signal.kill(server:workers()[1], signal.SIGKILL)
    server:wait_for("worker_exit", nil, from)
    visit()
    server:stop()
  end)

  it("a full shared dictionary refuses what is new and keeps what it has", function()
    local server = start { full = [[
      local shared, verdict = require "lunette.shared", require "lunette.verdict"
      local function refused(ok, err)
        return ok == nil and err.kind == "limit"
      end
      return {
        shared = { d = "64K" },
        vrfy = function()
          local d, n = shared.d, 0
          repeat
            local ok = d:set("k" .. n, n)
            n = n + 1
          until not ok or n == 5000
          n = n - 1
          if not (refused(d:set("new", 1)) and refused(d:add("new", 1)) and
            refused(d:incr("new", 1)) and d:get("new") == nil) then
            return verdict.reject("not refused")
          end
          if not (d:set("k1", 0) and d:incr("k1", 1) == 1) then
            return verdict.reject("not over its own")
          end
          for i = 0, n - 1 do
            if d:get("k" .. i) ~= i then
              return verdict.reject("dropped %d", i)
            end
          end
          d:delete("k0")
          if not d:add("new", 1) then
            return verdict.reject("no room")
          end
          return verdict.reject("all well, %s", n < 5000 and "full" or "endless")
        end,
      } ]] }
    local c = hello(server)
    c:cmd("VRFY x", "550 5%.7%.1 all well, full")
    server:stop()
  end)

  it("the reply hook changes what is said, within its class", function()
    local server = start { polite = [[
      return { reply = function(session, reply)
        if reply.code == 503 then reply.text = "please: " .. reply.text end
        if reply.code == 501 then reply.code = 550 end
        if reply.code == 500 then reply.code = 250 end
      end } ]] }
    local c = hello(server)
    c:cmd("DATA", "503 5%.5%.1 please: ")
    c:cmd("MAIL", "550 5%.5%.4")
    c:cmd("WHAT", "[45]%d%d ")
    server:stop()
  end)

  it("an entry's as, on_error, timeout and settings make instances", function()
    local server = lunette.start {
      config = [[ relay = "discard:"; hooks = {
        { "words", as = "first", word = "one" }, { "words", as = "second", word = "two" }, "yes" } ]],
      hooks = { words = [[
        local verdict = require "lunette.verdict"
        local hook = { settings = { word = "none" } }
        local count = 0
        function hook.vrfy(session, text)
          count = count + 1
          if text == hook.settings.word then return verdict.reject("%s %d", text, count) end
        end
        return hook ]] },
    }
    local c = hello(server)
    c:cmd("VRFY one", "550 5%.7%.1 one 1")
    c:cmd("VRFY two", "550 5%.7%.1 two 1")
    c:cmd("VRFY one", "550 5%.7%.1 one 3")
    server:stop()
  end)
end)
