local row = require "spec.support.row"

row { 91,
  "A next hop that says more behind the reply to STARTTLS, that stops offering it, refuses " ..
    "it, or hangs in it",
  answer = "The connection is given up: 451 where TLS is required, never clear text, and " ..
    "what was said in the clear counts for nothing", over = "clear" }

local inject = "220 go\r\n" ..
  "250-evil.test\r\n250-SIZE 1\r\n250 AUTH PLAIN\r\n250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n"

-- What the next hop does, and whether a message may arrive: over TLS, or never.
local cases = {
  ["injected replies"] = {
    { STARTTLS = { raw = inject, code = 220 }, RCPT = "550 5.1.1 no" }, "never",
  },
  ["one injected reply"] = {
    { STARTTLS = { raw = "220 go\r\n250 evil.test\r\n", code = 220 }, MAIL = "550 5.1.0 no" }, "never",
  },
  ["all is well"] = { {} },
  ["no offer"] = { { no_tls = true }, "never" },
  ["454"] = { { STARTTLS = "454 4.7.0 not now" }, "never" },
  ["502"] = { { STARTTLS = "502 5.5.1 no" }, "never" },
  ["220 and nothing"] = { { handshake = "stall" }, "never" },
  ["220 and the end"] = { { handshake = "close" }, "never" },
  ["220 and clear text"] = { { STARTTLS = { raw = "220 go\r\n220 hello\r\n250 x\r\n" },
    no_tls = "later" }, "never" },
  ["a malformed reply"] = { { STARTTLS = { raw = "what?\r\n" } }, "never" },
}

for name, case in pairs(cases) do
  describe(name .. ",", function()
    local at = row.serve {
      hop = {}, start = false, config = [[ timeouts = { relay_connect = 0.5, relay_command = 0.5,
        tls = 0.5 } ]],
    }
    setup(function()
      for key, value in pairs(case[1]) do
        at.o.hop[key] = value
      end
      at.o.hop.tls = not case[1].no_tls and at.pair or nil
      if case[1].no_tls == "later" then
        at.o.hop.ehlo = { "PIPELINING", "STARTTLS" }
      end
      at.o.tls = "required"
      at:start()
    end)

    row.case("nothing in the clear", function(c)
      local r = c:mail { data = "Subject: secret\r\n\r\nx\r\n" }
      if case[2] then
        assert.equal("451 4.", r.code .. " " .. r.enhanced:sub(1, 2), r.text)
        assert.equal(0, #at.hop:messages())
      else
        assert.equal(250, r.code, r.text)
      end
      for i = 1, at.hop:connections() do
        for _, line in ipairs(at.hop:lines(i)) do
          assert.truthy(#at.hop:of("secured", i) > 0 or not line:find "^MAIL", line)
        end
      end
    end, { whole = true })
  end)
end
