-- Addresses and parameters: what is taken, and in which form it goes on.
local lunette = require "spec.support.lunette"
local sink = require "spec.support.sink"

local label = ("a"):rep(63)

describe("an address", function()
  local server, hop, c

  setup(function()
    hop = sink.start()
    server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" };
      limits = { errors = 0, soft_errors = 0 } ]]):format(hop.url),
    }
    c = server:dial()
    c:hello()
  end)
  teardown(function()
    lunette.clean()
    sink.clean()
  end)
  after_each(function() c:cmd("RSET", 250) end)

  for given, sent in pairs {
    ["<A.B@Example.ORG>"] = "<A.B@example.org>",
    ["<@a.test,@b.test:u@example.org>"] = "<u@example.org>",
    ['<"a b"@example.org>'] = '<"a b"@example.org>',
    ['<"ab"@example.org>'] = "<ab@example.org>",
    ['<"a\\"b"@example.org>'] = '<"a\\"b"@example.org>',
    ['<"a@b"@example.org>'] = '<"a@b"@example.org>',
    ["<u%x@example.org>"] = "<u%x@example.org>",
    ["<a!b@example.org>"] = "<a!b@example.org>",
    ["<a@[192.0.2.1]>"] = "<a@[192.0.2.1]>",
    ["<a@[IPv6:2001:DB8::1]>"] = "<a@[ipv6:2001:db8::1]>",
    ["<postmaster>"] = "<postmaster>",
    ["<`|;$x{a}'@example.org>"] = false,
    ["<|x`{a}'@example.org>"] = "<|x`{a}'@example.org>",
    ["<a@b_c.test>"] = "<a@b_c.test>",
  } do
    it("goes on as one form: " .. given, function()
      c:cmd("MAIL FROM:<>", 250)
      if not sent then
        c:cmd("RCPT TO:" .. given, "501 5%.1%.3")
        return
      end
      c:cmd("RCPT TO:" .. given, 250)
      local found = false
      for _, line in ipairs(hop:lines()) do
        found = found or line == "RCPT TO:" .. sent
      end
      assert.truthy(found)
    end)
  end

  for _, bad in ipairs {
    "<>", "<a>", "<a@>", "<@b>", "a@b.test", "<a@b.test", "<a@b.test>>", "<a b@c.test>", "<a@b@c.test>",
    "<.a@b.test>", "<a.@b.test>", "<a..b@c.test>", "<a@b.test.>", "<a@b..test>", "<a@-b.test>",
    "<a@[1.2.3]>", "<a@[1.2.3.4>", '<"a@b.test>', '<"a"b@c.test>', "<a@b.test>x",
    "<" .. ("a"):rep(65) .. "@b.test>", "<a@" .. (label .. "."):rep(4) .. "test>", "",
  } do
    it("is refused: " .. bad:sub(1, 40), function()
      c:cmd("MAIL FROM:<>", 250)
      local r = c:cmd("RCPT TO:" .. bad, "5%d%d 5%.")
      assert.truthy(r.code == 501 or r.code == 553)
      assert.truthy(r.enhanced == "5.1.3" or r.enhanced == "5.5.4")
    end)
  end

  it("has 8 bits only with SMTPUTF8, which is not offered", function()
    c:cmd("MAIL FROM:<\195\169@b.test>", "553 5%.6%.7")
    c:cmd("MAIL FROM:<a@\195\169.test>", "553 5%.6%.7")
    c:cmd("MAIL FROM:<a@b.test> SMTPUTF8", "553 5%.6%.7")
  end)

  it("of a sender is refused with its own code", function()
    c:cmd("MAIL FROM:<a@b..test>", "501 5%.1%.7")
    c:cmd("MAIL FROM:<postmaster>", "501 5%.1%.7")
    c:cmd("MAIL TO:<a@b.test>", "501 5%.5%.4")
    c:cmd("MAIL", "501 5%.5%.4")
    c:cmd("MAIL FROM: <a@b.test>", 250)
  end)

  for params, want in pairs {
    ["SIZE=100"] = 250, ["size=100 body=8bitmime"] = 250, ["BODY=7BIT"] = 250, ["SIZE=0"] = 250,
    ["SIZE=52428800"] = 250, ["SIZE=52428801"] = "552 5%.3%.4",
    ["SIZE=99999999999999999999"] = "5%d%d 5%.",
    ["SIZE=18446744073709551616"] = "501 5%.5%.4", ["SIZE=-1"] = "501 5%.5%.4",
    ["SIZE=1x"] = "501 5%.5%.4",
    ["SIZE="] = "501 5%.5%.4", ["SIZE"] = "501 5%.5%.4", ["SIZE=1 SIZE=2"] = "501 5%.5%.4",
    ["BODY=BINARYMIME"] = "5[05][15] 5%.5%.4", ["="] = "501 5%.5%.4", ["X=1"] = "555 5%.5%.4",
    ["RET=HDRS"] = "555 5%.5%.4", ["AUTH=<>"] = "555 5%.5%.4",
  } do
    it("may come with " .. params .. ": " .. want, function()
      c:cmd("MAIL FROM:<a@b.test> " .. params, want)
    end)
  end

  it("may be there twice", function()
    c:cmd("MAIL FROM:<>", 250)
    c:cmd("RCPT TO:<a@b.test>", 250)
    c:cmd("RCPT TO:<a@b.test>", 250)
    c:cmd("RCPT TO:<a@b.test> NOTIFY=NEVER", "555 5%.5%.4")
  end)
end)
