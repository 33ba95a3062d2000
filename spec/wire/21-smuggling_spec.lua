-- Smuggling: one message in is one message out, or a refusal.
local lunette = require "spec.support.lunette"
local sink = require "spec.support.sink"
local smuggling = require "spec.support.smuggling"

local head = "Subject: x\r\n\r\n"
local function show(text)
  return (text:gsub("%c", function(c) return ("<%02x>"):format(c:byte()) end))
end

local function starts(normalize)
  local hop = sink.start()
  return hop, lunette.start {
    config = ([[ relay = "%s"; hooks = { "yes" }; bare_newline = "%s" ]])
      :format(hop.url, normalize and "normalize" or "reject"),
  }
end

local function envelope(server)
  local c = server:dial()
  c:hello()
  c:cmd("MAIL FROM:<a@b.test>", 250)
  c:cmd("RCPT TO:<b@x.test>", 250)
  c:cmd("DATA", 354)
  return c
end

describe("smuggling", function()
  local seed = tonumber(os.getenv "SEED") or 1

  teardown(function()
    lunette.clean()
    sink.clean()
  end)

  for _, normalize in ipairs { false, true } do
    describe(normalize and "(normalised)" or "(rejected)", function()
      local hop, server

      setup(function() hop, server = starts(normalize) end)
      teardown(function()
        server:stop()
        hop:stop()
      end)

      -- Each at one seeded cut; the end must be the last CRLF.CRLF.
      for i, sequence in ipairs(smuggling.sequences) do
        it("fails with " .. show(sequence), function()
          local c = envelope(server)
          local before = #hop:messages()
          local text = head .. "x" .. sequence .. smuggling.smuggled .. "\r\n.\r\n"
          local cut = #head + 1 + (seed + i) % (#sequence + 1)
          c:send(text:sub(1, cut))
          c:send(text:sub(cut + 1))
          local r = c:reply()
          local bare = not sequence:find "%z"
          if normalize or not bare then
            assert.equal(250, r.code)
            local list = hop:wait_messages(before + 1)
            assert.equal(before + 1, #list)
            assert.same({ "b@x.test" }, list[#list].to)
            assert.matches("evil", list[#list].data)
          else
            assert.equal("550 5.5.2", r.code .. " " .. r.enhanced)
            assert.equal(before, #hop:messages())
          end
          c:cmd("QUIT", 221)
          c:expect_closed()
        end)
      end

      it("is not <CR> before a true end", function()
        local c = envelope(server)
        c:send(head .. "x\r\r\n.\r\nQUIT\r\n")
        local r = c:reply()
        assert.equal(normalize and 250 or 550, r.code)
        c:expect(221)
        c:expect_closed()
      end)

      it("leaves nothing but canonical lines behind us", function()
        for i = 1, hop:connections() do
          local octets = hop:octets(i)
          assert.is_nil(octets:gsub("\r\n", ""):find "[\r\n]")
        end
        for _, m in ipairs(hop:messages()) do
          assert.is_nil(m.from == "evil@b.test" or nil)
        end
      end)
    end)
  end

  it("normalises for the clients that are named, and no others", function()
    local hop = sink.start()
    local server = lunette.start {
      config = ([[ relay = "%s"; hooks = { "yes" }; normalize_clients = { "127.0.0.9" } ]])
        :format(hop.url),
    }
    local c = server:dial { source = "127.0.0.9" }
    c:hello()
    assert.equal(250, c:mail { data = "Subject: x\n\nbare\n.\nlines\r\n" }.code)
    assert.matches("Subject: x\r\n\r\nbare\r\n%.\r\nlines\r\n$", hop:messages()[1].data)
    c = server:dial()
    c:hello()
    assert.equal(550, c:mail { data = "Subject: x\n\nbare\n.\nlines\r\n" }.code)
    server:stop()
    hop:stop()
  end)
end)
