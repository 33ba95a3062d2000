-- postfix: Debian's Postfix on loopback, in a directory of its own: queue,
-- configuration and a maildir that takes every recipient of example.org.
-- Needs root; the system's own Postfix and /etc/postfix are not touched.
local posix = require "posix"
local peer = require "spec.support.peer"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local postfix = {}
postfix.__index = postfix

local open = {}

local smtpd = "127.0.0.1:PORT inet n - n - 100 smtpd\n"

local services = [[
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
proxymap  unix  - - n - - proxymap
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - 20 virtual
smtp      unix  - - n - - smtp
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
]]

local settings = [[
compatibility_level = 3.6
queue_directory = $DIR/queue
data_directory = $DIR/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = $DIR/maillog
maillog_file_prefixes = $DIR
syslog_name = spec
myhostname = behind.test
mydestination =
local_recipient_maps =
relay_domains =
virtual_mailbox_domains = example.org
virtual_mailbox_base = $DIR/mail
virtual_mailbox_maps = static:box/
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_mailbox_limit = 0
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions =
smtp_dns_support_level = disabled
alias_maps =
alias_database =
local_header_rewrite_clients =
]]

-- The queue, as `postfix check` makes it in two seconds; quick-start says that
-- this need not be done again.
local function make_queue(queue)
  local function make(words, names)
    local argv = { "install", "-d", unpack(words) }
    for name in names:gmatch "%a+" do
      argv[#argv + 1] = queue .. "/" .. name
    end
    assert(process.run(argv).code == 0)
  end
  make({ "-m", "755" }, "pid")
  make({ "-o", "postfix", "-m", "700" },
    "active bounce corrupt defer deferred flush hold incoming private saved trace")
  process.write(queue .. "/quick-start", "")
  make({ "-o", "postfix", "-g", "postdrop", "-m", "730" }, "maildrop")
  make({ "-o", "postfix", "-g", "postdrop", "-m", "710" }, "public")
end

-- extra: more lines for main.cf, instead of ours of that name; files: name to
-- text, beside main.cf; implicit: it says smtpd_tls_wrappermode; service: lines
-- of master.cf in which PORT is ours, instead of a plain smtpd.
function postfix.start(extra, files, implicit, service)
  local dir = process.directory()
  local self = setmetatable({ dir = dir, port = peer.free_port() }, postfix)
  self.url, self.mail = "smtp://127.0.0.1:" .. self.port, dir .. "/mail/box"
  for _, name in ipairs { "conf", "queue", "data", "mail" } do
    assert(posix.mkdir(dir .. "/" .. name))
  end
  make_queue(dir .. "/queue")
  assert(posix.chown(dir .. "/data", "postfix"))
  assert(posix.chown(dir .. "/mail", "nobody"))
  process.write(dir .. "/conf/master.cf", (service or smtpd):gsub("PORT", self.port) .. services)
  local main = "\n" .. settings:gsub("%$DIR", dir)
  for name in ("\n" .. (extra or "")):gmatch "\n([%w_]+) *=" do
    main = main:gsub("\n" .. name .. " =[^\n]*", "")
  end
  main = main .. (extra or "") .. "\n"
  process.write(dir .. "/conf/main.cf", main)
  -- Each process waits until it is two seconds old.
  assert(posix.utime(dir .. "/conf/main.cf", os.time() - 60))
  for name, text in pairs(files or {}) do
    process.write(dir .. "/conf/" .. name, text)
  end
  self.process = process.start {
    "postfix", "-c", dir .. "/conf", "start-fg", stderr = dir .. "/out",
  }
  open[self] = true
  wait.for_("Postfix", function()
    if self.process:ended() then
      error("postfix: " .. (process.read(dir .. "/out") or "") ..
        (process.read(dir .. "/maillog") or ""))
    end
    if main:match "smtpd_upstream_proxy_protocol" then
      return peer.listens(self.port)
    end
    return peer.answers(self.port, implicit)
  end, 30)
  return self
end

-- One that sends whatever its port is given to the port `to`.
function postfix.sender(to, extra)
  return postfix.start(([[
virtual_mailbox_domains =
relayhost = [127.0.0.1]:%d
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
%s]]):format(to, extra or ""))
end

-- What it has logged.
function postfix:log()
  return process.read(self.dir .. "/maillog") or ""
end

function postfix:wait_log(pattern, seconds)
  return wait.for_(function()
    return ("Postfix to log %q in\n%s"):format(pattern, self:log())
  end, function() return self:log():match(pattern) end, seconds)
end

-- How many messages are in the mailbox.
function postfix:delivered()
  return #process.list(self.mail .. "/new")
end

-- Their texts, when there are n.
function postfix:wait_delivered(n, seconds)
  wait.for_(function()
    return ("%d messages in Postfix, there are %d\n%s"):format(n, self:delivered(), self:log())
  end, function() return self:delivered() >= n end, seconds)
  local texts = {}
  for i, name in ipairs(process.list(self.mail .. "/new")) do
    texts[i] = process.read(self.mail .. "/new/" .. name)
  end
  return texts
end

-- The shell in front of the master does not pass signals on, and the master
-- leaves its logger behind: both are in the master's process group.
function postfix:stop()
  local master = tonumber(process.read(self.dir .. "/queue/pid/master.pid"))
  open[self] = nil
  if master then
    posix.kill(master, posix.SIGTERM)
    pcall(wait.for_, "Postfix to end", function() return posix.kill(master, 0) == nil end, 10)
    posix.kill(-master, posix.SIGKILL)
  end
  self.process:stop("TERM", 30)
  process.remove(self.dir)
end

function postfix.clean()
  for server in pairs(open) do
    pcall(server.stop, server)
  end
end

return postfix
