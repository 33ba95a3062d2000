local fake = require "spec.support.fake"

describe("hooks/relay_clients", function()
  local function rcpt(settings, client, to)
    local h = fake.hook("relay_clients", settings)
    client.sender = client.sender or "ann@example.org"
    local session = fake.session(client)
    local v = h:ask("rcpt", session, fake.address(to or "bob@elsewhere.test"))
    return v and v.kind, session
  end

  it("accepts any recipient of a trusted client", function()
    assert.equal("accept", rcpt({}, { trusted = true }))
    assert.equal("accept", rcpt({}, { trusted = true }, "postmaster"))
  end)

  it("accepts any recipient of who has logged in", function()
    assert.equal("accept", rcpt({}, { auth = "ann" }))
  end)

  it("does not, if told so", function()
    assert.is_nil((rcpt({ authenticated = false }, { auth = "ann" })))
    assert.equal("accept", rcpt({ authenticated = false }, { auth = "ann", trusted = true }))
  end)

  it("lets people send only as themselves, if told so", function()
    local settings = { own_sender = true, senders = { "example.org" } }
    for auth, senders in pairs {
      ann = { ["ann@example.org"] = 1, [""] = 1, ["Ann@example.org"] = 1, ["bob@example.org"] = 0,
        ["ann@example.net"] = 0 },
      ["ann@Example.org"] = { ["ann@example.org"] = 1, ["ann@example.net"] = 0,
        ["bob@example.org"] = 0 },
    } do
      for sender, want in pairs(senders) do
        local kind = rcpt(settings, { auth = auth, sender = sender })
        assert.equal(want == 1 and "accept" or "none", kind or "none", auth .. " " .. sender)
      end
    end
    assert.equal("accept", rcpt(settings, { trusted = true, sender = "bob@example.org" }))
  end)

  it("has no opinion of others", function()
    assert.is_nil((rcpt({}, {})))
  end)

  it("accepts clients of its own", function()
    local settings = { clients = { "198.51.100.0/25", "2001:db8::/32" } }
    assert.equal("accept", rcpt(settings, { ip = "198.51.100.127" }))
    assert.equal("accept", rcpt(settings, { ip = "2001:db8:1::1" }))
    assert.is_nil((rcpt(settings, { ip = "198.51.100.128" })))
    assert.is_nil((rcpt(settings, { ip = "2001:db9::1" })))
  end)

  describe("with senders", function()
    local settings = { senders = { "example.org", ".example.org" } }

    it("accepts theirs", function()
      assert.equal("accept", rcpt(settings, { trusted = true, sender = "ann@example.org" }))
      assert.equal("accept", rcpt(settings, { auth = "ann", sender = "ann@a.example.org" }))
    end)

    it("accepts the null sender: a notice must get out", function()
      assert.equal("accept", rcpt(settings, { trusted = true, sender = "" }))
    end)

    it("has no opinion of other senders, and records it", function()
      local kind, session = rcpt(settings, { trusted = true, sender = "ann@evil.test" })
      assert.is_nil(kind)
      assert.same({ "relay_clients fail may not send as ann@evil.test" }, fake.results(session))
    end)

    it("is nothing that makes a stranger ours", function()
      assert.is_nil((rcpt(settings, { sender = "ann@example.org" })))
    end)
  end)
end)
