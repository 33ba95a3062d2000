local fake = require "spec.support.fake"

describe("hooks/helo_checks", function()
  local all_off = { syntax = "off", own = "off", bare_ip = "off", unqualified = "off",
    literal = "off", resolvable = "off" }
  local h

  local function load(settings) h = fake.hook("helo_checks", settings) end

  -- Only this check is on.
  local function only(check, action)
    local settings = {}
    for name in pairs(all_off) do settings[name] = "off" end
    settings[check] = action or "reject"
    load(settings)
  end

  local function helo(name, client)
    client = client or {}
    local session = fake.session(client)
    return h:ask("helo", session, name), session
  end

  before_each(function() load {} end)

  for _, name in ipairs {
    "mail.example.com", "a-b.example.com", "a_b.example.com", "MAIL.EXAMPLE.COM",
    "mail.example.com.", "xn--bcher-kva.example", "1.example.com", "[192.0.2.7]",
    ("a"):rep(63) .. ".example.com",
  } do
    it("has no opinion of " .. name, function()
      local v, session = helo(name)
      assert.is_nil(v)
      assert.same({}, fake.results(session))
    end)
  end

  for name, check in pairs {
    ["192.0.2.7"] = "bare_ip", ["2001:db8::1"] = "bare_ip", ["mail"] = "unqualified",
    ["localhost"] = "own", ["localhost.localdomain"] = "own", ["mx.example.org"] = "own",
    ["MX.Example.ORG."] = "own", ["[203.0.113.1]"] = "own", ["-a.example.com"] = "syntax",
    ["a-.example.com"] = "syntax", ["a..example.com"] = "syntax", [".example.com"] = "syntax",
    ["a b.example.com"] = "syntax", ["a.example.123"] = "syntax", ["[192.0.2.256]"] = "syntax",
    ["[192.0.2.7"] = "syntax", ["[]"] = "syntax", ["a!.example.com"] = "syntax",
    [("a"):rep(64) .. ".example.com"] = "syntax", ["[IPv6:zz]"] = "syntax", [""] = "syntax",
    [("abcdefg."):rep(32) .. "example"] = "syntax", ["192.0.2"] = "syntax",
  } do
    it(("refuses %q for %s"):format(name:sub(1, 30), check), function()
      local v, session = helo(name)
      assert.same({ "reject", 550, "5.7.1", true }, { v.kind, v.code, v.enhanced, v.is_later })
      assert.same({ "helo_checks fail " .. check }, fake.results(session))
    end)

    it(("lets %q pass without the check %s"):format(name:sub(1, 30), check), function()
      if check == "syntax" then return end
      load { [check] = "off", unqualified = "off", literal = "off" }
      assert.is_nil((helo(name)))
    end)

    it(("finds nothing else in %q"):format(name:sub(1, 30)), function()
      only(check)
      assert.equal("reject", helo(name).kind)
    end)
  end

  it("says what is wrong, per cent signs and all", function()
    assert.equal("HELO a%s: not a host name", helo("a%s").text)
    assert.equal("HELO 192.0.2.7: an IP address needs brackets", helo("192.0.2.7").text)
    assert.equal("HELO mail: not a full host name", helo("mail").text)
    assert.equal("HELO mx.example.org: that is not you", helo("mx.example.org").text)
    load { literal = "reject" }
    assert.equal("HELO [192.0.2.8]: that is not your address", helo("[192.0.2.8]").text)
  end)

  it("notes a literal that is not the client's", function()
    local v, session = helo "[192.0.2.8]"
    assert.is_nil(v)
    assert.same({ "helo_checks fail literal" }, fake.results(session))
    assert.equal(1, session:score())
  end)

  it("refuses it when told", function()
    load { literal = "reject" }
    assert.equal("reject", helo("[192.0.2.8]").kind)
    assert.is_nil((helo "[192.0.2.7]"))
    assert.is_nil((helo("[IPv6:2001:db8::1]", { ip = "2001:db8::1" })))
    assert.equal("reject", helo("[IPv6:2001:db8::2]", { ip = "2001:db8::1" }).kind)
  end)

  it("knows our name in any case", function()
    assert.equal("reject", helo("mx.example.org", { hostname = "MX.Example.Org" }).kind)
  end)

  it("takes names of 255 octets and no more", function()
    local name = ("abcdefg."):rep(31) .. "example"
    assert.equal(255, #name)
    assert.is_nil((helo(name)))
    assert.equal("reject", helo(name .. "s").kind)
  end)

  it("takes a client on our own address for ourselves", function()
    assert.is_nil((helo("mx.example.org", { ip = "203.0.113.1" })))
    assert.is_nil((helo("[203.0.113.1]", { ip = "203.0.113.1" })))
  end)

  it("keeps further names for us", function()
    load { own_names = { ".example.org" } }
    assert.equal("reject", helo("web.example.org").kind)
    assert.is_nil((helo "web.example.com"))
  end)

  it("adds up notes and goes on", function()
    load { unqualified = "note", own = "note", score = 2 }
    local v, session = helo "localhost"
    assert.is_nil(v)
    assert.same({ "helo_checks fail own", "helo_checks fail unqualified" }, fake.results(session))
    assert.equal(4, session:score())
  end)

  it("leaves trusted clients and logged-in ones alone", function()
    for _, client in ipairs { { trusted = true }, { auth = "ann" } } do
      local v, session = helo("localhost", client)
      assert.is_nil(v)
      assert.same({}, fake.results(session))
    end
  end)

  describe("resolvable", function()
    before_each(function() only "resolvable" end)

    local function answer(a, aaaa, mx)
      local name = "mail.example.com"
      h.dns.a[name], h.dns.aaaa[name], h.dns.mx[name] = a, aaaa, mx
      return helo(name)
    end

    it("is content with an address, of either kind, or an MX", function()
      assert.is_nil((answer { "192.0.2.9" }))
      assert.is_nil((answer({}, { "2001:db8::9" })))
      assert.is_nil((answer({}, {}, { { host = "mx.example.com", preference = 10 } })))
    end)

    it("is content with what it finds in spite of a failure", function()
      assert.is_nil((answer(fake.error "timeout", { "2001:db8::9" })))
    end)

    it("refuses a name that does not exist", function()
      local v = answer({}, {}, {})
      assert.same({ "reject", 550, "HELO mail.example.com: no such host in DNS", true },
        { v.kind, v.code, v.text, v.is_later })
      local gone = fake.error "nxdomain"
      assert.equal("reject", answer(gone, gone, gone).kind)
    end)

    it("never refuses for good when DNS fails", function()
      local v, session = answer({}, fake.error("timeout", "late"), {})
      assert.same({ "defer", 451, "4.7.1", true }, { v.kind, v.code, v.enhanced, v.is_later })
      assert.same({ "helo_checks error resolvable: late" }, fake.results(session))
      assert.equal(0, session:score())
    end)

    it("only notes what it is told to note", function()
      only("resolvable", "note")
      local v, session = answer({}, {}, {})
      assert.is_nil(v)
      assert.equal(1, session:score())
      v, session = answer({}, {}, fake.error "timeout")
      assert.is_nil(v)
      assert.equal(0, session:score())
    end)

    it("asks nothing of a literal", function()
      assert.is_nil((helo "[192.0.2.7]"))
    end)
  end)

  it("asks DNS nothing by default", function()
    assert.is_nil((helo "mail.example.com"))		-- the fake has no answers
  end)
end)
