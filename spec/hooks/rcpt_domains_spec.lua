local fake = require "spec.support.fake"

describe("hooks/rcpt_domains", function()
  local h

  before_each(function()
    h = fake.hook("rcpt_domains", {
      domains = { "example.org", ".sub.example.net", "[192.0.2.1]" },
    })
  end)

  local function rcpt(address, session)
    local v = h:ask("rcpt", session or fake.session(), fake.address(address))
    return v and v.kind
  end

  for _, address in ipairs {
    "ann@example.org", "ann@EXAMPLE.Org", "ann@a.sub.example.net", "ann@b.a.sub.example.net",
    "postmaster", "ann@[192.0.2.1]", '"a@b"@example.org',
  } do
    it("accepts " .. address, function() assert.equal("accept", rcpt(address)) end)
  end

  for _, address in ipairs {
    "ann@example.com", "ann@www.example.org", "ann@notexample.org", "ann@sub.example.net",
    "ann@example.org.evil.test", "ann@[192.0.2.2]", "ann@[203.0.113.1]", '"x@example.org"@evil.test',
  } do
    it("has no opinion of " .. address, function() assert.is_nil(rcpt(address)) end)
  end

  it("is no relay for trusted clients", function()
    assert.is_nil(rcpt("ann@example.com", fake.session { trusted = true }))
  end)

  it("must be told the domains", function()
    assert.has_error(function() fake.hook "rcpt_domains" end, "setting domains: is required")
  end)

  it("takes them as text", function()
    h = fake.hook("rcpt_domains", { domains = "# ours\nexample.org\n\nexample.net # too\n" })
    assert.equal("accept", rcpt "ann@example.net")
    assert.is_nil(rcpt "ann@ours")
  end)
end)
