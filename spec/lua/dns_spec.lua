local library = require "spec.support.library"

local function reversed(address)
  local a, b, c, d = address:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$"

  return a and ("%s.%s.%s.%s"):format(d, c, b, a)
end

local ip = {
  parse = function(text)
    return reversed(text) and text or text:find ":" and text:lower() or false
  end,
  reversed = reversed,
}

-- answers: "a name" -> list, or the text of an error; a question not there is an error.
local function dns(answers)
  local function ask(type)
    return function(name)
      local answer = assert(answers[type .. " " .. name], type .. " " .. name)

      if _G.type(answer) == "string" then
        return nil, { text = answer }
      end
      return answer
    end
  end
  local raw = {
    error = function(kind, temporary, text)
      return { kind = kind, temporary = temporary, text = text }
    end,
  }

  for _, type in ipairs { "a", "aaaa", "txt", "ptr", "mx" } do
    raw[type] = ask(type)
  end
  return library.load("dns", raw, { ["lunette.ip"] = ip })
end

describe("lunette.dns", function()
  describe("bl", function()
    local zone = "bl.test"

    local function bl(answer, codes)
      return dns { ["a 7.2.0.192.bl.test"] = answer }.bl("192.0.2.7", zone, codes)
    end

    it("is false where there is no answer", function()
      assert.is_false(bl {})
    end)

    it("gives codes and zone", function()
      assert.same({ codes = { "127.0.0.2", "127.0.0.4" }, zone = zone }, bl { "127.0.0.2", "127.0.0.4" })
    end)

    it("asks for a domain as it is", function()
      local d = dns { ["a bad.test.bl.test"] = { "127.0.1.2" } }

      assert.same({ "127.0.1.2" }, d.bl("bad.test", zone).codes)
    end)

    for codes, want in pairs {
      ["127.0.0.[2..9]"] = "127.0.0.2 127.0.0.9",
      ["127.0.0.2"] = "127.0.0.2",
      ["127.0.0.*"] = "127.0.0.2 127.0.0.9 127.0.0.10",
      ["127.[0..0].[0..1].[10..11]"] = "127.0.0.10",
    } do
      it("takes codes like " .. codes, function()
        local hit = bl({ "127.0.0.2", "127.0.0.9", "127.0.0.10" }, codes)

        assert.equal(want, table.concat(hit.codes, " "))
      end)
    end

    it("takes a list of codes", function()
      assert.same({ "127.0.0.9" }, bl({ "127.0.0.2", "127.0.0.9" }, { "127.0.0.9", "127.0.0.8" }).codes)
    end)

    it("is false where no code fits", function()
      assert.is_false(bl({ "127.0.0.2" }, "127.0.0.[3..9]"))
    end)

    it("does not take the address of a parked domain for a hit", function()
      assert.is_false(bl { "192.0.2.80" })
    end)

    it("knows a refusal", function()
      local hit, err = bl { "127.255.255.254" }

      assert.is_nil(hit)
      assert.equal("refused", err.kind)
    end)

    it("passes a failure on", function()
      local hit, err = bl "no answer"

      assert.is_nil(hit)
      assert.equal("no answer", err.text)
    end)

    for _, codes in ipairs { "127.0.0", "127.0.0.x", "127.0.0.[2-9]", "1.2.3.4.5", "" } do
      it("raises on the pattern '" .. codes .. "'", function()
        assert.has_error(function()
          bl({}, codes)
        end)
      end)
    end
  end)

  describe("fcrdns", function()
    it("gives a name that leads back", function()
      local d = dns {
        ["ptr 192.0.2.7"] = { "one.test", "two.test" },
        ["a one.test"] = { "192.0.2.8" },
        ["a two.test"] = { "192.0.2.9", "192.0.2.7" },
      }

      assert.equal("two.test", d.fcrdns "192.0.2.7")
    end)

    it("asks for AAAA where the address is IPv6", function()
      local d = dns { ["ptr ::7"] = { "one.test" }, ["aaaa one.test"] = { "::7" } }

      assert.equal("one.test", d.fcrdns "::7")
    end)

    it("is false without a name, or if none leads back", function()
      assert.is_false(dns { ["ptr 192.0.2.7"] = {} }.fcrdns "192.0.2.7")
      assert.is_false(dns { ["ptr 192.0.2.7"] = { "x.test" }, ["a x.test"] = {} }.fcrdns "192.0.2.7")
    end)

    it("is an error where we could not find out", function()
      local name, err = dns { ["ptr 192.0.2.7"] = "timeout" }.fcrdns "192.0.2.7"

      assert.is_nil(name)
      assert.equal("timeout", err.text)
      name, err = dns { ["ptr 192.0.2.7"] = { "x.test" }, ["a x.test"] = "timeout" }.fcrdns "192.0.2.7"
      assert.is_nil(name)
      assert.equal("timeout", err.text)
    end)

    it("asks for ten names at most", function()
      local answers, names = {}, {}

      for i = 1, 30 do
        names[i] = ("n%d.test"):format(i)
        answers["a " .. names[i]] = i <= 10 and {} or nil
      end
      answers["ptr 192.0.2.7"] = names
      assert.is_false(dns(answers).fcrdns "192.0.2.7")
    end)
  end)
end)
