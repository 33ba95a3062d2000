-- exim: Debian's Exim on loopback.  It keeps what is for example.org in a
-- maildir, or sends it on to a port.
local peer = require "spec.support.peer"
local process = require "spec.support.process"

local exim = {}

local settings = [[
primary_hostname = exim.test
qualify_domain = exim.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = $PORT
notifier_socket =
log_file_path = /log/%slog
log_selector = +all
chunking_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
tls_advertise_hosts =
pipelining_connect_advertise_hosts =
host_lookup =
rfc1413_hosts =
deliver_drop_privilege
smtp_accept_queue_per_connection = 0
keep_environment =
acl_smtp_rcpt = recipient
$MAIN

begin acl
recipient:
$RCPT
  deny !domains = example.org
       message = relay not permitted
  accept

begin routers
$ROUTER

begin transports
keep:
  driver = appendfile
  directory = /mail
  maildir_format
  create_directory
  user = Debian-exim
  delivery_date_add
  envelope_to_add
  return_path_add
send:
  driver = smtp
  port = $TO
  allow_localhost
$TRANSPORT

begin retry
* * F,1h,1m

begin authenticators
$AUTHENTICATORS
]]

local keep = [[
local:
  driver = accept
  transport = keep
]]

local send = [[
behind:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = send
]]

-- o: to (the port to send to; without it, messages stay), main (more settings,
-- instead of ours of that name), rcpt (conditions before ours), transport (more
-- for the one that sends), authenticators, files (path to text, in its root),
-- implicit (TLS from the start).
function exim.start(o)
  o = o or {}
  local dir, root = peer.root {
    { "/var/spool/exim4", 995, "750" }, { "/log", 995, "755" }, { "/mail", 995, "755" },
    { "/etc/exim4", 0, "755" },
  }
  local words = {
    PORT = tostring(peer.free_port()), MAIN = o.main or "", RCPT = o.rcpt or "",
    ROUTER = o.to and send or keep, TO = tostring(o.to or 25), TRANSPORT = o.transport or "",
    AUTHENTICATORS = o.authenticators or "",
  }
  if o.implicit then
    words.MAIN = words.MAIN .. "tls_on_connect_ports = " .. words.PORT .. "\n"
  end
  for path, text in pairs(o.files or {}) do
    process.write(root .. path, text)
  end
  local text = settings
  for name in words.MAIN:gmatch "([%w_]+) *=" do
    text = text:gsub("\n" .. name .. " =[^\n]*", "", 1)
  end
  process.write(root .. "/etc/exim4/exim4.conf", (text:gsub("%$(%u+)", words)))
  return peer.start {
    name = "Exim", dir = dir, root = root, port = tonumber(words.PORT), mail = root .. "/mail",
    implicit = o.implicit,
    argv = { "/usr/sbin/exim4", "-bdf", "-q1m" },
  }
end

return exim
