-- stream: what a connected descriptor is read and written with, clear or TLS,
-- behind the few methods that specs use of a socket.
--
--   stream.secure(sock, { mode = "client", ca = path })
--
-- o: mode ("client", "server"), protocol ("tlsv1_2"), cert and key (files), ca
-- (file: the peer must prove itself), sni, alpn (list), ciphers, seconds.
local ssl = require "ssl"
local sys_socket, unistd = require "posix.sys.socket", require "posix.unistd"
local posix = require "posix"

local stream = {}

-- Is that error of a read or a write only "not now"?
function stream.is_wait(err)
  return err == "timeout" or err == "wantread" or err == "wantwrite"
end

local function context(o)
  return ssl.newcontext {
    mode = o.mode, protocol = o.protocol or "any", certificate = o.cert, key = o.key,
    cafile = o.ca, verify = o.ca and { "peer", "fail_if_no_peer_cert" } or "none",
    alpn = o.alpn, ciphers = o.ciphers, options = { "all", "no_sslv2" },
  }
end

-- TLS over a socket, which then belongs to it.  nil and why if there is no
-- handshake: the socket is closed.
function stream.secure(sock, o)
  local wrapped, err = context(o)
  if wrapped then
    wrapped, err = ssl.wrap(sock, wrapped)
  end
  if not wrapped then
    error("TLS: " .. tostring(err), 2)
  end
  if o.sni then
    wrapped:sni(o.sni)
  end
  wrapped:settimeout(o.seconds)
  local ok
  ok, err = wrapped:dohandshake()
  if not ok then
    wrapped:close()
    return nil, err
  end
  return wrapped
end

-- What a handshake agreed on: version, cipher, certificate (of the peer: an
-- object, see lua-sec), alpn.
function stream.info(wrapped)
  local info = wrapped:info()
  return {
    version = info.protocol, cipher = info.cipher, bits = info.bits, alpn = wrapped:getalpn(),
    certificate = wrapped:getpeercertificate(),
  }
end

-- A stream in the clear over a descriptor, which then belongs to it.
local clear = {}
clear.__index = clear

function stream.clear(fd)
  return setmetatable({ fd = fd, timeout = 0 }, clear)
end

-- TLS ends with its close_notify, the connection goes on in the clear.
function stream.unwrap(wrapped)
  local fd = unistd.dup(wrapped:getfd())
  wrapped:close()
  return stream.clear(fd)
end

function clear:getfd() return self.fd end
function clear.dirty() return false end
function clear:settimeout(seconds) self.timeout = seconds end

function clear:close()
  if self.fd then
    unistd.close(self.fd)
    self.fd = nil
  end
end

function clear:receive(n)
  if posix.rpoll(self.fd, math.ceil(self.timeout * 1000)) ~= 1 then
    return nil, "timeout", ""
  end
  local data, err = sys_socket.recv(self.fd, n)
  if not data or data == "" then
    return nil, err or "closed", ""
  end
  return data
end

function clear:send(text)
  return sys_socket.send(self.fd, text)
end

-- For all three kinds: whoever closes it then, ends it with a reset.
function stream.linger(any)
  sys_socket.setsockopt(any:getfd(), sys_socket.SOL_SOCKET, sys_socket.SO_LINGER, 1, 0)
end

-- No more from us, without a word of TLS.
function stream.finish(any)
  sys_socket.shutdown(any:getfd(), sys_socket.SHUT_WR)
end

return stream
