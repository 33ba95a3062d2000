local fake = require "spec.support.fake"

describe("hooks/access", function()
  local h

  local function load(settings) h = fake.hook("access", settings) end

  local function ask(stage, client, ...)
    local session = fake.session(client)
    local v = h:ask(stage, session, ...)
    return v, session
  end

  it("has no opinion with empty lists", function()
    load {}
    assert.is_nil((ask("pre_connection", {})))
    assert.is_nil((ask("connect", { name = "a.example.org" })))
    assert.is_nil((ask("helo", {}, "a.example.org")))
    assert.is_nil((ask("mail", {}, fake.address "")))
    assert.is_nil((ask("mail", {}, fake.address "a@example.org")))
    assert.is_nil((ask("rcpt", {}, fake.address "postmaster")))
  end)

  describe("client", function()
    before_each(function()
      load {
        deny_clients = { "192.0.2.0/24", "2001:db8::/32" }, allow_clients = { "192.0.2.7" },
        skip = { "dnsbl", "early_talker" },
      }
    end)

    it("refuses who is on the list", function()
      local v, session = ask("pre_connection", { ip = "192.0.2.8" })
      assert.same({ "reject", 554, "5.7.1", "client 192.0.2.8: access denied" },
        { v.kind, v.code, v.enhanced, v.text })
      assert.same({ "access fail client 192.0.2.8" }, fake.results(session))
      assert.same({}, fake.skipped(session))
      assert.equal("reject", ask("pre_connection", { ip = "2001:db8::1" }).kind)
    end)

    it("refuses a trusted one too", function()
      assert.equal("reject", ask("pre_connection", { ip = "192.0.2.8", trusted = true }).kind)
    end)

    it("lets a listed one off, with the hooks to skip", function()
      local v, session = ask("pre_connection", { ip = "192.0.2.7" })
      assert.is_nil(v)
      assert.same({ "dnsbl", "early_talker" }, fake.skipped(session))
      assert.same({ "access pass client 192.0.2.7" }, fake.results(session))
    end)

    it("has no opinion of others", function()
      local v, session = ask("pre_connection", { ip = "192.0.3.7" })
      assert.is_nil(v)
      assert.same({}, fake.results(session))
    end)

    it("skips nothing unless told", function()
      load { allow_clients = { "192.0.2.7" } }
      local _, session = ask("pre_connection", { ip = "192.0.2.7" })
      assert.same({}, fake.skipped(session))
    end)
  end)

  describe("name", function()
    before_each(function()
      load {
        deny_names = { ".dyn.test" }, allow_names = { "good.dyn.test" },
        allow_clients = { "198.51.100.1" }, skip = { "dnsbl" },
      }
    end)

    it("refuses by the name that DNS gave", function()
      local v = ask("connect", { name = "a.dyn.test" })
      assert.equal(554, v.code)
      assert.equal("client a.dyn.test: access denied", v.text)
    end)

    it("lets a name off", function()
      local v, session = ask("connect", { name = "good.dyn.test" })
      assert.is_nil(v)
      assert.same({ "dnsbl" }, fake.skipped(session))
    end)

    it("lets an allowed client off", function()
      assert.is_nil((ask("connect", { ip = "198.51.100.1", name = "a.dyn.test" })))
    end)

    it("has no opinion without a name", function()
      assert.is_nil((ask("connect", {})))
    end)
  end)

  it("refuses by HELO, and lets off", function()
    load { deny_helo = { ".spam.test", "friend" }, allow_helo = { "mail.spam.test" } }
    local v = ask("helo", {}, "x.spam.test")
    assert.same({ 550, "HELO x.spam.test: access denied" }, { v.code, v.text })
    assert.equal("reject", ask("helo", {}, "FRIEND").kind)
    assert.is_nil((ask("helo", {}, "mail.spam.test")))
    assert.is_nil((ask("helo", {}, "spam.test")))
  end)

  it("refuses by sender, and lets off", function()
    load {
      deny_senders = { "@spam.test", "@.spam.test", "news@example.org", "<>" },
      allow_senders = { "ann@spam.test" },
    }
    local v = ask("mail", {}, fake.address "bob@spam.test")
    assert.same({ 550, "5.7.1", "sender bob@spam.test: access denied" }, { v.code, v.enhanced, v.text })
    assert.equal("reject", ask("mail", {}, fake.address "bob@a.spam.test").kind)
    assert.equal("reject", ask("mail", {}, fake.address "news@example.org").kind)
    assert.equal("sender <>: access denied", ask("mail", {}, fake.address "").text)
    assert.is_nil((ask("mail", {}, fake.address "ann@spam.test")))
    assert.is_nil((ask("mail", {}, fake.address "bob@nospam.test")))
  end)

  it("lets nobody skip hooks by a sender, which anyone can write", function()
    load { allow_senders = { "ann@example.org" }, allow_helo = { "a.test" }, skip = { "dnsbl" } }
    local _, session = ask("mail", {}, fake.address "ann@example.org")
    assert.same({}, fake.skipped(session))
    _, session = ask("helo", {}, "a.test")
    assert.same({}, fake.skipped(session))
  end)

  it("refuses by recipient, accepts none", function()
    load {
      deny_recipients = { "old@example.org", "@closed.test" },
      allow_recipients = { "ann@example.org", "ann@closed.test" },
    }
    local v = ask("rcpt", {}, fake.address "old@example.org")
    assert.same({ 550, "recipient old@example.org: access denied" }, { v.code, v.text })
    assert.is_nil((ask("rcpt", {}, fake.address "ann@example.org")))
    assert.equal("reject", ask("rcpt", {}, fake.address "bob@closed.test").kind)
    assert.is_nil((ask("rcpt", {}, fake.address "ann@closed.test")))
  end)

  it("defers when told, with its own text", function()
    load { deny_clients = { "192.0.2.7" }, deny_recipients = { "a@b.test" }, action = "defer",
      text = "100% closed" }
    local v = ask("pre_connection", {})
    assert.same({ "defer", 421, "4.7.1", "client 192.0.2.7: 100% closed" },
      { v.kind, v.code, v.enhanced, v.text })
    assert.equal(451, ask("rcpt", {}, fake.address "a@b.test").code)
  end)

  it("tells the refused what the list says of them", function()
    load { deny_clients = "192.0.2.7 you sent us spam\n192.0.2.8\n", text = "go away" }
    assert.equal("client 192.0.2.7: you sent us spam", ask("pre_connection", {}).text)
    assert.equal("client 192.0.2.8: go away", ask("pre_connection", { ip = "192.0.2.8" }).text)
    load { allow_clients = "192.0.2.7 a friend", deny_clients = { "192.0.2.0/24" } }
    assert.is_nil((ask("pre_connection", {})))
  end)

  it("knows two actions", function()
    assert.has_error(function() load { action = "accept" } end,
      "setting action: must be one of reject, defer")
  end)
end)
