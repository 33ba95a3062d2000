-- dns: a name server on loopback with the records that a spec gives (dnsmasq).
--
--   local ns = dns.start { "address=/mx.test/192.0.2.1", "txt-record=a.test,text" }
--   ... dns = { servers = { ns.address } } ...
--
-- Names that no record names do not exist; nothing is asked of the world.
local socket = require "socket"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local dns = {}
dns.__index = dns

local open = {}

local fixed = [[
keep-in-foreground
no-resolv
no-hosts
no-daemon
bind-interfaces
listen-address=127.0.0.1
interface=lo
port=%d
pid-file
local=/#/
local-ttl=60
host-record=ready.test,192.0.2.99
]]

-- A port that is free for UDP and for TCP: dnsmasq wants both.
local function free_port()
  local s = assert(socket.udp4())
  assert(s:setsockname("127.0.0.1", 0))
  local _, port = s:getsockname()
  local t = socket.bind("127.0.0.1", port)
  s:close()
  if not t then return free_port() end
  t:close()
  return tonumber(port)
end

local question = "\18\52\1\0\0\1\0\0\0\0\0\0\5ready\4test\0\0\1\0\1"

local function answers(port)
  local s = assert(socket.udp4())
  s:setpeername("127.0.0.1", port)
  s:settimeout(0.05)
  s:send(question)
  local got = s:receive()
  s:close()
  return got and #got > #question
end

function dns.start(records)
  local self = setmetatable({ dir = process.directory(), port = free_port() }, dns)
  self.address = "127.0.0.1:" .. self.port
  process.write(self.dir .. "/conf", fixed:format(self.port) .. table.concat(records, "\n") .. "\n")
  self.process = process.start {
    "dnsmasq", "--conf-file=" .. self.dir .. "/conf", "--user=root", stderr = self.dir .. "/log",
  }
  open[self] = true
  wait.for_("the name server", function()
    if self.process:ended() then
      error("dnsmasq: " .. (process.read(self.dir .. "/log") or ""))
    end
    return answers(self.port)
  end)
  return self
end

function dns:stop()
  open[self] = nil
  self.process:stop()
  process.remove(self.dir)
end

function dns.clean()
  for ns in pairs(open) do
    pcall(ns.stop, ns)
  end
end

return dns
