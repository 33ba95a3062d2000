-- Hooks that ask DNS, against a real name server; and who need not wait.
local dns = require "spec.support.dns"
local lunette = require "spec.support.lunette"

local records = {
  "host-record=good.test,127.0.0.21",  -- A and PTR
  "ptr-record=22.0.0.127.in-addr.arpa,liar.test",
  "host-record=liar.test,192.0.2.66",
  "txt-record=txt.test,one,two",
  "mx-host=mx.test,a.test,10",
}

local function config(ns, rest)
  return ([[ relay = "maildir:mail"; dns = { servers = { "%s" }, timeout = 0.5, tries = 1 }; %s ]])
    :format(ns, rest)
end

local function from(server, source)
  local c = server:dial { source = source }
  c:hello()
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:line "RCPT TO:<b@x.test>"
  return c:reply(), c
end

describe("with DNS,", function()
  local ns

  setup(function() ns = dns.start(records) end)
  teardown(dns.clean)
  after_each(lunette.clean)

  it("a server that is silent costs its timeout and is told from a no", function()
    local silent = require "socket".udp4()
    assert(silent:setsockname("127.0.0.1", 0))
    local _, port = silent:getsockname()
    local server = lunette.start {
      config = config("127.0.0.1:" .. port, [[ hooks = { { "fcrdns", require = true }, "yes" } ]]),
    }
    local r = from(server, "127.0.0.21")
    assert.equal("451 4.7.25", r.code .. " " .. r.enhanced)
    server:stop()
    silent:close()
  end)

  it("the library gives lists, false and errors", function()
    local server = lunette.start {
      config = config(ns.address, [[ hooks = { "ask", "yes" } ]]),
      hooks = { ask = [[
        local dns, verdict = require "lunette.dns", require "lunette.verdict"
        return { vrfy = function(session, name)
          local kind, rest = name:match "^(%S+) (%S+)$"
          local got, err = dns[kind](rest)
          if got == nil then return verdict.reject("error %s", err.kind) end
          if got == false then return verdict.reject "no" end
          if type(got) == "string" then return verdict.reject("%s", got) end
          local list = {}
          for i, x in ipairs(got) do
            list[i] = type(x) == "table" and x.host .. "/" .. x.preference or x
          end
          return verdict.reject("%d %s", #list, table.concat(list, " "))
        end } ]] },
    }
    local c = server:dial()
    c:hello()
    for question, want in pairs {
      ["a good.test"] = "1 127%.0%.0%.21", ["a none.test"] = "0", ["ptr 127.0.0.21"] = "1 good%.test",
      ["mx mx.test"] = "1 a%.test/10", ["txt txt.test"] = "1 onetwo", ["fcrdns 127.0.0.22"] = "no",
      ["fcrdns 127.0.0.21"] = "good%.test", ["aaaa good.test"] = "0",
    } do
      c:cmd("VRFY " .. question, "550 5%.7%.1 " .. want)
    end
    server:stop()
  end)
end)

describe("early_talker", function()
  after_each(lunette.clean)

  it("refuses who canno trusted wait", function()
    local server = lunette.start {
      config = [[ relay = "discard:"; trusted = { "127.0.0.1" };
        hooks = { { "early_talker", seconds = 50 }, "yes" } ]],
    }
    server:dial():hello()
    server:stop()
  end)
end)
