local row = require "spec.support.row"

row { 81, "RCPT or DATA alone behind a final reply, whatever it was",
  answer = "503 5.5.1: the transaction is gone after 250, 4xx, 5xx and a failed hook alike" }

local at = row.serve {
  errors = true, config = [[ hooks = { "says" } ]], limits = [[message_size = "20K", received = 5]],
  hop = {
    MAIL = function(_, line)
      return line:match "hopmail@" and "550 5.1.0 no" or nil
    end,
    dot = function(c)
      return ({ ["hop4@b.test"] = "451 4.0.0 later", ["hop5@b.test"] = "554 5.0.0 no" })[c.from]
    end,
  },
  hooks = { says = [[
    local verdict = require "lunette.verdict"
    local message = {
      reject = function() return verdict.reject "no" end,
      defer = function() return verdict.defer "later" end,
      raise = function() error "on purpose" end,
      discard = function() return verdict.discard "away" end,
    }
    return {
      data = function(session)
        if session.sender.user == "data" then return verdict.reject "not here" end
      end,
      headers = function(session)
        if session.sender.user == "headers" then return verdict.reject "not so" end
      end,
      rcpt = function() return verdict.accept() end,
      message = function(session)
        local f = message[session.sender.user]
        if f then return f() end
      end,
    } ]] },
}

local head = "Subject: x\r\n\r\n"
local outcomes = {
  { "fine", 250, head .. "x\r\n" }, { "hop4", 451, head }, { "hop5", 554, head },
  { "reject", 550, head },
  { "defer", 451, head }, { "raise", 451, head }, { "discard", 250, head }, { "headers", 550, head },
  { "big", 552, head .. ("0123456789\r\n"):rep(3000) }, { "bare", 550, head .. "x\ny\r\n" },
  { "loop", 554, ("Received: x\r\n"):rep(9) .. head },
}

local function is_over(c)
  c:cmd("RCPT TO:<next@x.test>", "503 5%.5%.1")
  c:cmd("DATA", "503 5%.5%.1")
  c:cmd("RCPT TO:<next@x.test>", "503 5%.5%.1")
end

for _, case in ipairs(outcomes) do
  row.case(("%s, %d"):format(case[1], case[2]), function(c)
    local r = c:mail { from = case[1] .. "@b.test", data = case[3] }
    assert.equal(case[2], r.code, r.text)
    is_over(c)
    assert.equal(250, c:mail { to = "after@x.test" }.code)
    local list = at.hop:messages()
    assert.same({ "after@x.test" }, list[#list].to)
  end)
end

row.case("a refused DATA ends it, too", function(c)
  c:cmd("MAIL FROM:<data@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("DATA", "554 5%.7%.1")
  is_over(c)
end)

row.case("RSET and EHLO do", function(c)
  for _, line in ipairs { "RSET", "EHLO client.test" } do
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test>", 250)
    c:cmd(line, 250)
    is_over(c)
  end
end)

row.case("a sender that the next hop refuses is not one", function(c)
  c:cmd("MAIL FROM:<hopmail@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", "550 5%.1%.0")
  c:cmd("DATA", "554 5%.5%.1")
end)
