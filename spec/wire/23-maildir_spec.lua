-- The maildir: byte for byte what came, under three trace fields, LF line ends.
local posix = require "posix"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"

local config = [[ relay = "maildir:mail"; hooks = { "yes" } ]]

describe("a maildir", function()
  after_each(lunette.clean)

  it("gets the message under its trace", function()
    local server = lunette.start { config = config }
    local c = server:dial()
    c:hello()
    local content = "Subject: caf\195\169\r\nX: 1\r\n\r\n.\r\n..x\r\n\0\255\r\n\r\nend\r\n"
    local r = c:mail { from = "a@b.test", to = { "b@x.test", "C@X.test" }, data = content }
    assert.equal(250, r.code)
    local texts = server:mails()
    assert.equal(1, #texts)
    local trace, rest = lunette.split_mail(texts[1])
    assert.truthy(rest == content:gsub("\r\n", "\n"))
    assert.equal("<a@b.test>", trace["Return-Path"])
    assert.equal("b@x.test,C@x.test", trace["Delivered-To"]:gsub("[<>]", ""))
    assert.matches("^from client%.test", trace.Received)
    assert.is_nil(texts[1]:find "\r")
    server:stop()
  end)

  it("has new, cur and tmp, and nothing is left in tmp", function()
    local server = lunette.start { config = config }
    local c = server:dial()
    c:hello()
    for _ = 1, 20 do
      assert.equal(250, c:mail { from = "" }.code)
    end
    local _, names = server:mails()
    assert.equal(20, #names)
    assert.same({}, process.list(server:path "mail/tmp"))
    assert.same({}, process.list(server:path "mail/cur"))
    assert.equal("<>", (lunette.split_mail(server:mails()[1]))["Return-Path"])
    assert.equal(20, server:wait_count(20, "message", { rcpts = 1 }))
    server:stop()
  end)

  it("that cannot be written makes a 4xx", function()
    local server = lunette.start { config = config }
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail {}.code)
    process.run { "sh", "-c", ("rm -rf %s/* && chmod 0 %s && chown root %s")
      :format(server:path "mail", server:path "mail", server:path "mail") }
    if not process.is_root() then
      posix.chmod(server:path "mail", "---------")
    end
    local r = c:mail {}
    assert.equal(4, math.floor(r.code / 100))
    c:cmd("NOOP", 250)
    server:stop()
  end)

  it("is also what discard: is not", function()
    local server = lunette.start { config = [[ relay = "discard:"; hooks = { "yes" } ]] }
    local c = server:dial()
    c:hello()
    assert.equal(250, c:mail {}.code)
    server:wait_for "discard"
    assert.equal(0, #server:mails())
    server:stop()
  end)
end)
