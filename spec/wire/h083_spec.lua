local posix, fcntl, unistd = require "posix", require "posix.fcntl", require "posix.unistd"
local process = require "spec.support.process"
local row = require "spec.support.row"
local wait = require "spec.support.wait"

row { 83, "A client renegotiates (TLS 1.2)",
  answer = "Refused with an alert; the connection is not begun anew", over = "tls" }

local at = row.serve {}

-- The letter tells openssl to renegotiate; the end of its input would end it.
for way, n in pairs { ["after STARTTLS"] = 1, ["over TLS"] = 2 } do
  it("is refused " .. way, function()
    local from, fifo = at.server:here(), at.dir .. "/fifo" .. n
    assert(posix.mkfifo(fifo))
    local fd = assert(fcntl.open(fifo, fcntl.O_RDWR))
    local argv = {
      "openssl", "s_client", "-tls1_2", "-connect", "127.0.0.1:" .. at.server.ports[n],
      stdin = fifo, stdout = at.dir .. "/out" .. n, dir = at.dir,
    }
    if n == 1 then
      argv[#argv + 1], argv[#argv + 2] = "-starttls", "smtp"
    end
    local p = process.start(argv)
    wait.for_("the handshake", function()
      return (process.read(argv.stdout) or ""):find "Verify return code"
    end)
    unistd.write(fd, "R\n")
    p:join()
    unistd.close(fd)
    local said = process.read(argv.stdout)
    assert.matches("RENEGOTIATING", said)
    assert.matches("no renegotiation", said)
    at.server:wait_for("end", nil, from)
    at:dial("implicit"):cmd("NOOP", 250)
  end)
end
