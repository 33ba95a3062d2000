local row = require "spec.support.row"

row { 56,
  "DSN parameters with bad keywords or xtext, NEVER among others, ENVID over 100 octets, " ..
    "ORCPT over 500",
  answer = "501 5.5.4; good ones go on only if the next hop announces DSN" }

local long = ("x"):rep(101)

describe("to a next hop with DSN", function()
  local at = row.serve { hop = { ehlo = { "PIPELINING", "DSN", "SIZE 1000000" } } }

  -- What it offers is known once it has been asked.
  setup(function()
    local c = at:dial "clear"
    assert.equal(250, c:mail {}.code)
    c:close()
  end)

  local lines = {}
  for params, want in pairs {
    ["RET=FULL"] = 250, ["ret=hdrs"] = 250, ["RET=BODY"] = "501 5%.5%.4", ["RET="] = "501 5%.5%.4",
    ["RET"] = "501 5%.5%.4", ["RET=FULL RET=HDRS"] = "501 5%.5%.4", ["ENVID=QQ314159"] = 250,
    ["ENVID=a+3Db"] = 250, ["ENVID=a+4"] = "501 5%.5%.4", ["ENVID=a+zz"] = "501 5%.5%.4",
    ["ENVID=a=b"] = "501 5%.5%.4", ["ENVID="] = "501 5%.5%.4", ["ENVID"] = "501 5%.5%.4",
    ["ENVID=" .. ("x"):rep(100)] = 250, ["ENVID=" .. long] = "501 5%.5%.4",
      ["ENVID=a+0Db"] = "501 5%.5%.4",
    ["ENVID=1 ENVID=2"] = "501 5%.5%.4",
  } do
    lines[#lines + 1] = { "MAIL FROM:<a@b.test> " .. params, want }
  end
  row.lines(lines)

  row.case("of recipients", function(c)
    c:cmd("MAIL FROM:<a@b.test>", 250)
    for params, want in pairs {
      ["NOTIFY=NEVER"] = 250, ["NOTIFY=SUCCESS,FAILURE,DELAY"] = 250, ["notify=success"] = 250,
      ["NOTIFY=NEVER,FAILURE"] = "501 5%.5%.4", ["NOTIFY=FAILURE,NEVER"] = "501 5%.5%.4",
      ["NOTIFY="] = "501 5%.5%.4", ["NOTIFY"] = "501 5%.5%.4", ["NOTIFY=,"] = "501 5%.5%.4",
      ["NOTIFY=ALWAYS"] = "501 5%.5%.4", ["NOTIFY=SUCCESS,"] = "501 5%.5%.4",
      ["NOTIFY=SUCCESS NOTIFY=DELAY"] = "501 5%.5%.4",
      ["ORCPT=rfc822;b@x.test"] = 250, ["ORCPT=rfc822;b+2Bc@x.test"] = 250,
        ["ORCPT=b@x.test"] = "501 5%.5%.4",
      ["ORCPT=;b@x.test"] = "501 5%.5%.4", ["ORCPT=rfc822;b+2"] = "501 5%.5%.4",
      ["ORCPT=rfc822;b+0Ac@x.test"] = "501 5%.5%.4", ["ORCPT=rfc822;" .. ("x"):rep(500)] = "501 5%.5%.4",
      ["ORCPT="] = "501 5%.5%.4", ["ORCPT"] = "501 5%.5%.4",
    } do
      c:cmd("RCPT TO:<b@x.test> " .. params, want)
    end
  end)

  row.case("go on as they came", function(c)
    local lines_before = #at.hop:lines()
    c:cmd("MAIL FROM:<a@b.test> RET=HDRS ENVID=a+3Db", 250)
    c:cmd("RCPT TO:<b@x.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@x.test", 250)
    local said = table.concat(at.hop:lines(), "\n", lines_before + 1)
    assert.matches("MAIL FROM:<a@b.test>[^\n]* RET=HDRS", said)
    assert.matches("ENVID=a%+3Db", said)
    assert.matches("NOTIFY=SUCCESS,DELAY", said)
    assert.matches("ORCPT=rfc822;b%+2Bc@x%.test", said)
  end)
end)

describe("to a next hop without", function()
  local at = row.serve { hop = { ehlo = { "PIPELINING" } } }

  row.case("are not offered and do not go on", function(c)
    assert.equal(250, c:mail {}.code)
    assert.is_nil(c:cmd("EHLO client.test", 250).text:find "DSN")
    c:cmd("MAIL FROM:<a@b.test> RET=HDRS", "555 5%.5%.4")
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<b@x.test> NOTIFY=NEVER", "555 5%.5%.4")
    for _, line in ipairs(at.hop:lines()) do
      assert.is_nil(line:find "NOTIFY" or line:find "RET=")
    end
  end)
end)
