local fake = require "spec.support.fake"

describe("hooks/fcrdns", function()
  local function connect(settings, answer, client)
    local h = fake.hook("fcrdns", settings)
    local session = fake.session(client)
    h.dns.fcrdns["192.0.2.7"] = answer
    return h:ask("connect", session), session
  end

  it("sets the name that leads back", function()
    local v, session = connect({ require = true }, "a.example.org")
    assert.is_nil(v)
    assert.equal("a.example.org", session.client.name)
    assert.same({ "fcrdns pass a.example.org" }, fake.results(session))
    assert.equal(0, session:score())
  end)

  it("records a client without one", function()
    local v, session = connect({}, false)
    assert.is_nil(v)
    assert.is_nil(session.client.name)
    assert.same({ "fcrdns fail no name that leads back" }, fake.results(session))
    assert.equal(1, session:score())
  end)

  it("refuses it when a name is required, but later", function()
    local v = connect({ require = true }, false)
    assert.same({ "reject", 550, "5.7.25", true }, { v.kind, v.code, v.enhanced, v.is_later })
    assert.matches("192.0.2.7 has no name", v.text)
  end)

  it("takes a DNS failure for no answer", function()
    local v, session = connect({}, fake.error("timeout", "no answer in time"))
    assert.is_nil(v)
    assert.is_nil(session.client.name)
    assert.same({ "fcrdns error no answer in time" }, fake.results(session))
    assert.equal(0, session:score())
  end)

  it("never refuses for good when DNS fails", function()
    for _, kind in ipairs { "timeout", "refused", "protocol" } do
      local v = connect({ require = true }, fake.error(kind))
      assert.same({ "defer", 451, "4.7.25", true }, { v.kind, v.code, v.enhanced, v.is_later })
    end
  end)

  it("looks trusted clients up and refuses none", function()
    local v, session = connect({ require = true }, "a.example.org", { trusted = true })
    assert.is_nil(v)
    assert.equal("a.example.org", session.client.name)
    assert.is_nil((connect({ require = true }, false, { trusted = true })))
    assert.is_nil((connect({ require = true }, fake.error "timeout", { trusted = true })))
  end)
end)
