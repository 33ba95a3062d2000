local fake = require "spec.support.fake"

describe("hooks/dnsbl", function()
  local session

  -- answers: by zone
  local function connect(settings, answers, client)
    settings.zones = settings.zones or { { zone = "one.test" }, { zone = "two.test" } }
    local h = fake.hook("dnsbl", settings)
    for zone, answer in pairs(answers) do h.dns.bl[zone] = answer end
    session = fake.session(client)
    return h:ask("connect", session), h
  end

  local function listed(zone) return { codes = { "127.0.0.2" }, zone = zone } end

  it("has no opinion of a client that is not listed", function()
    local v = connect({}, { ["one.test"] = false, ["two.test"] = false })
    assert.is_nil(v)
    assert.same({}, fake.results(session))
  end)

  it("asks each zone with its codes", function()
    local zones = { { zone = "one.test" }, { zone = "two.test", codes = "127.0.0.4" } }
    local _, h = connect({ zones = zones }, { ["one.test"] = false, ["two.test"] = false })
    assert.same({
      { ip = "192.0.2.7", zone = "one.test", codes = "127.0.0.[2..254]" },
      { ip = "192.0.2.7", zone = "two.test", codes = "127.0.0.4" },
    }, h.asked)
  end)

  it("refuses a listed client and names the zone, later", function()
    local v = connect({}, { ["one.test"] = false, ["two.test"] = listed "two.test" })
    assert.same({ "reject", 550, "5.7.1", "192.0.2.7 is listed by two.test", true },
      { v.kind, v.code, v.enhanced, v.text, v.is_later })
    assert.same({ "two.test fail 127.0.0.2" }, fake.results(session))
  end)

  it("names all of them", function()
    local v = connect({}, { ["one.test"] = listed "one.test", ["two.test"] = listed "two.test" })
    assert.equal("192.0.2.7 is listed by one.test, two.test", v.text)
  end)

  it("refuses at the threshold, not below", function()
    local zones = { { zone = "one.test", weight = 2 }, { zone = "two.test", weight = 3 } }
    local only_two = { ["one.test"] = false, ["two.test"] = listed "two.test" }
    assert.is_nil((connect({ zones = zones, threshold = 4 }, only_two)))
    assert.equal(3, session:score())
    assert.equal("reject", connect({ zones = zones, threshold = 3 }, only_two).kind)
    local both = { ["one.test"] = listed "one.test", ["two.test"] = listed "two.test" }
    assert.equal("reject", connect({ zones = zones, threshold = 5 }, both).kind)
    assert.is_nil((connect({ zones = zones, threshold = 6 }, both)))
  end)

  it("lets a list of good senders weigh against", function()
    local zones = { { zone = "one.test" }, { zone = "two.test", weight = -1 } }
    assert.is_nil((connect({ zones = zones },
      { ["one.test"] = listed "one.test", ["two.test"] = listed "two.test" })))
  end)

  it("asks the others when one cannot be asked", function()
    local v = connect({},
      { ["one.test"] = fake.error("timeout", "late"), ["two.test"] = listed "two.test" })
    assert.equal("192.0.2.7 is listed by two.test", v.text)
    assert.same({ "one.test error late", "two.test fail 127.0.0.2" }, fake.results(session))
  end)

  it("does not blame the client when none can be asked", function()
    assert.is_nil((connect({},
      { ["one.test"] = fake.error "timeout", ["two.test"] = fake.error("refused", "refused to us") })))
    assert.same({ "one.test error timeout", "two.test error refused to us" }, fake.results(session))
    assert.equal(0, session:score())
  end)

  it("asks nothing about trusted clients", function()
    local v, h = connect({}, {}, { trusted = true })
    assert.is_nil(v)
    assert.same({}, h.asked)
  end)

  it("must be told the zones", function()
    assert.has_error(function() fake.hook "dnsbl" end, "setting zones: is required")
    assert.has_error(function() fake.hook("dnsbl", { zones = { { codes = "x" } } }) end,
      "setting zones[1].zone: is required")
  end)
end)
