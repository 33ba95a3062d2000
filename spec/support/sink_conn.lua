-- sink_conn: one connection of a sink (sink.lua), on the sink's side.
local cjson = require "cjson"
local introduced = require "spec.support.introduced"
local process = require "spec.support.process"
local stream = require "spec.support.stream"

local conn = {}
conn.__index = conn

local default = {
  banner = "220 sink.test ESMTP", HELO = "250 sink.test", MAIL = "250 2.1.0 ok",
  RCPT = "250 2.1.5 ok", DATA = "354 go on", dot = "250 2.0.0 queued as %d",
  RSET = "250 2.0.0 ok", NOOP = "250 2.0.0 ok", QUIT = "221 2.0.0 bye",
  AUTH = introduced.auth, XCLIENT = introduced.xclient, XFORWARD = introduced.xforward,
  other = "502 5.5.1 not implemented",
}

function conn:ehlo()
  local words = { "sink.test", unpack(self.script.ehlo or
    { "PIPELINING", "SIZE 100000000", "8BITMIME", "ENHANCEDSTATUSCODES" }) }
  if self.script.tls and not self.secured then
    words[#words + 1] = "STARTTLS"
  end
  introduced.offer(self, words)
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
    self:count()
    self:record("end", "no TLS: " .. err)
    self.gone = true
    return
  end
  wrapped:settimeout(0)
  self.sock, self.secured = wrapped, true
  self:record("secured", stream.info(wrapped).version)
end

-- One JSON line of the record, once the connection counts.
function conn:record(what, value)
  if not self.number then
    table.insert(self.unrecorded, { what, value })
    return
  end
  self.record_file:write(cjson.encode { self.number, what, value }, "\n")
  self.record_file:flush()
end

-- It is more than a probe: it gets a number.
function conn:count()
  if not self.number then
    self.number = self.next_number()
    for _, entry in ipairs(self.unrecorded) do
      self:record(entry[1], entry[2])
    end
  end
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
    if type(action) == "function" then
      action = action(self, line)
    end
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
    to_lines = self.to_lines, client = self.client, forwarded = self.forwarded,
    connection = self.number, secured = self.secured,
  }
  self.data = nil
  m.replies = {}
  for i = 1, self.script.lmtp and #self.to or 1 do
    m.replies[i] = self:at("dot", self.to[i]) or 0
  end
  m.reply = m.replies[1]
  self:record("message", m)
  self.from, self.to, self.to_lines, self.forwarded = nil, {}, {}, nil
end

local probing = { EHLO = true, LHLO = true, HELO = true, STARTTLS = true, AUTH = true, QUIT = true }

function conn:command(line)
  local verb = line:match("^%a+") or ""
  verb = verb:upper()
  self:record("line", line)
  if self.dialogue then
    self:act(self:dialogue(line))
    return
  end
  if not probing[verb] then
    self:count()
  end
  local stage = (default[verb] or verb == "EHLO" or verb == "LHLO" or verb == "STARTTLS") and
    verb or "other"
  local wrong = not self.script[stage] and self:misplaced(verb)
  local code = wrong and self:act(wrong) or self:at(stage, line)
  if verb == "MAIL" and code == 250 then
    self.from, self.from_line, self.to = line:match "<(.-)>", line, {}
    self.to_lines = {}
  elseif verb == "RCPT" and code == 250 then
    table.insert(self.to, line:match "<(.-)>")
    table.insert(self.to_lines, line)
  elseif verb == "RSET" or verb == "EHLO" then
    self.from, self.to, self.forwarded = nil, {}, nil
  elseif verb == "DATA" and code == 354 then
    self.data = ""
  elseif verb == "STARTTLS" and code == 220 then
    self.wants_tls = true
  elseif verb == "QUIT" then
    self.ending, self.polite = self.ending or "close", true
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
  if not self.polite then
    self:count()
  end
  self:record("end", self.ending or "lost")
  self.gone = true
end

-- The PROXY header comes before everything else.
function conn:read_proxy()
  local whole = introduced.proxy(self)
  if whole then
    self.wants_proxy = nil
    self:begin()
  elseif whole == nil then
    self:close()
  end
end

function conn:on_readable()
  if self.wants_proxy then
    self:read_proxy()
    return
  end
  local data, err, partial = self.sock:receive(65536)
  data = data or partial
  if data ~= "" then
    if not self.script.brief then
      self:record("octets", data)
    end
    self.input = self.input .. data
    self:digest()
  end
  -- The end is told once: lua-sec asked again for what comes after a reset
  -- never returns.
  if self.gone then
    return
  elseif err == "closed" and self.output ~= "" and not self.endless then
    self.ending = self.ending or "lost"  -- it said all it had to say, and listens
  elseif err and not stream.is_wait(err) then
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
  return not (self.stalled and self.data or self.ending == "lost")
end

-- TLS if it is there from the start, and the banner.
function conn:begin()
  if self.script.implicit then
    self:secure()
  end
  if not self.ending and not self.stalled and not self.gone then
    self:at "banner"
  end
end

-- A new connection.
function conn.open(sock, script, record, next_number)
  sock:settimeout(0)
  sock:setoption("tcp-nodelay", true)
  local c = setmetatable({
    sock = sock, input = "", output = "", to = {}, to_lines = {}, counts = {},
    script = script, record_file = record, next_number = next_number, unrecorded = {},
    wants_proxy = script.proxy,
  }, conn)
  c:record("open", sock:getpeername() or true)
  if script.probes then
    c:count()
  end
  local said = script.connect and c:at "connect"
  if not said and not c.ending and not c.stalled and not c.wants_proxy then
    c:begin()
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

return conn
