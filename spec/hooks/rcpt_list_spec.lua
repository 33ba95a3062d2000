local fake = require "spec.support.fake"

describe("hooks/rcpt_list", function()
  local h, session

  local function load(settings)
    settings.addresses = settings.addresses or { "ann@example.org", "bob@example.net", "@all.test" }
    settings.domains = settings.domains or { "example.org" }
    h = fake.hook("rcpt_list", settings)
    session = fake.session()
  end

  local function rcpt(address)
    return h:ask("rcpt", session, fake.address(address))
  end

  local function kind(address)
    local v = rcpt(address)
    return v and v.kind
  end

  before_each(function() load {} end)

  it("accepts who is listed", function()
    assert.equal("accept", kind "ann@example.org")
    assert.equal("accept", kind "Ann@Example.ORG")
    assert.equal("accept", kind "bob@example.net")
  end)

  it("accepts everyone of a domain that is listed whole", function()
    assert.equal("accept", kind "anyone@all.test")
  end)

  it("refuses an unknown user where the list is complete", function()
    local v = rcpt "carl@example.org"
    assert.same({ "reject", 550, "5.1.1", "carl@example.org: no such user here" },
      { v.kind, v.code, v.enhanced, v.text })
    assert.same({ "rcpt_list fail unknown: carl@example.org" }, fake.results(session))
  end)

  it("has no opinion elsewhere", function()
    assert.is_nil(kind "carl@example.net")
    assert.is_nil(kind "ann@example.org.test")
    assert.same({}, fake.results(session))
  end)

  it("refuses an unknown user for trusted clients as well", function()
    session = fake.session { trusted = true }
    assert.equal("reject", kind "carl@example.org")
  end)

  it("sends an address with a per cent sign as it is", function()
    assert.equal("100%s@example.org: no such user here", rcpt("100%s@example.org").text)
  end)

  it("accepts postmaster with the domain and without", function()
    assert.equal("accept", kind "postmaster")
    assert.equal("accept", kind "PostMaster@example.org")
    assert.is_nil(kind "postmaster@example.com")
  end)

  it("leaves postmaster to others when told so", function()
    load { postmaster = false }
    assert.is_nil(kind "postmaster")
    assert.equal("reject", kind "postmaster@example.org")
  end)

  it("takes a detail for part of the name, unless a separator is set", function()
    assert.equal("reject", kind "ann+x@example.org")
  end)

  it("cuts the detail at the separator", function()
    load { separator = "+" }
    assert.equal("accept", kind "ann+x@example.org")
    assert.equal("accept", kind "ann+x+y@example.org")
    assert.equal("accept", kind "ann+@example.org")
    assert.equal("reject", kind "carl+ann@example.org")
    assert.equal("reject", kind "+ann@example.org")
    assert.equal("accept", kind "postmaster")
  end)

  it("does not take the separator for a pattern", function()
    load { separator = "." }
    assert.equal("accept", kind "ann.x@example.org")
    assert.equal("reject", kind "annx@example.org")
  end)

  it("refuses nobody when no list is complete", function()
    load { domains = {} }
    assert.equal("accept", kind "ann@example.org")
    assert.is_nil(kind "carl@example.org")
  end)
end)
