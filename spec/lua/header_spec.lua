local library = require "spec.support.library"

local header = library.load("header", nil, { ["lunette.base64"] = library.base64 })

describe("lunette.header", function()
  describe("decode", function()
    for given, want in pairs {
      ["plain"] = "plain",
      ["=?utf-8?q?caf=C3=A9?="] = "caf\195\169",
      ["=?UTF-8?B?Y2Fmw6k=?="] = "caf\195\169",
      ["=?UTF-8?B?Y2Fmw6k?="] = "caf\195\169",
      ["=?iso-8859-1?Q?caf=E9_au_lait?="] = "caf\195\169 au lait",
      ["=?windows-1252?q?=80?="] = "\226\130\172",
      ["=?utf-8*en?q?x?="] = "x",
      ["=?utf-8?q?a?= =?utf-8?q?b?="] = "ab",
      ["=?utf-8?q?a?= b =?utf-8?q?c?="] = "a b c",
      ["a =?utf-8?q?b?="] = "a b",
      ["=?koi8-r?q?=C1?="] = "=?koi8-r?q?=C1?=",
      ["=?utf-8?b?!?="] = "=?utf-8?b?!?=",
      ["=?utf-8?q?open"] = "=?utf-8?q?open",
      [""] = "",
    } do
      it(given, function()
        assert.equal(want, header.decode(given))
      end)
    end
  end)

  describe("addresses", function()
    local function addresses(text)
      local out = {}

      for _, a in ipairs(header.addresses(text)) do
        out[#out + 1] = a.name .. "|" .. a.address
      end
      return table.concat(out, " ")
    end

    for given, want in pairs {
      ["a@b.test"] = "|a@b.test",
      ["A B <a@b.test>"] = "A B|a@b.test",
      ['"B, A" <a@b.test>, c@d.test'] = "B, A|a@b.test |c@d.test",
      ['"q\\"q" <a@b.test>'] = 'q"q|a@b.test',
      ["a@b.test (a, comment)"] = "|a@b.test",
      ["=?utf-8?q?=C3=A9?= <a@b.test>"] = "\195\169|a@b.test",
      ["group: a@b.test, c@d.test;"] = "|a@b.test |c@d.test",
      ["none:;"] = "",
      ["<>"] = "",
      [""] = "",
    } do
      it(given, function()
        assert.equal(want, addresses(given))
      end)
    end
  end)

  describe("date", function()
    for given, want in pairs {
      ["Thu, 01 Jan 1970 00:00:00 +0000"] = 0,
      ["Fri, 20 Nov 2026 12:00:00 +0100"] = 1795172400,
      ["20 Nov 2026 11:00:00 GMT"] = 1795172400,
      ["Fri, 20 Nov 2026 06:00 EST"] = 1795172400,
      ["Fri, 20 Nov 2026 12:00:00 +0100 (CET)"] = 1795172400,
      ["29 Feb 2024 00:00:00 +0000"] = 1709164800,
      ["29 Feb 2023 00:00:00 +0000"] = false,
      ["1 Jan 99 00:00:00 +0000"] = 915148800,
      ["32 Jan 2026 00:00:00 +0000"] = false,
      ["1 Foo 2026 00:00:00 +0000"] = false,
      ["1 Jan 2026 24:00:00 +0000"] = false,
      ["yesterday"] = false,
      [""] = false,
    } do
      it(given, function()
        assert.equal(want, header.date(given))
      end)
    end
  end)

  describe("parameters", function()
    local function parameters(text)
      local value, found = header.parameters(text)
      local out = {}

      for k, v in pairs(found) do
        out[#out + 1] = k .. "=" .. v
      end
      table.sort(out)
      return value .. " " .. table.concat(out, " ")
    end

    for given, want in pairs {
      ["text/plain"] = "text/plain ",
      ["text/plain; charset=utf-8"] = "text/plain charset=utf-8",
      ['a/b; Name="x;y\\"z"'] = 'a/b name=x;y"z',
      ["a/b; name*=utf-8'en'caf%C3%A9"] = "a/b name=caf\195\169",
      ["a/b; n*0=ab; n*1=cd"] = "a/b n=abcd",
      ["a/b; n*0*=utf-8''a%20; n*1=b"] = "a/b n=a b",
      ["a/b; n*1=late"] = "a/b n=",
      ["a/b; junk"] = "a/b ",
    } do
      it(given, function()
        assert.equal(want, parameters(given))
      end)
    end
  end)
end)
