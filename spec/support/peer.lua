-- peer: other people's mail servers on loopback, each in a directory of its own.
--
-- Exim and OpenSMTPD know their users and directories by name, and so each has
-- a copy of var/peers (contrib/deps.sh) as the root of its processes, with
-- users of its own.  Needs root; nothing of the system is touched.
local posix = require "posix"
local socket = require "socket"
local client = require "spec.support.client"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local peer = { domain = "example.org" }
peer.__index = peer

local open = {}

local passwd = [[
root:x:0:0::/:/bin/sh
Debian-exim:x:995:995::/var/spool/exim4:/bin/sh
opensmtpd:x:994:994::/var/empty:/bin/sh
opensmtpq:x:993:993::/var/empty:/bin/sh
nobody:x:65534:65534::/mail:/bin/sh
]]

local group = [[
root:x:0:
mail:x:8:
Debian-exim:x:995:
opensmtpd:x:994:
opensmtpq:x:993:
nogroup:x:65534:
]]

-- Why something cannot be tested here, or false.  Where CI is set, that is an
-- error: there nothing may be left out.
function peer.left_out(why)
  if why and os.getenv "CI" then
    error(why)
  end
  return why
end

-- Why such servers cannot be run here.
function peer.missing()
  return peer.left_out(not process.is_root() and "needs root" or
    not posix.stat "var/peers" and "needs var/peers: make deps")
end

-- A port for somebody who cannot be given port 0: below those that the system
-- gives to connections, so that none of them takes it meanwhile.
function peer.free_port()
  local random = assert(io.open("/dev/urandom", "rb"))
  local s, port
  repeat
    local high, low = random:read(2):byte(1, 2)
    port = 10000 + (high * 256 + low) % 20000
    s = socket.bind("127.0.0.1", port)
  until s
  s:close()
  random:close()
  return port
end

-- Does anybody listen there?  Nobody is connected to.
function peer.listens(port)
  local want = ("%04X 00000000:0000 0A"):format(port)
  return (process.read "/proc/net/tcp" or ""):find(":" .. want, 1, true) ~= nil
end

-- Is there an SMTP server?  tls: it speaks TLS from the start.
function peer.answers(port, tls)
  local c = client.dial(port, { tls = tls })
  if not c then
    return false
  end
  c:expect(220)
  c:cmd("QUIT", 221)
  c:close()
  return true
end

local function run(...)
  local got = process.run { ... }
  assert(got.code == 0, got.err)
end

-- A root directory; directories: a list of { path, uid, mode }.
function peer.root(directories)
  local dir = process.directory()
  local root = dir .. "/root"
  if process.run { "cp", "-al", "var/peers", root }.code ~= 0 then
    run("rm", "-rf", root)
    run("cp", "-a", "var/peers", root)  -- another filesystem
  end
  process.write(root .. "/etc/passwd", passwd)
  process.write(root .. "/etc/group", group)
  process.write(root .. "/etc/hosts", "127.0.0.1 localhost\n")
  process.write(root .. "/etc/resolv.conf", "nameserver 127.0.0.1\n")
  run("install", "-d", root .. "/dev", root .. "/log")
  run("install", "-d", "-m", "1777", root .. "/tmp")
  run("mknod", "-m", "666", root .. "/dev/null", "c", "1", "3")
  for _, d in ipairs(directories) do
    run("install", "-d", "-o", tostring(d[2]), "-g", tostring(d[2]), "-m", d[3], root .. d[1])
  end
  return dir, root
end

-- o: name, dir, root, port, mail (its maildir), argv (in the root), implicit (TLS
-- from the start).
function peer.start(o)
  local self = setmetatable(o, peer)
  self.url = "smtp://127.0.0.1:" .. self.port
  self.out = self.dir .. "/out"
  self.process = process.start {
    "chroot", self.root, stdout = self.out, stderr = self.out, unpack(self.argv),
  }
  open[self] = true
  wait.for_(function() return self.name .. "\n" .. self:log() end, function()
    if self.process:ended() then
      error(self.name .. " ended\n" .. self:log())
    end
    return peer.answers(self.port, self.implicit)
  end, 30)
  return self
end

-- All that it has logged.
function peer:log()
  local texts = { process.read(self.out) }
  for _, name in ipairs(process.list(self.root .. "/log")) do
    texts[#texts + 1] = process.read(self.root .. "/log/" .. name)
  end
  return table.concat(texts)
end

function peer:wait_log(pattern, seconds)
  return wait.for_(function()
    return ("%s to log %q in\n%s"):format(self.name, pattern, self:log())
  end, function() return self:log():match(pattern) end, seconds)
end

-- The texts of its mailbox, when there are n.
function peer:wait_delivered(n, seconds)
  local new = self.mail .. "/new/"
  wait.for_(function()
    return ("%d messages in %s, there are %d\n%s"):format(n, self.name, #process.list(new),
      self:log())
  end, function() return #process.list(new) >= n end, seconds)
  local texts = {}
  for i, name in ipairs(process.list(new)) do
    texts[i] = process.read(new .. name)
  end
  return texts
end

function peer:stop()
  open[self] = nil
  self.process:stop("TERM", 30)
  process.remove(self.dir)
end

function peer.clean()
  for server in pairs(open) do
    pcall(server.stop, server)
  end
end

return peer
