-- lunette.lua: the default.  It needs no other server: it listens on this
-- machine alone and puts every message into a directory.
--
-- A configuration is Lua: `key = value`, and nothing but include(path),
-- env(name [, default]) and file(path) to call.  Every key is in doc/conf.md.
-- For a server of your own begin with smarthost.lua or outbound.lua.

listen = "127.0.0.1:2525"

-- The next hop.  Paths are relative to this file.
relay = "maildir:../var/mail"

-- Clients on this machine may write to anyone: all of it ends in ../var/mail.
trusted = { "127.0.0.0/8", "::1" }

-- Policy: hooks are asked in this order.  What no hook accepts is refused.
hooks = {
  { "rcpt_domains", domains = { "example.org", "localhost" } },
  "relay_clients",
}

-- `lunette ctl` talks to this socket.
control = "../var/lunette.sock"

-- As root: the account to become.  Unset, it is "lunette".
user = env("LUNETTE_USER")
