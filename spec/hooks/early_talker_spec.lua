local fake = require "spec.support.fake"

describe("hooks/early_talker", function()
  local function connect(settings, client)
    local session = fake.session(client)
    return fake.hook("early_talker", settings):ask("connect", session), session
  end

  it("has no opinion of a client that waits, and says so", function()
    local v, session = connect({}, {})
    assert.is_nil(v)
    assert.equal(3, fake.waited(session))
    assert.same({ "early_talker pass waited for the banner" }, fake.results(session))
    assert.equal(0, session:score())
  end)

  it("waits as long as it is told", function()
    local _, session = connect({ seconds = "5s" }, {})
    assert.equal(5, fake.waited(session))
  end)

  it("says a first line before it listens, if told so", function()
    local _, session = connect({}, {})
    assert.is_nil(fake.teaser(session))
    _, session = connect({ teaser = "one moment" }, {})
    assert.equal("one moment", fake.teaser(session))
  end)

  it("makes a client wait once, if told to remember", function()
    local hook = fake.hook("early_talker", { remember = "1h" })
    local first, second = fake.session { ip = "192.0.2.7" }, fake.session { ip = "192.0.2.7" }
    assert.is_nil(hook:ask("connect", first))
    assert.equal(3, fake.waited(first))
    assert.is_nil(hook:ask("connect", second))
    assert.is_nil(fake.waited(second))
    assert.same({ "early_talker skip waited before" }, fake.results(second))
    assert.equal(3600, hook.ttl["192.0.2.7"])
    local other = fake.session { ip = "192.0.2.8", early = true }
    assert.equal("reject", hook:ask("connect", other).kind)
    assert.equal("reject", hook:ask("connect", fake.session { ip = "192.0.2.8", early = true }).kind)
  end)

  it("refuses one that does not", function()
    local v, session = connect({}, { early = true })
    assert.same({ "reject", 554, "5.5.1" }, { v.kind, v.code, v.enhanced })
    assert.matches("before our greeting", v.text)
    assert.is_nil(v.is_later)
    assert.same({ "early_talker fail spoke before the banner" }, fake.results(session))
  end)

  it("only records it when told so, with a score", function()
    local v, session = connect({ action = "note" }, { early = true })
    assert.is_nil(v)
    assert.equal(1, session:score())
    v, session = connect({ action = "note", score = 4 }, { early = true })
    assert.is_nil(v)
    assert.equal(4, session:score())
  end)

  it("does not make trusted clients wait", function()
    local v, session = connect({}, { trusted = true, early = true })
    assert.is_nil(v)
    assert.is_nil(fake.waited(session))
    assert.same({}, fake.results(session))
  end)
end)
