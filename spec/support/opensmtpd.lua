-- opensmtpd: Debian's OpenSMTPD on loopback.  It keeps what is for example.org
-- in a maildir, or sends it on.
local posix = require "posix"
local peer = require "spec.support.peer"
local process = require "spec.support.process"

local opensmtpd = {}

local settings = [[
$MAIN
table everybody { "@" = "nobody" }
listen on 127.0.0.1 port $PORT hostname opensmtpd.test $LISTEN
action "keep" $ACTION
match from any for domain "example.org" action "keep"
$MATCH
]]

-- o: to (the URL to send to; without it, messages stay) and relay (more words
-- for that), main (more settings), listen (more for its listener), files (path
-- to text, in its root), implicit (that says smtps).
function opensmtpd.start(o)
  o = o or {}
  local dir, root = peer.root {
    { "/var/spool/smtpd", 0, "711" }, { "/mail", 65534, "755" },
    { "/var/lib/opensmtpd/empty", 0, "755" }, { "/var/run", 0, "755" },
  }
  local words = { PORT = peer.free_port(), MAIN = o.main or "", LISTEN = o.listen or "" }
  words.ACTION = o.to and ('relay host "%s" %s'):format(o.to, o.relay or "") or
    'maildir "/mail" virtual <everybody>'
  words.MATCH = o.to and 'match from local for any action "keep"' or ""
  for path, text in pairs(o.files or {}) do
    process.write(root .. path, text)
    assert(posix.chmod(root .. path, "rw-------"))
  end
  process.write(root .. "/etc/mailname", "opensmtpd.test\n")
  os.remove(root .. "/etc/smtpd.conf")  -- Debian's, with a name elsewhere
  process.write(root .. "/etc/smtpd.conf", (settings:gsub("%$(%u+)", words)))
  return peer.start {
    name = "OpenSMTPD", dir = dir, root = root, port = words.PORT, mail = root .. "/mail",
    implicit = o.implicit,
    argv = { "/usr/sbin/smtpd", "-d", "-f", "/etc/smtpd.conf" },
  }
end

return opensmtpd
