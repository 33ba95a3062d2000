-- introduced: what a sink understands of who speaks to it: AUTH, XCLIENT,
-- XFORWARD, PROXY.  Each function takes the sink's connection.
local mime = require "mime"
local sys_socket = require "posix.sys.socket"

local introduced = {}

-- The words that offer it, behind those of the script.
function introduced.offer(c, words)
  local script = c.script
  if script.auth then
    words[#words + 1] = "AUTH " .. (script.auth.mechanisms or "PLAIN LOGIN")
  end
  if script.xclient then
    words[#words + 1] = "XCLIENT " .. script.xclient
  end
  if script.xforward then
    words[#words + 1] = "XFORWARD " .. script.xforward
  end
end

local function decide(c, mechanism, user, password)
  local good = c.script.auth
  local ok = user == good[1] and password == good[2]
  c:record("auth", { mechanism = mechanism, user = user, password = password, secured = c.secured })
  c.dialogue = nil
  return ok and "235 2.7.0 welcome" or "535 5.7.8 no, not with " .. tostring(password)
end

local function plain(c, text)
  local user, password = (mime.unb64(text) or ""):match "^%z(.-)%z(.*)$"
  return decide(c, "PLAIN", user, password)
end

-- AUTH and the lines behind it: what to answer.
function introduced.auth(c, line)
  local mechanism, rest = line:match "^AUTH (%S+) ?(.*)$"
  if not c.script.auth then
    return "503 5.5.1 no AUTH here"
  elseif mechanism == "PLAIN" and rest ~= "" then
    return plain(c, rest)
  elseif mechanism == "PLAIN" then
    c.dialogue = plain
    return "334 "
  elseif mechanism == "LOGIN" then
    c.dialogue = function(_, user)
      c.dialogue = function(_, password)
        return decide(c, "LOGIN", mime.unb64(user), mime.unb64(password))
      end
      return "334 UGFzc3dvcmQ6"
    end
    return "334 VXNlcm5hbWU6"
  end
  return "504 5.5.4 no such mechanism"
end

local function attributes(line, into)
  for name, value in line:gmatch " (%u[%u_]*)=(%S+)" do
    into[name] = value:gsub("%+(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  end
  return into
end

-- XCLIENT: the attributes stay until they are changed; the session begins anew.
function introduced.xclient(c, line)
  if not c.script.xclient then
    return "502 5.5.1 no XCLIENT here"
  end
  c.client = attributes(line, c.client or {})
  c:record("xclient", c.client)
  return "220 sink.test ESMTP again"
end

-- XFORWARD: they are good for one message.
function introduced.xforward(c, line)
  if not c.script.xforward then
    return "502 5.5.1 no XFORWARD here"
  end
  c.forwarded = attributes(line, c.forwarded or {})
  return "250 2.0.0 ok"
end

-- The PROXY header, version 2, read to its end and no further: TLS may follow.
-- True when it is whole and recorded, nil at the end of input.
function introduced.proxy(c)
  local input = c.input
  local whole = 16
  if #input >= 16 then
    assert(input:sub(1, 12) == "\r\n\r\n\0\r\nQUIT\n", "no PROXY header")
    whole = 16 + input:byte(15) * 256 + input:byte(16)
  end
  if #input < whole then
    local data = sys_socket.recv(c.sock:getfd(), whole - #input)
    if data == "" then
      return nil
    end
    c.input = input .. (data or "")
    return data and introduced.proxy(c) or false
  end
  local header = { command = input:byte(13) == 0x21 and "PROXY" or "LOCAL" }
  if input:byte(14) == 0x11 then
    local b = { input:byte(17, 28) }
    header.client = ("%d.%d.%d.%d:%d"):format(b[1], b[2], b[3], b[4], b[9] * 256 + b[10])
    header.server = ("%d.%d.%d.%d:%d"):format(b[5], b[6], b[7], b[8], b[11] * 256 + b[12])
  end
  c.input = ""
  c:record("proxy", header)
  return true
end

return introduced
