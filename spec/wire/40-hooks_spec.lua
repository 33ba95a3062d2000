-- Hooks: every stage is asked, every verdict becomes its reply, and what a
-- message hook changes is what goes on.
local lunette = require "spec.support.lunette"
local sink = require "spec.support.sink"

-- Says what the address of the sender orders: STAGE.VERDICT@do.test.
local obey = [[
local verdict = require "lunette.verdict"
local made = {
  reject  = function() return verdict.reject("no from %s", "obey") end,
  code    = function() return verdict.reject("5.7.9", "mine"):code(559) end,
  defer   = function() return verdict.defer("4.7.9", "later") end,
  hangup  = function() return verdict.reject("go"):hangup() end,
  lines   = function() return verdict.reject { "one", "two" } end,
  drop    = function() return verdict.drop() end,
  discard = function() return verdict.discard("spec") end,
  accept  = function() return verdict.accept() end,
  delay   = function() return verdict.reject("slow"):delay(0.1) end,
}
local hook = {}
local function obey(stage, session)
  local order = session.sender and session.sender.user or ""
  local at, what = order:match "^(%a+)%.(%a+)$"
  if at == stage then return made[what]() end
end
for _, stage in ipairs { "mail", "data", "headers", "message" } do
  hook[stage] = function(session) return obey(stage, session) end
end
function hook.helo(session, name)
  local what = name:match "^helo%.(%a+)%.test$"
  if what then return made[what]() end
end
function hook.rcpt(session, rcpt)
  return obey("rcpt", session) or verdict.accept()
end
function hook.unknown(session, verb, rest)
  if verb:upper() == "XECHO" then return verdict.reply(250, "2.0.0", "you said %s", rest) end
end
function hook.vrfy(session, text)
  if text == "known" then return verdict.accept() end
  if text == "unknown" then return verdict.reject("5.1.1", "who") end
end
return hook
]]

describe("hooks", function()
  local server, hop, c

  setup(function()
    hop = sink.start()
    server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "obey" }; limits = { errors = 0, soft_errors = 0 } ]])
        :format(hop.url),
      hooks = { obey = obey },
    }
  end)
  teardown(function()
    lunette.clean()
    sink.clean()
  end)
  before_each(function()
    c = server:dial()
    c:hello()
  end)
  after_each(function() c:close() end)

  for order, want in pairs {
    ["mail.reject"] = "550 5%.7%.1 no from obey", ["mail.defer"] = "451 4%.7%.9 later",
    ["mail.code"] = "559 5%.7%.9 mine", ["mail.lines"] = "550 5%.7%.1 one",
    ["mail.delay"] = "550 5%.7%.1 slow",
    ["rcpt.reject"] = "550 5%.7%.1 no from obey", ["rcpt.defer"] = "451 4%.7%.9 later",
    ["data.reject"] = "554 5%.7%.1 no from obey", ["data.defer"] = "451 4%.7%.9",
    ["headers.reject"] = "55[04] 5%.7%.1 no from obey", ["headers.defer"] = "451 4%.7%.9",
    ["message.reject"] = "550 5%.7%.1 no from obey", ["message.defer"] = "451 4%.7%.9",
    ["message.discard"] = "250 2%.", ["rcpt.discard"] = "250 2%.", ["rcpt.accept"] = "250 2%.",
  } do
    it(("say %s: %s"):format(order, want), function()
      local before = #hop:messages()
      local r = c:mail { from = order .. "@do.test" }
      local said = ("%d %s"):format(r.code, r.text)
      assert.truthy(said:match("^" .. want), said)
      assert.equal(before + (order == "rcpt.accept" and 1 or 0), #hop:messages())
      c:cmd("RSET", 250)
      assert.equal(250, c:mail {}.code)
    end)
  end

  it("may hang up", function()
    local r = c:mail { from = "mail.hangup@do.test" }
    assert.equal(550, r.code)
    c:expect_closed()
  end)

  it("may drop without a word", function()
    assert.is_nil(c:mail { from = "rcpt.drop@do.test" })
    c:expect_closed()
  end)

  it("refuse a name without ending the session", function()
    c:cmd("EHLO helo.reject.test", "550 5%.7%.1 no from obey")
    c:cmd("EHLO helo.defer.test", "450 4%.7%.9")
    c:cmd("EHLO fine.test", 250)
  end)

  it("implement verbs and answer VRFY", function()
    c:cmd("XECHO a b", "250 2%.0%.0 you said a b")
    c:cmd("XOTHER", "500 5%.5%.2")
    c:cmd("VRFY known", 250)
    c:cmd("VRFY unknown", "550 5%.1%.1 who")
    c:cmd("VRFY else", 252)
  end)

  it("log what they discard", function()
    local from = server:here()
    assert.equal(250, c:mail { from = "message.discard@do.test" }.code)
    assert.equal("warn", server:wait_for("discard", nil, from).level)
  end)
end)

describe("a message hook", function()
  local edit = [[
local verdict = require "lunette.verdict"
return {
  rcpt = function() return verdict.accept() end,
  message = function(session, message)
    message:add_header("X-Top", "1")
    message:add_header("X-Bottom", "2", "bottom")
    message:set_header("Subject", "new")
    message:remove_header("X-Bad")
    session.sender.address = "changed@b.test"
    session.recipients:add("more@x.test")
  end,
}
]]

  after_each(function()
    lunette.clean()
    sink.clean()
  end)

  it("changes header and envelope, in one fresh transaction", function()
    local hop = sink.start()
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "edit" } ]]):format(hop.url), hooks = { edit = edit },
    }
    local c = server:dial()
    c:hello()
    local r = c:mail { data = "X-Bad: 1\r\nSubject: old\r\nX-Bad: 2\r\n b\r\n\r\nbody\r\n" }
    assert.equal(250, r.code)
    local m = hop:accepted()[1]
    assert.equal(1, #hop:messages())
    assert.equal("changed@b.test", m.from)
    assert.same({ "b@example.org", "more@x.test" }, m.to)
    assert.matches("^X%-Top: 1\r\nReceived: ", m.data)
    assert.matches("\r\nSubject: new\r\n", m.data)
    assert.matches("\r\nX%-Bottom: 2\r\n\r\nbody\r\n$", m.data)
    assert.is_nil(m.data:find "X-Bad")
    assert.is_nil(m.data:find "old")
    server:stop()
  end)

  it("keeps header smuggling to itself", function()
    local hop = sink.start()
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "bad" } ]]):format(hop.url),
      hooks = { bad = [[
        local verdict = require "lunette.verdict"
        return {
          rcpt = function() return verdict.accept() end,
          message = function(session, message)
            message:add_header("X-A", "a\r\n.\r\nMAIL FROM:<evil@b.test>")
          end,
        } ]] },
    }
    local c = server:dial()
    c:hello()
    assert.equal(451, c:mail {}.code)
    assert.equal(0, #hop:messages())
    server:stop()
  end)
end)
