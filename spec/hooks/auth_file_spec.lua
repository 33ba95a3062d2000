local fake = require "spec.support.fake"

describe("hooks/auth_file", function()
  local ANN = "$6$saltsalt$" .. ("a"):rep(86)
  local BOB = "$2b$10$" .. ("b"):rep(53)
  local TEXT = ("# people\n\nann:%s\nbob:%s:1000:100:Bob:/home/bob\r\n  cy:!%s\n"):format(ANN, BOB, BOB)

  local function hook(settings)
    local h = fake.hook("auth_file", settings)
    h.passwords[ANN], h.passwords[BOB] = "s3cret", "tr0ub4dor"
    return h
  end

  local function ask(h, o, client)
    local login, session = fake.login(o), fake.session(client)
    local v = h:ask("auth", session, login)
    return v and v.kind, login, session
  end

  it("accepts a name and its password", function()
    local h = hook { users = TEXT }
    local kind, login = ask(h, { user = "ann", password = "s3cret" })
    assert.equal("accept", kind)
    assert.equal("ann", login.user)
    assert.equal("accept", (ask(h, { user = "bob", password = "tr0ub4dor", mechanism = "LOGIN" })))
  end)

  it("takes a table as well", function()
    local h = hook { users = { ann = ANN } }
    assert.equal("accept", (ask(h, { user = "ann", password = "s3cret" })))
  end)

  it("has no opinion of others, and records them without the password", function()
    local h = hook { users = TEXT }
    local kind, _, session = ask(h, { user = "ann", password = "tr0ub4dor" })
    assert.is_nil(kind)
    assert.same({ "auth_file fail wrong password for ann" }, fake.results(session))
    kind, _, session = ask(h, { user = "eve", password = "s3cret" })
    assert.is_nil(kind)
    assert.same({ "auth_file fail no user eve" }, fake.results(session))
    for _, user in ipairs { "Ann", "ann@example.org", "ann ", "", "cy", "# people" } do
      assert.is_nil((ask(h, { user = user, password = "s3cret" })), user)
    end
    assert.is_nil((ask(h, { user = "ann" })))
  end)

  it("works as hard for a user that there is not", function()
    local h = hook { users = TEXT }
    for i = 1, 20 do
      ask(h, { user = "nobody" .. i, password = "s3cret" })
      ask(h, { user = "nobody" .. i, password = "s3cret" })
      assert.equal(2 * i, #h.hashed)
      assert.equal(h.hashed[2 * i - 1], h.hashed[2 * i])
    end
    ask(h, { user = "cy", password = "x" })
    assert.equal(41, #h.hashed)
  end)

  it("does not let a decoy fit", function()
    local h = hook { users = { ann = ANN } }
    assert.is_nil((ask(h, { user = "nobody", password = "s3cret" })))
    assert.same({ ANN }, h.hashed)
  end)

  it("knows its realm, and small letters if told so", function()
    local h = hook { users = { ann = ANN }, realm = "Example.org", lowercase = true }
    for _, user in ipairs { "ann", "ANN", "ann@example.org", "Ann@EXAMPLE.org" } do
      local kind, login = ask(h, { user = user, password = "s3cret" })
      assert.equal("accept", kind, user)
      assert.equal("ann", login.user)
    end
    assert.is_nil((ask(h, { user = "ann@example.net", password = "s3cret" })))
    h = hook { users = { ["ann@example.net"] = ANN } }
    assert.equal("accept", (ask(h, { user = "ann@example.net", password = "s3cret" })))
  end)

  it("lets nobody be another", function()
    local h = hook { users = TEXT, realm = "example.org" }
    for authzid, want in pairs { [""] = "accept", ann = "accept", ["ann@example.org"] = "accept",
      bob = "none", root = "none" } do
      local kind = ask(h, { user = "ann", password = "s3cret", authzid = authzid })
      assert.equal(want, kind or "none", authzid)
    end
  end)

  it("fails for now when a hash cannot be computed", function()
    local h = hook { users = TEXT }
    h.passwords[ANN] = fake.error("protocol", "no such kind")
    assert.error_matches(function() ask(h, { user = "ann", password = "x" }) end, "no such kind")
  end)

  describe("refuses at load", function()
    local cases = {
      { "a password", "ann:s3cret\n", "line 1: ann: a hash" },
      { "a hash of DES", "ann:ab3kZ9kYQm5Qs\n", "line 1: ann: a hash" },
      { "a kind that is none", "ann:$9$" .. ("x"):rep(40), "line 1: ann: a hash" },
      { "a hash cut off", "\n\nann:$6$salt$", "line 3: ann: a hash" },
      { "no colon", "ann\n", "line 1: user:hash expected" },
      { "no name", ":" .. ANN, "line 1: a name expected" },
      { "a name twice", ("ann:%s\nann:%s\n"):format(ANN, ANN), "line 2: ann is there already" },
      { "a table of passwords", { ann = "s3cret" }, "users: ann: a hash" },
      { "a list", { ANN }, "{ user = hash } expected" },
      { "a number", 7, "a text or a table" },
    }
    for _, case in ipairs(cases) do
      it(case[1], function()
        local ok, err = pcall(hook, { users = case[2] })
        assert.is_false(ok)
        assert.truthy(tostring(err):find(case[3], 1, true), tostring(err))
        assert.is_nil(tostring(err):find "s3cret")
      end)
    end
  end)

  describe("with certificates", function()
    local PRINT = ("0a"):rep(32)
    local settings = { certificates = { [("0A:"):rep(31) .. "0A"] = "ann", ["CN=Bob"] = "bob" } }

    local function external(tls, authzid)
      local o = { mechanism = "EXTERNAL", user = tls and tls.subject or "", authzid = authzid }
      return ask(hook(settings), o, { tls = tls })
    end

    it("knows them by fingerprint or subject", function()
      local kind, login = external { verified = true, fingerprint = PRINT, subject = "CN=x" }
      assert.same({ "accept", "ann" }, { kind, login.user })
      kind, login = external({ verified = true, fingerprint = "ff", subject = "CN=Bob" }, "bob")
      assert.same({ "accept", "bob" }, { kind, login.user })
    end)

    it("believes none that is not verified, is unknown, or wants to be another", function()
      assert.is_nil((external(nil)))
      assert.is_nil((external { verified = false, fingerprint = PRINT, subject = "CN=Bob" }))
      assert.is_nil((external { verified = true, fingerprint = "ff", subject = "CN=Eve" }))
      assert.is_nil((external { verified = true }))
      assert.is_nil((external({ verified = true, fingerprint = PRINT }, "bob")))
    end)

    it("has no passwords then", function()
      local h = hook(settings)
      assert.is_nil((ask(h, { user = "ann", password = "s3cret" })))
      assert.same({}, h.hashed)
    end)
  end)
end)
