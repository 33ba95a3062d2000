-- name_server: answers questions to the DNS with whatever octets a spec likes,
-- over UDP and TCP, in a process of its own.  (spec.support.dns is a good one.)
--
--   local ns = name_server.start(function(q)        -- q: name, type, tcp
--     return q:answer { { "A", "\127\0\0\2" } }     -- or octets, or nil: silence
--   end)
--   ... dns = { servers = { ns.address } } ...
local socket = require "socket"
local process = require "spec.support.process"

local name_server = {}
name_server.__index = name_server

local open = {}
local types = { A = 1, CNAME = 5, PTR = 12, MX = 15, TXT = 16, AAAA = 28 }

local function u16(n) return string.char(math.floor(n / 256) % 256, n % 256) end

local question = {}
question.__index = question

-- Labels to a name on the wire; the last one is the root.
function name_server.name(...)
  local out = {}
  for i, label in ipairs { ... } do
    out[i] = string.char(#label) .. label
  end
  return table.concat(out) .. "\0"
end

-- Octets of a TXT record: pieces of at most 255.
function name_server.text(text)
  local out = {}
  for i = 1, #text, 255 do
    local piece = text:sub(i, i + 254)
    out[#out + 1] = string.char(#piece) .. piece
  end
  return table.concat(out)
end

-- o: id, rcode, tc, question (octets), count (what the header says), owner (a
-- name on the wire; default that of the question), ttl.  records: { type, data }.
function question:answer(records, o)
  o = o or {}
  local out = {}
  for i, r in ipairs(records) do
    out[i] = (r.owner or o.owner or "\192\12") .. u16(types[r[1]] or r[1]) .. "\0\1" .. "\0\0\0\60" ..
      u16(r.len or #r[2]) .. r[2]
  end
  local flags = string.char(0x84 + (o.tc and 2 or 0), o.rcode or 0)
  return (o.id or self.id) .. flags .. "\0\1" .. u16(o.count or #records) .. "\0\0\0\0" ..
    (o.question or self.question) .. table.concat(out)
end

local function parse(packet)
  local at, labels = 13, {}
  while packet:byte(at) and packet:byte(at) > 0 do
    local n = packet:byte(at)
    labels[#labels + 1] = packet:sub(at + 1, at + n)
    at = at + n + 1
  end
  return setmetatable({
    id = packet:sub(1, 2), name = table.concat(labels, "."):lower(),
    type = packet:byte(at + 1) * 256 + packet:byte(at + 2), question = packet:sub(13, at + 4),
  }, question)
end

local function serve(udp, tcp, answer, running, go)
  while running() do
    local ready = socket.select({ go, udp, tcp }, nil, 1)
    if ready[udp] then
      local packet, ip, port = udp:receivefrom(4096)
      local octets = packet and #packet > 16 and answer(parse(packet))
      if octets then
        udp:sendto(octets, ip, port)
      end
    end
    if ready[tcp] then
      local c = tcp:accept()
      c:settimeout(2)
      local head = c:receive(2)
      local packet = head and c:receive(head:byte(1) * 256 + head:byte(2))
      local q = packet and parse(packet)
      if q then
        q.tcp = true
        local octets = answer(q)
        if octets then
          c:send(u16(#octets) .. octets)
        end
      end
      c:close()
    end
  end
  return true
end

function name_server.start(answer)
  local udp = assert(socket.udp4())
  assert(udp:setsockname("127.0.0.1", 0))
  local _, port = udp:getsockname()
  local tcp = socket.bind("127.0.0.1", port)
  if not tcp then
    udp:close()
    return name_server.start(answer)
  end
  local self = setmetatable({ address = "127.0.0.1:" .. port }, name_server)
  self.task = process.task("name server", function(running, go)
    return serve(udp, tcp, answer, running, go)
  end, { udp:getfd(), tcp:getfd() })
  udp:close()
  tcp:close()
  open[self] = true
  return self
end

function name_server:stop()
  open[self] = nil
  self.task:result()
end

function name_server.clean()
  for ns in pairs(open) do
    ns:stop()
  end
end

return name_server
