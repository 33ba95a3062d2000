-- sink: a next hop that does as it is told, in a process of its own.
--
--   local hop = sink.start { RCPT = "550 5.1.1 no such user" }
--   ... relay = "smtp://127.0.0.1:" .. hop.port ...
--   hop:messages()[1].data
--   hop:stop()
--
-- What it does at a stage is an action.  Stages: connect banner EHLO HELO LHLO
-- MAIL RCPT DATA body dot RSET NOOP QUIT STARTTLS handshake.  Actions:
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
-- the octets of the record are those inside.
local socket = require "socket"
local cjson = require "cjson"
local process = require "spec.support.process"
local stream = require "spec.support.stream"
local wait = require "spec.support.wait"

local sink = {}
sink.__index = sink

local open = {}
local conn = {}
conn.__index = conn

local default = {
  banner = "220 sink.test ESMTP", HELO = "250 sink.test", MAIL = "250 2.1.0 ok",
  RCPT = "250 2.1.5 ok", DATA = "354 go on", dot = "250 2.0.0 queued as %d",
  RSET = "250 2.0.0 ok", NOOP = "250 2.0.0 ok", QUIT = "221 2.0.0 bye",
  other = "502 5.5.1 not implemented",
}

function conn:ehlo()
  local words = { "sink.test", unpack(self.script.ehlo or
    { "PIPELINING", "SIZE 100000000", "8BITMIME", "ENHANCEDSTATUSCODES" }) }
  if self.script.tls and not self.secured then
    words[#words + 1] = "STARTTLS"
  end
  return "250 " .. table.concat(words, "\n")
end

-- The handshake.  What came before it is forgotten.
function conn:secure()
  self.input, self.wants_tls = "", nil
  self:at "handshake"
  if self.stalled or self.ending then
    return
  end
  local o = { mode = "server", seconds = 5 }
  for key, value in pairs(self.script.tls) do
    o[key] = value
  end
  local wrapped, err = stream.secure(self.sock, o)
  if not wrapped then
    self:record("end", "no TLS: " .. err)
    self.gone = true
    return
  end
  wrapped:settimeout(0)
  self.sock, self.secured = wrapped, true
  self:record("secured", stream.info(wrapped).version)
end

-- One JSON line of the record.
function conn:record(what, value)
  self.record_file:write(cjson.encode { self.number, what, value }, "\n")
  self.record_file:flush()
end

local function wire(reply)
  local code, text = reply:match "^(%d%d%d) (.*)$"
  if not code then
    error("sink: not an action: " .. reply)
  end
  local lines = {}
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    lines[#lines + 1] = code .. "-" .. line
  end
  lines[#lines] = lines[#lines]:gsub("^(%d%d%d)-", "%1 ")
  return table.concat(lines, "\r\n") .. "\r\n"
end

-- Do one action.  Returns the code of the reply, if it was one.
function conn:act(action)
  if type(action) == "table" and (action.raw or action.bytes) then
    self.output = self.output .. (action.raw or wire(action.bytes))
    self.bytewise = action.bytes ~= nil
    return action.code or action.bytes and tonumber(action.bytes:match "^(%d%d%d)")
  elseif type(action) == "table" and action.after then
    self.held = action
    return tonumber(action[1]:match "^(%d%d%d)")
  elseif type(action) == "table" then
    local code
    for _, one in ipairs(action) do
      code = self:act(one) or code
    end
    return code
  elseif action == "close" or action == "reset" then
    self.ending = action
  elseif action == "stall" then
    self.stalled = true
  elseif action == "endless" then
    self.endless = true
  else
    self.output = self.output .. wire(action)
    return tonumber(action:match "^(%d%d%d)")
  end
end

function conn:at(stage, line)
  local action = self.script[stage]
  local n = (self.counts[stage] or 0) + 1
  self.counts[stage] = n
  if type(action) == "function" then
    action = action(self, line, n)
  end
  if action == nil then
    action = (stage == "EHLO" or stage == "LHLO") and self:ehlo() or default[stage]
    if stage == "STARTTLS" then
      action = self.script.tls and not self.secured and "220 2.0.0 go" or default.other
    end
    if stage == "dot" then
      action = action:format(n)
    end
  end
  return action and self:act(action)
end

-- What waits for a file: is it there?
function conn:release()
  local held = self.held
  if held and process.read(held.after) then
    self.held = nil
    self:act { unpack(held) }
  end
end

local function unstuff(raw)
  return (("\r\n" .. raw):gsub("\r\n%.", "\r\n")):sub(3)
end

-- The end of the data: one reply, for LMTP one for each recipient.
function conn:finish(raw)
  local m = {
    from = self.from, to = self.to, from_line = self.from_line, data = unstuff(raw),
  }
  self.data = nil
  m.replies = {}
  for i = 1, self.script.lmtp and #self.to or 1 do
    m.replies[i] = self:at("dot", self.to[i]) or 0
  end
  m.reply = m.replies[1]
  self:record("message", m)
  self.from, self.to = nil, {}
end

function conn:command(line)
  local verb = line:match("^%a+") or ""
  verb = verb:upper()
  self:record("line", line)
  local stage = (default[verb] or verb == "EHLO" or verb == "LHLO" or verb == "STARTTLS") and
    verb or "other"
  local wrong = not self.script[stage] and self:misplaced(verb)
  local code = wrong and self:act(wrong) or self:at(stage, line)
  if verb == "MAIL" and code == 250 then
    self.from, self.from_line, self.to = line:match "<(.-)>", line, {}
  elseif verb == "RCPT" and code == 250 then
    table.insert(self.to, line:match "<(.-)>")
  elseif verb == "RSET" or verb == "EHLO" then
    self.from, self.to = nil, {}
  elseif verb == "DATA" and code == 354 then
    self.data = ""
  elseif verb == "STARTTLS" and code == 220 then
    self.wants_tls = true
  elseif verb == "QUIT" then
    self.ending = self.ending or "close"
  end
end

-- What a server says by itself of a command out of place.
function conn:misplaced(verb)
  if verb == "RCPT" and not self.from then
    return "503 5.5.1 say MAIL first"
  elseif verb == "DATA" and #self.to == 0 then
    return "554 5.5.1 no recipients"
  end
end

-- What is in the input, as far as it goes.
function conn:digest()
  while not self.stalled and not self.ending and not self.wants_tls do
    if self.data then
      if self.input ~= "" and self.script.body and not self.body_done then
        self.body_done = true
        self:at("body", self.input)
      end
      local whole = "\r\n" .. self.input
      local at = whole:find("\r\n.\r\n", 1, true)
      if not at or self.stalled or self.ending then
        return
      end
      self.input = whole:sub(at + 5)
      self.body_done = nil
      self:finish(whole:sub(3, at + 1))
    else
      local line, rest = self.input:match "^(.-)\r\n(.*)$"
      if not line then
        return
      end
      self.input = rest
      self:command(line)
    end
  end
end

function conn:close()
  if self.ending == "reset" then
    stream.linger(self.sock)
  end
  self.sock:close()
  self:record("end", self.ending or "lost")
  self.gone = true
end

function conn:on_readable()
  local data, err, partial = self.sock:receive(65536)
  data = data or partial
  if data ~= "" then
    if not self.script.brief then
      self:record("octets", data)
    end
    self.input = self.input .. data
    self:digest()
  elseif err == "closed" and self.output ~= "" and not self.endless then
    self.ending = self.ending or "lost"  -- it said all it had to say, and listens
  elseif not stream.is_wait(err) then
    self:close()
  end
end

function conn:on_writable()
  if self.endless and self.output == "" then
    self.output = ("250-and so on\r\n"):rep(100)
  end
  local piece = self.bytewise and self.output:sub(1, 1) or self.output
  local sent, err, last = self.sock:send(piece)
  self.output = self.output:sub((sent or last or 0) + 1)
  if not sent and not stream.is_wait(err) then
    self:close()
  end
end

function conn:wants_write()
  return self.output ~= "" or self.endless
end

function conn:wants_read()
  return not (self.stalled and self.data)
end

-- A new connection, up to the banner.
local function open_conn(sock, number, script, record)
  sock:settimeout(0)
  sock:setoption("tcp-nodelay", true)
  local c = setmetatable({
    sock = sock, number = number, input = "", output = "", to = {}, counts = {},
    script = script, record_file = record,
  }, conn)
  c:record("open", true)
  local said = script.connect and c:at "connect"
  if script.implicit and not c.ending and not c.stalled then
    c:secure()
  end
  if not said and not c.ending and not c.stalled and not c.gone then
    c:at "banner"
  end
  return c
end

-- What is due without the peer; false at the end of it.
function conn:tend()
  self:release()
  if self.ending and not self:wants_write() then
    self:close()
  elseif self.wants_tls and not self:wants_write() then
    self:secure()
  end
  return not self.gone
end

local function serve(listener, script, path, running, go)
  local record = assert(io.open(path, "a"))
  local conns, count = {}, 0
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
          count = count + 1
          conns[open_conn(new, count, script, record)] = true
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
