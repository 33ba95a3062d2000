-- sink: a next hop that does as it is told, in a process of its own.
--
--   local hop = sink.start { RCPT = "550 5.1.1 no such user" }
--   ... relay = "smtp://127.0.0.1:" .. hop.port ...
--   hop:messages()[1].data
--   hop:stop()
--
-- What it does at a stage is an action.  Stages: connect banner EHLO HELO LHLO
-- MAIL RCPT DATA body dot RSET NOOP QUIT STARTTLS handshake AUTH XCLIENT XFORWARD.
-- Actions:
--
--   "550 5.1.1 no"   this reply ("\n" begins another line of it)
--   "close"          end the connection
--   "reset"          end it with a reset
--   "stall"          say nothing more, ever; at body: stop reading too
--   "endless"        a reply that does not end
--   { raw = "..." }  these octets, whatever they are; code = says what they are
--   { bytes = "..." } this reply, one octet a packet
--   { "550 no", "close" }  one after the other
--   { after = path, ... }  the same, once the file path is there
--   function(c, line, n)   gives one of these; n counts this stage, from 1
--
-- At connect: "refuse" (nobody listens), "stall" (the connection is not even
-- completed), "close", "reset".  Other keys: ehlo (keywords), lmtp,
-- brief (record no octets, only lines and messages), tls (a certificate, see
-- stream.secure: STARTTLS is offered), implicit (TLS from the start); with TLS
-- the octets of the record are those inside; auth ({ user, password, mechanisms =
-- "PLAIN LOGIN" }), xclient and xforward (attributes: "ADDR HELO"), proxy (true:
-- a header comes first).
--
-- A connection that is opened, greeted and ended with QUIT has only asked what is
-- offered, as workers do in their own time: it is counted and recorded only with
-- the key probes = true.
local socket = require "socket"
local cjson = require "cjson"
local conn = require "spec.support.sink_conn"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local sink = {}
sink.__index = sink

local open = {}

local function serve(listener, script, path, running, go)
  local record = assert(io.open(path, "a"))
  local conns, count = {}, 0
  local function next_number()
    count = count + 1
    return count
  end
  listener:settimeout(0)
  while running() do
    local reads, writes, of, held = { go, listener }, {}, {}, false
    for c in pairs(conns) do
      if not c:tend() then
        conns[c] = nil
      else
        of[c.sock], held = c, held or c.held
        reads[#reads + 1] = c:wants_read() and c.sock or nil
        writes[#writes + 1] = c:wants_write() and c.sock or nil
      end
    end
    local readable, writable = socket.select(reads, writes, held and 0.01 or 1)
    for _, sock in ipairs(readable) do
      local c = of[sock]
      if sock == listener then
        local new = listener:accept()
        if new then
          conns[conn.open(new, script, record, next_number)] = true
        end
      elseif c and not c.gone then
        c:on_readable()
      end
    end
    for _, sock in ipairs(writable) do
      if not of[sock].gone then
        of[sock]:on_writable()
      end
    end
  end
  return true
end

function sink.start(script)
  script = script or {}
  local listener = assert(socket.tcp4())
  listener:setoption("reuseaddr", true)
  assert(listener:bind("127.0.0.1", script.port or 0))
  local _, port = listener:getsockname()
  local self = setmetatable({
    port = tonumber(port), dir = process.directory(), fill = {}, list = {}, values = {}, seen = {},
  }, sink)
  self.path = self.dir .. "/record"
  self.url = (script.lmtp and "lmtp" or "smtp") .. "://127.0.0.1:" .. self.port
  open[self] = true
  if script.connect == "refuse" then
    self.listener = listener  -- bound, so that nobody else takes it; not listening
    return self
  end
  assert(listener:listen(script.connect == "stall" and 0 or 512))
  if script.connect == "stall" then
    self.listener = listener
    for i = 1, 8 do  -- fill the backlog; the next SYN is not answered
      self.fill[i] = socket.tcp4()
      self.fill[i]:settimeout(0)
      self.fill[i]:connect("127.0.0.1", self.port)
    end
    return self
  end
  self.task = process.task("sink", function(running, go)
    return serve(listener, script, self.path, running, go)
  end, { listener:getfd() })
  listener:close()
  return self
end

-- The record: a list of { connection, what, value }.
function sink:record()
  for _, line in ipairs(process.new_lines(self.path, self.seen)) do
    local entry = cjson.decode(line)
    table.insert(self.list, entry)
    self.values[entry[2]] = self.values[entry[2]] or {}
    table.insert(self.values[entry[2]], entry[3])
  end
  return self.list
end

-- The values of one kind, of all connections or of one.  Not to be changed.
function sink:of(what, number)
  local all, list = self:record(), {}
  if not number then
    return self.values[what] or list
  end
  for _, entry in ipairs(all) do
    if entry[2] == what and entry[1] == number then
      list[#list + 1] = entry[3]
    end
  end
  return list
end

-- Messages whose end-of-data came, { from, to, data, reply, replies }, oldest
-- first; those answered with 250; all command lines.
function sink:messages() return self:of "message" end
function sink:lines(number) return self:of("line", number) end
function sink:connections() return #self:of "open" end
function sink:clients() return self:of "open" end  -- from where they came

function sink:accepted()
  local list = {}
  for _, m in ipairs(self:messages()) do
    if m.reply == 250 then
      list[#list + 1] = m
    end
  end
  return list
end

-- Every octet that one connection brought.
function sink:octets(number)
  return table.concat(self:of("octets", number or 1))
end

function sink:wait_messages(n, seconds)
  return wait.for_(n .. " messages at the sink", function()
    local list = self:messages()
    return #list >= n and list
  end, seconds)
end

function sink:wait_line(pattern, seconds)
  return wait.for_("a command like " .. pattern .. " at the sink", function()
    for _, line in ipairs(self:lines()) do
      if line:match(pattern) then
        return line
      end
    end
  end, seconds)
end

function sink:stop()
  open[self] = nil
  if self.task then
    self.task:result()
  end
  if self.listener then
    self.listener:close()
  end
  for _, sock in ipairs(self.fill) do
    sock:close()
  end
  process.remove(self.dir)
end

function sink.clean()
  for hop in pairs(open) do
    pcall(hop.stop, hop)
  end
end

return sink
