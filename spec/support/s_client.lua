-- s_client: OpenSSL's own client, with whom one can talk.
--
--   local c = s_client.start(port, { "-starttls", "smtp", "-servername", "mx.test" })
--   c:say "EHLO client.test"
--   c:expect "\n250 "
--   c:finish()
local posix = require "posix"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local s_client = {}
s_client.__index = s_client

local open = {}

-- words: more arguments.
function s_client.start(port, words)
  local self = setmetatable({ dir = process.directory(), at = 1 }, s_client)
  self.out = self.dir .. "/out"
  assert(posix.mkfifo(self.dir .. "/in"))
  self.input = assert(io.open(self.dir .. "/in", "r+"))
  self.process = process.start {
    "openssl", "s_client", "-connect", "127.0.0.1:" .. port, "-crlf", "-ign_eof",
    stdin = self.dir .. "/in", stdout = self.out, unpack(words or {}),
  }
  open[self] = true
  return self
end

function s_client:say(line)
  self.input:write(line, "\n")
  self.input:flush()
  return self
end

-- Wait until what it has printed since the last match holds this pattern.
function s_client:expect(pattern, seconds)
  return wait.for_(function()
    return ("%q from openssl in\n%s"):format(pattern, process.read(self.out) or "")
  end, function()
    local text = process.read(self.out) or ""
    local _, to = text:find(pattern, self.at)
    if to then
      local from
      from, self.at = self.at, to + 1
      return text:sub(from, to)
    end
  end, seconds)
end

-- QUIT, and all that it printed.
function s_client:finish()
  self:say "QUIT"
  open[self] = nil
  self.process:join()
  self.input:close()
  local text = process.read(self.out)
  process.remove(self.dir)
  return text, self.process.code
end

function s_client.clean()
  for c in pairs(open) do
    c.process:stop "KILL"
    c.input:close()
    process.remove(c.dir)
    open[c] = nil
  end
end

return s_client
