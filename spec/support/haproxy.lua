-- haproxy: Debian's haproxy on loopback, in front of a port.
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local haproxy = {}
haproxy.__index = haproxy

local open = {}

local settings = [[
global
  maxconn 500
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen smtp
  bind 127.0.0.1:%d %s
  server behind 127.0.0.1:%d %s
]]

-- o: to (the port behind), server (words for its line: "send-proxy"), bind
-- (words for ours: "ssl crt FILE").
function haproxy.start(o)
  local self = setmetatable({ dir = process.directory(), port = peer.free_port() }, haproxy)
  process.write(self.dir .. "/conf",
    settings:format(self.port, o.bind or "", o.to, o.server or ""))
  self.out = self.dir .. "/out"
  self.process = process.start {
    "haproxy", "-db", "-f", self.dir .. "/conf", stdout = self.out, stderr = self.out,
  }
  open[self] = true
  wait.for_("haproxy", function()
    if self.process:ended() then
      error("haproxy: " .. (process.read(self.out) or ""))
    end
    return peer.listens(self.port)
  end, 30)
  return self
end

function haproxy:stop()
  open[self] = nil
  self.process:stop("TERM", 30)
  process.remove(self.dir)
end

function haproxy.clean()
  for server in pairs(open) do
    pcall(server.stop, server)
  end
end

return haproxy
