-- client: one SMTP client of a spec: say, expect, with a deadline on each wait.
--
-- Whatever goes wrong, the error shows the whole dialogue.
local socket = require "socket"
local stream = require "spec.support.stream"
local wait = require "spec.support.wait"

local client = {}
client.__index = client

local function show(text)
  text = #text > 300 and text:sub(1, 300) .. "..." or text
  return (text:gsub("[%c\127-\255]", function(c) return ("\\x%02x"):format(c:byte()) end))
end

-- o: host, source (address to come from), seconds (deadline of each wait); tls:
-- the handshake comes first, with what else is in o (see client:secure).
-- Returns nil and why if there is no connection or no handshake.
function client.dial(port, o)
  o = o or {}
  local sock = assert(socket.tcp4())
  if o.source then
    assert(sock:bind(o.source, 0))
  end
  sock:settimeout(wait.seconds)
  local ok, err = sock:connect(o.host or "127.0.0.1", port)
  if not ok then
    sock:close()
    return nil, err
  end
  sock:setoption("tcp-nodelay", true)
  local self = setmetatable({ sock = sock, input = "", said = {}, seconds = o.seconds }, client)
  self.name = ("%s:%d"):format(sock:getsockname())  -- as logs have it
  if o.tls then
    ok, err = self:secure(o)
  end
  return ok and self or nil, err
end

-- The handshake.  o, all optional: sni, ca (file), cert and key (files), alpn
-- (list), protocol ("tlsv1_2"), ciphers.  False and why if it fails: then the
-- connection is over.  tls holds what was agreed on, see stream.info.
function client:secure(o)
  local with = { mode = "client", seconds = wait.seconds }
  for key, value in pairs(type(o) == "table" and o or {}) do
    with[key] = value
  end
  local wrapped, err = stream.secure(self.sock, with)
  if not wrapped then
    self.said[#self.said + 1] = "- no TLS: " .. tostring(err)
    return false, err
  end
  self.sock, self.tls = wrapped, stream.info(wrapped)
  self.said[#self.said + 1] = "- " .. self.tls.version
  return true
end

-- STARTTLS, the handshake, and the greeting if hello names one.
function client:starttls(o, hello)
  self:cmd("STARTTLS", 220)
  local ok, err = self:secure(o)
  if not ok then
    self:fail("no TLS: " .. tostring(err))
  end
  if hello then
    self:cmd("EHLO " .. hello, 250)
  end
  return self
end

-- TLS is ended with its close_notify; what is sent then goes in the clear.
function client:unwrap()
  self.sock, self.tls = stream.unwrap(self.sock), nil
  return self
end

function client:fail(what, level)
  error(what .. "\n  " .. table.concat(self.said, "\n  "), (level or 2) + 1)
end

local function note(self, mark, text)
  self.said[#self.said + 1] = mark .. " " .. show(text)
end

-- Raw octets, each on its own if self.octets is set and the text no longer than
-- that.  A server that has closed is found out by what is expected next.
function client:send(text)
  if self.octets then
    return self:pieces(text, #text <= self.octets and 1 or 1021)
  end
  note(self, ">", text)
  self.sock:settimeout(wait.seconds)
  local _, err = self.sock:send(text)
  if stream.is_wait(err) then
    self:fail "timed out sending"
  end
  return self
end

-- In pieces of n octets, or cut at the given offsets.
function client:pieces(text, n)
  note(self, ">", text)
  self.sock:settimeout(wait.seconds)
  local at = 1
  while at <= #text do
    if not self.sock:send(text:sub(at, at + n - 1)) then
      break
    end
    at = at + n
  end
  return self
end

function client:line(text)
  return self:send(text .. "\r\n")
end

-- Read what is there; false at the end of the connection.
local function fill(self, deadline)
  local left = deadline - wait.now()
  if left <= 0 or not socket.select({ self.sock }, nil, left)[1] then
    self:fail("timed out waiting for the server", 4)
  end
  self.sock:settimeout(0)
  local data, err, partial = self.sock:receive(65536)
  data = data or partial
  self.input = self.input .. data
  if data == "" and not stream.is_wait(err) then
    self.closed = err
    return false
  end
  return true
end

local function read_line(self, deadline)
  while true do
    local line, rest = self.input:match "^([^\n]*\n)(.*)$"
    if line then
      self.input = rest
      note(self, "<", line)
      if line:sub(-2) ~= "\r\n" then
        self:fail("a line that does not end with CRLF", 4)
      end
      return line:sub(1, -3)
    end
    if not fill(self, deadline) then
      note(self, "<", self.input .. "[end: " .. self.closed .. "]")
      return nil
    end
  end
end

-- The next reply, { code, enhanced, text, lines }, or nil if the server closed.
function client:reply(seconds)
  local deadline = wait.deadline(seconds or self.seconds)
  local r = { lines = {} }
  repeat
    local line = read_line(self, deadline)
    if not line then
      return nil
    end
    local code, more, text = line:match "^(%d%d%d)([ -]?)(.*)$"
    if not code or (r.code and r.code ~= tonumber(code)) then
      self:fail "a malformed reply"
    end
    if #line > 510 then
      self:fail "a reply line over 512 octets"
    end
    r.code = tonumber(code)
    r.lines[#r.lines + 1] = text
  until more ~= "-"
  r.enhanced = r.lines[1]:match "^([245]%.%d+%.%d+)"
  r.text = table.concat(r.lines, "\n")
  return r
end

-- A reply with this code, or one whose "code text" matches the pattern.
function client:expect(want, seconds)
  local r = self:reply(seconds)
  local got = r and r.code .. " " .. r.text or "the end of the connection"
  if (type(want) == "number" and not (r and r.code == want)) or
      (type(want) == "string" and not (r and got:match("^" .. want))) then
    self:fail("expected " .. want .. ", got " .. show(got), 2)
  end
  return r
end

function client:cmd(line, want, seconds)
  self:line(line)
  local ok, r = pcall(self.expect, self, want, seconds)
  if not ok then
    error(r, 2)
  end
  return r
end

-- Nothing more but the end.  A reset counts, for bytes that the server did not
-- read make one.
function client:expect_closed(seconds)
  local deadline = wait.deadline(seconds or self.seconds)
  while fill(self, deadline) do end
  if self.input ~= "" then
    self:fail("expected the end, got " .. show(self.input))
  end
  self:close()
end

-- All octets up to the end.
function client:rest(seconds)
  local deadline = wait.deadline(seconds or self.seconds)
  while fill(self, deadline) do end
  return self.input
end

-- The next octets, or "" at the end.
function client:some(seconds)
  local deadline = wait.deadline(seconds or self.seconds)
  while self.input == "" and fill(self, deadline) do end
  local got = self.input
  self.input = ""
  return got
end

-- Is there no octet to read now?
function client:is_quiet()
  return self.input == "" and not socket.select({ self.sock }, nil, 0)[1]
end

function client:close()
  self.sock:close()
end

-- End the connection with a reset.
function client:reset()
  stream.linger(self.sock)
  self.sock:close()
end

-- Half-close: no more from us, but we go on reading.
function client:finish()
  stream.finish(self.sock)
  return self
end

function client:hello(name)
  self:expect(220)
  return self:cmd("EHLO " .. (name or "client.test"), 250)
end

-- Content as it goes over the wire: dots doubled, the end behind it.
function client.stuff(content)
  return (("\r\n" .. content):gsub("\r\n%.", "\r\n..")):sub(3) .. ".\r\n"
end

-- A transaction up to the 354.
function client:begin(from, to)
  self:cmd(("MAIL FROM:<%s>"):format(from or "a@client.test"), 250)
  self:cmd(("RCPT TO:<%s>"):format(to or "b@x.test"), 250)
  self:cmd("DATA", 354)
  return self
end

-- A whole transaction, command by command; returns the first reply that is not
-- the one hoped for, or the one to end-of-data.  m: from, to (one or a list),
-- data (content with CRLF), params.
function client:mail(m)
  local function step(line, want)
    self:line(line)
    local r = self:reply()
    return r and r.code == want, r
  end
  local ok, r = step(("MAIL FROM:<%s>%s"):format(m.from or "a@client.test",
    m.params and " " .. m.params or ""), 250)
  for _, to in ipairs(type(m.to) == "table" and m.to or { m.to or "b@example.org" }) do
    if ok then
      ok, r = step("RCPT TO:<" .. to .. ">", 250)
    end
  end
  if ok then
    ok, r = step("DATA", 354)
  end
  if ok then
    self:send(client.stuff(m.data or "Subject: x\r\n\r\nx\r\n"))
    r = self:reply(m.seconds)
  end
  return r
end

return client
