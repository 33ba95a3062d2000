local fake = require "spec.support.fake"

describe("hooks/tarpit", function()
  local function slept(settings, client, stage, arg)
    local h = fake.hook("tarpit", settings)
    local v = h:ask(stage or "rcpt", fake.session(client), arg or fake.address "a@b.test")
    return h.clock.slept, v
  end

  it("costs nothing at first", function()
    assert.equal(0, (slept({}, { errors = 0 })))
    assert.equal(0, (slept({}, { errors = 3 })))
  end)

  it("costs a step for each error above, up to the longest wait", function()
    assert.equal(2, (slept({}, { errors = 4 })))
    assert.equal(4, (slept({}, { errors = 5 })))
    assert.equal(20, (slept({}, { errors = 13 })))
    assert.equal(20, (slept({}, { errors = 14 })))
    assert.equal(20, (slept({}, { errors = 1000 })))
  end)

  it("takes other figures", function()
    assert.equal(3, (slept({ errors = 0, step = "1s", max = "3s" }, { errors = 7 })))
    assert.equal(2, (slept({ errors = 0, step = "1s", max = "3s" }, { errors = 2 })))
  end)

  it("has no opinion", function()
    for _, stage in ipairs { "mail", "rcpt", "data" } do
      local seconds, v = slept({}, { errors = 9 }, stage)
      assert.equal(12, seconds)
      assert.is_nil(v)
    end
  end)

  it("does not look at the score unless told", function()
    assert.equal(0, (slept({}, { score = 100 })))
  end)

  it("adds a step at the score", function()
    assert.equal(0, (slept({ score = 5 }, { score = 4 })))
    assert.equal(2, (slept({ score = 5 }, { score = 5 })))
    assert.equal(4, (slept({ score = 5 }, { score = 5, errors = 4 })))
  end)

  it("gives up when told, after the longest wait", function()
    assert.is_nil((select(2, slept({ give_up = 10 }, { errors = 9 }))))
    local seconds, v = slept({ give_up = 10 }, { errors = 10 })
    assert.equal(0, seconds)
    assert.same({ "defer", 421, "4.7.0", 20, true },
      { v.kind, v.code, v.enhanced, v.delayed, v.hangs_up })
  end)

  it("delays no verdict for longer than it may", function()
    local _, v = slept({ give_up = 1, max = "5m" }, { errors = 1 })
    assert.equal(60, v.delayed)
  end)

  it("leaves trusted clients and logged-in ones alone", function()
    for _, client in ipairs { { trusted = true }, { auth = "ann" } } do
      client.errors, client.score = 50, 50
      local seconds, v = slept({ score = 1, give_up = 1 }, client)
      assert.equal(0, seconds)
      assert.is_nil(v)
    end
  end)

  it("lets mail pass if it fails itself", function()
    assert.equal("next", fake.hook("tarpit").hook.on_error)
  end)
end)
