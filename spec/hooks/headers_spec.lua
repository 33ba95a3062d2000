local fake = require "spec.support.fake"

describe("hooks/headers", function()
  local today = "Thu, 19 Nov 2026 10:00:00 +0000"		-- the fake's now
  local session

  -- fields: changes of a good header; a list of values repeats a field, false leaves it out
  local function ask(settings, fields, client)
    local good, all = { From = "ann@example.org", Date = today, To = "bob@example.net" }, {}
    for name, value in pairs(fields or {}) do good[name] = value end
    for name, value in pairs(good) do
      for _, one in ipairs(type(value) == "table" and value or { value or nil }) do
        all[#all + 1] = { name, one }
      end
    end
    session = fake.session(client)
    return fake.hook("headers", settings):ask("headers", session, fake.message(all))
  end

  local function refused(text, settings, fields)
    local v = ask(settings, fields)
    assert.same({ "reject", 550, "5.6.0", text .. " (RFC 5322 3.6)" },
      { v.kind, v.code, v.enhanced, v.text })
    assert.same({ "headers fail " .. text }, fake.results(session))
  end

  it("has no opinion of a good header", function()
    assert.is_nil(ask {})
    assert.same({}, fake.results(session))
  end)

  it("wants From and Date", function()
    refused("no From field", {}, { From = false })
    refused("no Date field", {}, { Date = false })
    assert.is_nil(ask({}, { To = false }))
  end)

  it("does not care for the case of a name", function()
    assert.is_nil(ask({}, { From = false, FROM = "ann@example.org" }))
    refused("more than one From field", {}, { FROM = "eve@example.org" })
  end)

  it("wants what it is told", function()
    refused("no Message-Id field", { required = { "Message-Id" } }, { From = false })
    assert.is_nil(ask({ required = {} }, { From = false, Date = false }))
  end)

  it("wants single fields once", function()
    refused("more than one From field", {}, { From = { "ann@example.org", "eve@example.org" } })
    refused("more than one Subject field", {}, { Subject = { "a", "a" } })
    assert.is_nil(ask({}, { Received = { "a", "b" }, Comments = { "a", "b" } }))
    assert.is_nil(ask({ single = {} }, { Subject = { "a", "a" } }))
  end)

  it("looks at how far ahead the date is", function()
    assert.is_nil(ask({}, { Date = "Sat, 21 Nov 2026 10:00:00 +0000" }))
    refused("Date is in the future", {}, { Date = "Sat, 21 Nov 2026 10:00:01 +0000" })
    assert.is_nil(ask({ future = "0s" }, { Date = "Sat, 21 Nov 2037 10:00:00 +0000" }))
  end)

  it("looks at how old it is when told", function()
    assert.is_nil(ask({}, { Date = "Mon, 19 Nov 2001 10:00:00 +0000" }))
    assert.is_nil(ask({ past = "10d" }, { Date = "Mon, 9 Nov 2026 10:00:00 +0000" }))
    refused("Date is too long ago", { past = "10d" }, { Date = "Mon, 9 Nov 2026 09:59:59 +0000" })
    assert.is_nil(ask({ past = "10d" },
      { Date = "Mon, 9 Nov 2020 09:59:59 +0000", ["Resent-Date"] = today }))
  end)

  it("reads dates as they come", function()
    local past = { past = "1d" }
    for _, date in ipairs {
      "19 Nov 26 10:00 GMT", "Thu, 19 Nov 2026 11:00:00 +0100 (CET)", "19 Nov 2026 05:00 EST",
    } do
      assert.is_nil(ask(past, { Date = date }))
      assert.same({}, fake.results(session))
    end
    refused("Date is too long ago", past, { Date = "18 Nov 2026 10:59:59 +0100" })
  end)

  it("notes a date that is none", function()
    assert.is_nil(ask({ past = "1d" }, { Date = "yesterday" }))
    assert.same({ "headers fail Date is not a date" }, fake.results(session))
    assert.equal(1, session:score())
    refused("Date is not a date", { date_syntax = "reject" }, { Date = "yesterday" })
  end)

  it("notes instead of refusing, or looks away", function()
    local note = { missing = "note", duplicate = "note", date = "note", score = 2 }
    local bad = { From = false, Subject = { "a", "b" }, Date = "Sat, 21 Nov 2037 10:00:00 +0000" }
    assert.is_nil(ask(note, bad))
    assert.same({
      "headers fail no From field", "headers fail more than one Subject field",
      "headers fail Date is in the future",
    }, fake.results(session))
    assert.equal(6, session:score())
    assert.is_nil(ask({ missing = "off", duplicate = "off", date = "off" }, bad))
    assert.same({}, fake.results(session))
  end)

  it("leaves trusted clients and logged-in ones alone", function()
    for _, client in ipairs { { trusted = true }, { auth = "ann" } } do
      assert.is_nil(ask({}, { From = false, Date = false }, client))
      assert.same({}, fake.results(session))
    end
  end)
end)
