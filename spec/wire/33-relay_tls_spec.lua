-- TLS with the next hop: how much of it must be, and what becomes of mail when
-- that cannot be had (rows 90, 91 and 99 to 104 of doc/hostile-input.md).
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"

describe("a next hop and TLS:", function()
  local dir, ca, good, server, c

  setup(function()
    dir = process.directory()
    ca = certificate.make(dir, "ca", { is_ca = true })
    good = certificate.make(dir, "good", { names = { "127.0.0.1" }, ca = ca })
  end)
  teardown(function()
    lunette.clean()
    process.remove(dir)
  end)
  after_each(sink.clean)

  -- A server with that relay ("url" and the options behind it), and a client.
  local function start(hop, options, rest)
    lunette.clean()
    server = lunette.start {
      config = ([[ relay = { "%s", %s }; hooks = { "yes" }; workers = { count = 1 }
        timeouts = { relay_connect = 1, relay_command = 1, relay_data = 1 }
        limits = { errors = 0, soft_errors = 0 }; %s ]])
        :format(hop.url, options, rest or ""),
    }
    c = server:dial()
    c:hello()
  end

  local function mail(want, o)
    local r = c:mail(o or { to = "b@x.test" })
    assert.matches(want, ("%d %s"):format(r.code, r.text))
    c:cmd("RSET", 250)
  end

  local function secure_hop(script)
    script = script or {}
    script.tls = script.tls or good
    return sink.start(script)
  end

  describe("it is had", function()
    local ways = {
      ["required"] = function() return 'tls = "required"' end,
      ["try"] = function() return 'tls = "try"' end,
      ["verified by a CA"] = function() return ('tls = "verify", ca = "%s"'):format(ca.cert) end,
      ["pinned"] = function()
        return ('tls = "verify", fingerprint = "%s"'):format(good.fingerprint)
      end,
    }
    for name, options in pairs(ways) do
      it(name, function()
        local hop = secure_hop()
        start(hop, options())
        mail "^250"
        mail "^250"
        local messages = hop:messages()
        assert.equal(2, #messages)
        assert.is_true(messages[1].secured and messages[2].secured)
        assert.equal(1, hop:connections())
        assert.same({ "EHLO mx.test", "STARTTLS", "EHLO mx.test" }, { unpack(hop:lines(), 1, 3) })
        assert.matches("^TLSv1%.[23]$", server:wait_for("message").tls)
        assert.equal(0, server:count "relay_error")
      end)

      local from_the_start = name ~= "try" and it or function() end
      from_the_start(name .. ", from the start", function()
        local hop = secure_hop { implicit = true }
        hop.url = hop.url:gsub("^smtp", "smtps")
        start(hop, options())
        mail "^250"
        assert.same({ "EHLO mx.test" }, { unpack(hop:lines(), 1, 1) })
        assert.is_true(hop:messages()[1].secured)
      end)
    end

    it("with LMTP", function()
      local hop = secure_hop { lmtp = true }
      start(hop, 'tls = "required"')
      mail "^250"
      assert.is_true(hop:messages()[1].secured)
    end)

    it("what was offered in the clear is forgotten", function()
      local hop = secure_hop {
        EHLO = function(conn)
          return conn.secured and "250 sink.test\nSIZE 1000" or
            "250 sink.test\nSTARTTLS\nPIPELINING\n8BITMIME\nSIZE 10"
        end,
      }
      start(hop, 'tls = "required"')
      c:cmd("MAIL FROM:<a@b.test> SIZE=100 BODY=8BITMIME", 250)
      c:cmd("RCPT TO:<b@x.test>", 250)
      assert.truthy(hop:wait_line "^MAIL FROM:<a@b%.test> SIZE=100$")
    end)
  end)

  describe("it cannot be had:", function()
    local faults = {
      { "not offered", hop = function() return sink.start {} end, why = "not offered" },
      { "not offered, and no EHLO", hop = function()
        return sink.start { EHLO = "502 5.5.1 what?" }
      end, why = "not offered" },
      { "refused", hop = function() return secure_hop { STARTTLS = "454 4.7.0 not now" } end,
        why = "STARTTLS refused: 454" },
      { "refused for good", hop = function() return secure_hop { STARTTLS = "554 no" } end,
        why = "STARTTLS refused: 554" },
      { "another 2yz", hop = function() return secure_hop { STARTTLS = "250 fine" } end,
        why = "STARTTLS refused: 250" },
      { "something behind the 220", hop = function()
        return secure_hop { STARTTLS = { raw = "220 go\r\n250 injected\r\n", code = 220 } }
      end, why = "octets behind", want = "^451 4%.4%.1" },
      { "half a reply behind the 220", hop = function()
        return secure_hop { STARTTLS = { raw = "220 go\r\n25", code = 220 } }
      end, why = "octets behind", want = "^451 4%.4%.1" },
      { "no handshake", hop = function() return secure_hop { handshake = "close" } end,
        why = "handshake" },
      { "clear text in place of a handshake", hop = function()
        return sink.start { EHLO = "250 sink.test\nSTARTTLS",
          STARTTLS = function(conn)
            conn.script.other = { raw = "250 all in the clear\r\n" }
            return { "220 go", { raw = "" } }
          end, handshake = "close", tls = good }
      end, why = "handshake" },
      { "a handshake that stalls", hop = function() return secure_hop { handshake = "stall" } end,
        why = "handshake: no answer" },
      { "from the start, and it stalls", hop = function()
        local hop = secure_hop { implicit = true, handshake = "stall" }
        hop.url = hop.url:gsub("^smtp", "smtps")
        return hop
      end, why = "handshake: no answer" },
      { "from the start, and it speaks in the clear", hop = function()
        local hop = sink.start {}
        hop.url = hop.url:gsub("^smtp", "smtps")
        return hop
      end, why = "handshake" },
      { "too old", hop = function()
        return secure_hop { tls = { cert = good.cert, key = good.key, protocol = "tlsv1_1",
          ciphers = "ALL:@SECLEVEL=0" } }
      end, why = "handshake" },
    }
    for _, fault in ipairs(faults) do
      it(fault[1], function()
        local hop = fault.hop()
        start(hop, 'tls = "required"')
        mail(fault.want or "^451 4%.7%.4")
        assert.equal(0, #hop:messages())
        for _, line in ipairs(hop:lines()) do
          assert.falsy(line:match "^MAIL" or line:match "^RCPT")
        end
        local line = server:wait_for("relay_error", { id = server:log("connect")[1].id })
        assert.matches(fault.why, line.text)
      end)
    end
  end)

  describe("it is not what it should be:", function()
    local function make(o)
      o.ca = o.ca == nil and ca or o.ca or nil
      return certificate.make(dir, "bad", o)
    end
    local by_ca = function() return ('tls = "verify", ca = "%s"'):format(ca.cert) end
    local faults = {
      { "another name", cert = function() return make { names = { "other.test" } } end,
        why = "not for 127" },
      { "expired", cert = function() return make { names = { "127.0.0.1" }, days = -1 } end,
        why = "expired" },
      { "signed by itself", cert = function()
        return make { names = { "127.0.0.1" }, ca = false }
      end, why = "self" },
      { "another pin", cert = function() return make { names = { "127.0.0.1" } } end,
        options = function() return ('tls = "verify", fingerprint = "%s"'):format(good.fingerprint) end,
        why = "fingerprint" },
      { "the system's CAs do not know it", cert = function() return good end,
        options = function() return 'tls = "verify"' end, why = "issuer" },
    }
    for _, fault in ipairs(faults) do
      it(fault[1], function()
        local hop = secure_hop { tls = fault.cert() }
        start(hop, (fault.options or by_ca)())
        mail "^451 4%.7%.4"
        mail "^451 4%.7%.4"
        assert.equal(0, #hop:messages())
        assert.matches(fault.why, server:wait_for("relay_error").text)
        -- That it is encrypted is enough for those who ask for no more.
        start(hop, 'tls = "required"')
        mail "^250"
      end)
    end
  end)

  describe("it is only tried:", function()
    it("not offered, so in the clear", function()
      local hop = sink.start {}
      start(hop, 'tls = "try"')
      mail "^250"
      assert.equal(1, hop:connections())
      assert.is_nil(server:wait_for("message").tls)
      assert.equal(0, server:count "relay_error")
    end)

    it("refused, so the same connection goes on in the clear", function()
      local hop = secure_hop { STARTTLS = "454 4.7.0 not now" }
      start(hop, 'tls = "try"')
      mail "^250"
      assert.equal(1, hop:connections())
      assert.falsy(hop:messages()[1].secured)
    end)

    it("the handshake fails: another connection, in the clear, and so for a while", function()
      local hop = secure_hop { handshake = "close" }
      start(hop, 'tls = "try", pool = { uses = 1 }')
      for _ = 1, 3 do
        mail "^250"
      end
      assert.equal(3, #hop:accepted())
      local tries = 0
      for _, line in ipairs(hop:lines()) do
        tries = tries + (line == "STARTTLS" and 1 or 0)
      end
      assert.is_true(tries <= 2)  -- one may be that of the worker itself
      assert.matches("handshake", server:log("relay_error")[1].text)
    end)

    it("something behind the 220 is an attack, and no reason to speak in the clear", function()
      local hop = secure_hop { STARTTLS = { raw = "220 go\r\n250 injected\r\n", code = 220 } }
      start(hop, 'tls = "try"')
      mail "^451 4%.4%.1"
      assert.equal(0, #hop:messages())
    end)
  end)

  it("one URL with and without it is two next hops", function()
    local hop = secure_hop()
    lunette.clean()
    server = lunette.start {
      config = ([[ relay = "discard:"; hooks = { "route" }; workers = { count = 1 }
        relays = { clear = "%s", secret = { "%s", tls = "required" } } ]]):format(hop.url, hop.url),
      hooks = { route = [[
        local verdict = require "lunette.verdict"
        return { rcpt = function(_, rcpt)
          rcpt.relay = rcpt.user
          return verdict.accept()
        end } ]] },
    }
    c = server:dial()
    c:hello()
    for _, user in ipairs { "clear", "secret", "clear", "secret" } do
      mail("^250", { to = user .. "@x.test" })
    end
    assert.equal(2, hop:connections())
    for _, m in ipairs(hop:messages()) do
      assert.equal(m.to[1] == "secret@x.test", m.secured or false)
    end
  end)

  describe("a fault inside it", function()
    local lost = "^451 4%.4%.[12]"
    local faults = {
      ["close"] = lost, ["reset"] = lost, ["stall"] = lost, ["endless"] = lost,
      ["garbage"] = { { raw = "hello there\r\n" }, lost },
      ["mixed codes"] = { { raw = "250-a\r\n550 b\r\n" }, lost },
      ["a code there is not"] = { { raw = "000 what\r\n" }, lost },
      ["a long line"] = { { raw = "250 " .. ("x"):rep(5000) }, lost },
      ["octets that text has not"] = { { raw = "550 5.7.1 a\0b\255c\r\n" }, "^550 5%.7%.1 a%?b" },
      ["a 421"] = { { "421 4.3.2 going", "close" }, "^4[25]1 4%." },
      ["a no"] = { "554 5.7.0 never", "^554 5%.7%.0" },
    }

    setup(function()
      server = lunette.start {
        config = [[ relay = "discard:"; hooks = { "route" }; workers = { count = 1 }
          timeouts = { relay_connect = 5, relay_command = 0.5, relay_data = 0.5 }
          limits = { per_client = 0, errors = 0, soft_errors = 0 } ]],
        hooks = { route = [[
          local verdict = require "lunette.verdict"
          return { rcpt = function(_, rcpt)
            rcpt.relay = "smtps://127.0.0.1:" .. rcpt.user
            return verdict.accept()
          end } ]] },
      }
      c = server:dial()
      c:hello()
    end)

    for name, fault in pairs(faults) do
      for _, stage in ipairs { "MAIL", "RCPT", "DATA", "body", "dot" } do
        it(("at %s: %s"):format(stage, name), function()
          local action, want = name, fault
          if type(fault) == "table" then
            action, want = unpack(fault)
          end
          local hop = secure_hop { implicit = true, [stage] = action }
          local lines = stage == "body" and 20000 or 5
          mail(want, { to = hop.port .. "@x.test",
            data = "Subject: x\r\n\r\n" .. ("a line of it\r\n"):rep(lines) })
          if stage ~= "body" then
            assert.equal(0, #hop:accepted())
          end
        end)
      end
    end

    it("harms no session", function()
      assert.equal(0, server:count "worker_exit")
    end)
  end)
end)
