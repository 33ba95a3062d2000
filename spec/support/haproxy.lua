-- haproxy: Debian's haproxy on loopback, in front of a port.
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local haproxy = {}
haproxy.__index = haproxy

local open = {}

local common = "global\n  maxconn 500\n"

local listen = [[
listen smtp
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  bind 127.0.0.1:PORT %s
  server behind 127.0.0.1:%d %s
]]

-- o: to (the port behind), server (words for its line: "send-proxy"), bind
-- (words for ours: "ssl crt FILE"); or text, what listens and where it goes, in
-- which PORT is ours.
function haproxy.start(o)
  local self = setmetatable({ dir = process.directory(), port = peer.free_port() }, haproxy)
  process.write(self.dir .. "/conf", common .. (o.text or
    listen:format(o.bind or "", o.to or 0, o.server or "")):gsub("PORT", self.port))
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
