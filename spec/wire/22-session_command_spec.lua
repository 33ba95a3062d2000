-- `lunette session`: one session on stdin and stdout, with input cut anywhere.
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local smuggling = require "spec.support.smuggling"

-- inetd: the socket is stdin, stdout and stderr.  Prints the banner and the
-- version, in TLS from the first octet.
local inetd = [==[
import socket, ssl, subprocess, sys
ours, theirs = socket.socketpair()
child = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs, stderr=theirs)
theirs.close()
ours.settimeout(10)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
tls = context.wrap_socket(ours)
print(tls.recv(100).decode().strip(), tls.version())
tls.sendall(b"QUIT\r\n")
while tls.recv(100):
    pass
print(child.wait())
]==]

local config = [[ relay = "maildir:mail"; hooks = { "yes" } ]]
local words = { "session", "-c", "$DIR/lunette.lua", "--client", "192.0.2.7" }
local dialogue = "EHLO a.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n"

describe("lunette session", function()
  it("speaks SMTP on stdin and stdout and ends with 0", function()
    local got = lunette.run(words, { config = config, input = "EHLO a.test\r\nNOOP\r\nQUIT\r\n" })
    assert.equal(0, got.code)
    assert.matches("^220 mx%.test .-\r\n250%-mx%.test\r\n", got.out)
    assert.matches("\r\n250 2%.0%.0 .-\r\n221 2%.0%.0 .-\r\n$", got.out)
  end)

  it("ends with 0 at the end of input too", function()
    local got = lunette.run(words, { config = config, input = "EHLO a.test\r\n" })
    assert.equal(0, got.code)
    assert.matches("\r\n250 [^\r\n]+\r\n$", got.out)
  end)

  it("delivers, whatever the pieces", function()
    local dir = lunette.directory { config = config }
    process.write(dir .. "/in", dialogue .. "Subject: x\r\n\r\nx\r\n.\r\nQUIT\r\n")
    for _, size in ipairs { 1, 2, 3, 7, 10000 } do
      local got = process.run {
        "sh", "-c", ("dd bs=%d <in 2>/dev/null | %s session -c lunette.lua --client 192.0.2.7")
          :format(size, lunette.program), dir = dir,
      }
      assert.equal(0, got.code)
      assert.matches("\r\n354 .-\r\n250 2.-\r\n221 ", got.out)
    end
    assert.equal(5, #process.list(dir .. "/mail/new"))
    process.remove(dir)
  end)

  -- One run for each sequence: all its octets come one by one.
  it("is not taken in by line ends that are none", function()
    local dir = lunette.directory { config = config }
    for _, sequence in ipairs(smuggling.sequences) do
      process.write(dir .. "/in", dialogue .. "Subject: x\r\n\r\nx" .. sequence ..
        smuggling.smuggled .. "\r\n.\r\nQUIT\r\n")
      local got = process.run {
        "sh", "-c", ("dd bs=1 <in 2>/dev/null | %s session -c lunette.lua --client 192.0.2.7")
          :format(lunette.program), dir = dir,
      }
      local want = sequence:find "%z" and "250" or "550"
      assert.matches("\r\n354 [^\r]*\r\n" .. want .. " [^\r]*\r\n221 [^\r]*\r\n$", got.out)
    end
    process.remove(dir)
  end)

  -- Seeded nonsense, half of it meaningful: replies are well-formed, and as
  -- many messages are stored as were answered with 250.
  it("keeps its head whatever comes", function()
    local soak = os.getenv "SOAK" == "1"
    local fragments = {
      "MAIL FROM:<a@b.test>\r\n", "MAIL FROM:<>\r\n", "RCPT TO:<a@x.test>\r\n",
      "RCPT TO:<b@x.test>\r\n", "DATA\r\n", "DATA\r\n", "DATA\r\n", "Subject: x\r\n", "\r\n",
      ".\r\n", ".\r\n", "..\r\n", ".", "\r", "\n", "\0", "a", ("x"):rep(3000), "RSET\r\n",
      "NOOP\r\n", "EHLO a.test\r\n", "HELO a\r\n", "VRFY x\r\n", "\255\254\r\n", "BDAT 5\r\n",
      "MAIL FROM:<a@b.test> SIZE=99999999999\r\n", 'RCPT TO:<"a b"@x.test>\r\n',
      "STARTTLS\r\n", "AUTH PLAIN =\r\n", "HELP\r\n", "EXPN x\r\n", " X: y\r\n",
    }
    math.randomseed(tonumber(os.getenv "SEED") or 1)
    local total = 0
    for _ = 1, soak and 2000 or 30 do
      local dir = lunette.directory {
        config = config .. [[ limits = { errors = 0, soft_errors = 0, commands = 0, messages = 0 };
          bare_newline = "normalize" ]],
      }
      local parts = { "EHLO a.test\r\n" }
      for i = 2, 300 do
        parts[i] = fragments[math.random(#fragments)]
      end
      local got = process.run {
        lunette.program, "session", "-c", dir .. "/lunette.lua", "--client", "192.0.2.7", dir = dir,
        input = table.concat(parts) .. "\r\n.\r\nQUIT\r\n",
      }
      assert.equal(0, got.code, got.err)
      for line in got.out:gmatch "([^\n]*)\n" do
        assert.matches("^%d%d%d[ -][ -~]*\r$", line)
      end
      local _, stored = got.err:gsub("event=message ", "")
      assert.equal(stored, #process.list(dir .. "/mail/new"))
      assert.matches("event=end ", got.err)
      process.remove(dir)
      total = total + stored
    end
    assert.truthy(total > 30, total .. " messages")
  end)

  it("speaks TLS over a socket, and not over a pipe", function()
    local dir = process.directory()
    local pair = certificate.make(dir, "mx")
    local o = { config = config .. ([[; tls = { cert = %q, key = %q }
      listen = { { "127.0.0.1:0", tls = "implicit" } } ]]):format(pair.cert, pair.key) }
    local where = lunette.directory(o)
    local got = process.run { "python3", "-c", inetd, lunette.program, "session", "-c",
      where .. "/lunette.lua" }
    assert.equal("220 mx.test ESMTP TLSv1.3\n0\n", got.out, got.err)
    o.input = "EHLO a.test\r\nQUIT\r\n"
    got = lunette.run(words, o)
    assert.matches("^220 mx%.test ", got.out)
    assert.is_nil(got.out:match "STARTTLS")
    process.remove(where)
    process.remove(dir)
  end)

  it("refuses a bad client address", function()
    local got = lunette.run({ "session", "-c", "$DIR/lunette.lua", "--client", "nobody" },
      { config = config })
    assert.equal(64, got.code)
    assert.matches("^lunette: [^\n]+\n$", got.err)
  end)
end)
