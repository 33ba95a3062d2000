local fake = require "spec.support.fake"

describe("hooks/client_limit", function()
  local function ask(settings, client)
    local session = fake.session(client)
    return fake.hook("client_limit", settings):ask("pre_connection", session), session
  end

  it("has no opinion up to the limit", function()
    assert.is_nil((ask({}, { connections = 1 })))
    assert.is_nil((ask({}, { connections = 10 })))
  end)

  it("says come back later above it", function()
    local v, session = ask({}, { connections = 11 })
    assert.same({ "defer", 421, "4.7.0", "too many connections from 192.0.2.7" },
      { v.kind, v.code, v.enhanced, v.text })
    assert.same({ "client_limit fail 11 of 10" }, fake.results(session))
  end)

  it("takes another limit", function()
    assert.is_nil((ask({ max = 2 }, { connections = 2 })))
    assert.equal("defer", ask({ max = 2 }, { connections = 3 }).kind)
  end)

  it("takes 0 for no limit", function()
    assert.is_nil((ask({ max = 0 }, { connections = 1000 })))
  end)

  it("leaves trusted clients alone", function()
    assert.is_nil((ask({ max = 1 }, { connections = 5, trusted = true })))
  end)

  describe("by network", function()
    local settings = { max = 2, nets = {
      { clients = { "192.0.2.7" }, max = 4 },
      { clients = { "192.0.2.0/24", "2001:db8::/32" }, max = 1 },
      { clients = { "198.51.100.0/24" }, max = 0 },
    } }

    it("takes the first that holds the client", function()
      assert.is_nil((ask(settings, { ip = "192.0.2.7", connections = 4 })))
      assert.equal("defer", ask(settings, { ip = "192.0.2.7", connections = 5 }).kind)
      assert.is_nil((ask(settings, { ip = "192.0.2.8", connections = 1 })))
      assert.equal("defer", ask(settings, { ip = "192.0.2.8", connections = 2 }).kind)
      assert.equal("defer", ask(settings, { ip = "2001:db8::1", connections = 2 }).kind)
    end)

    it("knows networks without a limit", function()
      assert.is_nil((ask(settings, { ip = "198.51.100.1", connections = 500 })))
    end)

    it("holds max for the rest", function()
      assert.equal("defer", ask(settings, { ip = "203.0.113.9", connections = 3 }).kind)
      assert.is_nil((ask(settings, { ip = "203.0.113.9", connections = 2 })))
    end)

    it("wants both fields", function()
      assert.has_error(function() ask({ nets = { { clients = {} } } }, {}) end,
        "setting nets[1].max: is required")
    end)
  end)
end)
