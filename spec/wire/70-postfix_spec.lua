-- In front of a real Postfix: clients of several kinds, nothing lost, nothing
-- doubled, content equal.  Needs root.
local lunette = require "spec.support.lunette"
local peer = require "spec.support.peer"
local postfix = require "spec.support.postfix"
local process = require "spec.support.process"

local each = os.getenv "SOAK" == "1" and 500 or 60

local smtplib = [[
import smtplib, sys
port, count = int(sys.argv[1]), int(sys.argv[2])
for start in range(0, count, 10):
    s = smtplib.SMTP("127.0.0.1", port)
    for i in range(start, min(start + 10, count)):
        body = "".join("line %d of %d\r\n.dot\r\n..\r\n" % (n, i) for n in range(i * 7 % 300))
        s.sendmail("a@b.test", ["py%d@example.org" % i],
            "Subject: python-%d\r\n\r\n%s" % (i, body))
    s.quit()
]]

describe("in front of Postfix", function()
  if peer.left_out(not process.is_root() and "needs root") then
    pending "needs root"
    return
  end

  local behind, server

  setup(function()
    behind = postfix.start()
    server = lunette.start {
      config = ([[ relay = "%s"; hooks = { { "rcpt_domains", domains = { "example.org" } } };
        limits = { per_client = 0 } ]]):format(behind.url),
      files = { ["send.py"] = smtplib },
    }
  end)
  teardown(function()
    lunette.clean()
    postfix.clean()
  end)

  it("every message arrives once", function()
    local got = process.run {
      "python3", server:path "send.py", tostring(server.port), tostring(each), seconds = 60,
    }
    assert.equal(0, got.code, got.err)
    got = process.run {
      "smtp-source", "-s", "10", "-m", tostring(each), "-l", "5000", "-d", "-S", "source",
      "-f", "a@b.test", "-t", "source@example.org", "127.0.0.1:" .. server.port, seconds = 60,
    }
    assert.equal(0, got.code, got.err)
    for i = 1, math.floor(each / 10) do
      got = process.run {
        "swaks", "--server", "127.0.0.1", "--port", tostring(server.port), "--from", "a@b.test",
        "--to", "swaks@example.org", "--header", "Subject: swaks-" .. i, "--body", ".\n..\nx",
        "--pipeline",
      }
      assert.equal(0, got.code, got.out)
    end
    local total = each * 2 + math.floor(each / 10)
    local texts = behind:wait_delivered(total, 60)
    assert.equal(total, #texts)
    local seen = { source = 0 }
    for _, text in ipairs(texts) do
      local subject = text:match "\nSubject: ([^\n]+)"
      local body = text:match "\n\n(.*)$"
      if subject:match "^python%-" then
        assert.is_nil(seen[subject])
        seen[subject] = true
        local i = tonumber(subject:match "%d+")
        local want = {}
        for n = 0, i * 7 % 300 - 1 do
          want[#want + 1] = ("line %d of %d\n.dot\n..\n"):format(n, i)
        end
        assert.truthy(body == table.concat(want), subject)
      elseif subject:match "^swaks%-" then
        assert.is_nil(seen[subject])
        seen[subject] = true
        assert.equal(".\n..\nx\n", body:gsub("\n+$", "\n"))
      else
        seen.source = seen.source + 1
        assert.matches("^%d?X+\n", body)
      end
    end
    assert.equal(each, seen.source)
    assert.equal(total, server:wait_count(total, "message"))
  end)

  it("its refusals reach the client", function()
    local c = server:dial()
    c:hello()
    c:cmd("MAIL FROM:<a@b.test>", 250)
    c:cmd("RCPT TO:<a@elsewhere.test>", "550 5%.7%.1")
    c:cmd("RCPT TO:<postmaster>", 250)
    c:cmd("QUIT", 221)
  end)
end)
