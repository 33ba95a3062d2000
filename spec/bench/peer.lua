-- peer: the servers that `make bench` measures: start one, sum its CPU, stop it.
local posix = require "posix"
local signal, wait = require "posix.signal", require "posix.sys.wait"
local socket = require "socket"

local peer = {}

local function write(path, text)
	local f = assert(io.open(path, "w"))
	f:write(text)
	f:close()
end

-- A process in a session of its own, so that all of it can be found and ended.
function peer.spawn(argv, log)
	local pid = assert(posix.fork())
	if pid == 0 then
		posix.setpid("s")
		local fd = posix.open(log, posix.O_WRONLY + posix.O_CREAT + posix.O_APPEND, "rw-r--r--")
		posix.dup2(fd, 1)
		posix.dup2(fd, 2)
		posix.execp(argv[1], { unpack(argv, 2) })
		os.exit(127)
	end
	return pid
end

-- CPU seconds of a process, its descendants, and those they have reaped.
function peer.cpu(root)
	local ticks, children = {}, {}
	for _, name in ipairs(posix.dir("/proc")) do
		local f = name:match "^%d+$" and io.open("/proc/" .. name .. "/stat")
		if f then
			local rest = (f:read "*a" or ""):match "%) (.*)"
			f:close()
			local field = {}
			for w in (rest or ""):gmatch "%S+" do
				field[#field + 1] = tonumber(w) or w
			end
			if #field > 15 then
				local pid, parent = tonumber(name), field[2]
				ticks[pid] = field[12] + field[13] + field[14] + field[15]
				children[parent] = children[parent] or {}
				table.insert(children[parent], pid)
			end
		end
	end
	local function sum(pid)
		local n = ticks[pid] or 0
		for _, child in ipairs(children[pid] or {}) do
			n = n + sum(child)
		end
		return n
	end
	return sum(root) / 100
end

function peer.wait_port(port, seconds)
	local deadline = socket.gettime() + seconds
	repeat
		local s = socket.tcp()
		s:settimeout(0.2)
		if s:connect("127.0.0.1", port) then
			s:settimeout(5)
			local banner = s:receive "*l"
			s:close()
			if banner and banner:match "^220" then
				return true
			end
		else
			s:close()
			socket.select(nil, nil, 0.05)
		end
	until socket.gettime() > deadline
	error("nothing answers on port " .. port)
end

local function end_group(pid)
	signal.kill(-pid, signal.SIGTERM)
	for _ = 1, 40 do
		if signal.kill(-pid, 0) == nil then return end
		socket.select(nil, nil, 0.05)
	end
	signal.kill(-pid, signal.SIGKILL)
end

-- group_file: where the process wrote the pid of its group (Postfix's master).
function peer.stop(pid, group_file)
	local f = group_file and io.open(group_file)
	if f then
		end_group(tonumber(f:read "*a"))
		f:close()
	end
	signal.kill(pid, signal.SIGTERM)
	for _ = 1, 200 do
		if wait.wait(pid, wait.WNOHANG) == pid then
			return
		end
		socket.select(nil, nil, 0.05)
	end
	signal.kill(pid, signal.SIGKILL)
	wait.wait(pid)
end

local services = [[
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
127.0.0.1:%d inet n - n - 250 smtpd -o smtpd_proxy_filter=127.0.0.1:%d
]]

local main = [[
compatibility_level = 3.6
queue_directory = %s/queue
data_directory = %s/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = %s/postfix.log
maillog_file_prefixes = %s
myhostname = bench.test
mydestination =
local_recipient_maps =
relay_domains = example.net
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
default_process_limit = 250
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions =
smtp_dns_support_level = disabled
alias_maps =
alias_database =
]]

-- Postfix as a before-queue proxy.
function peer.postfix(dir, port, sink)
	posix.mkdir(dir)
	for _, d in ipairs { "/conf", "/queue", "/data" } do
		posix.mkdir(dir .. d)
	end
	assert(os.execute("chown postfix " .. dir .. "/data") == 0)
	write(dir .. "/conf/master.cf", services:format(port, sink))
	write(dir .. "/conf/main.cf", main:format(dir, dir, dir, dir))
	return peer.spawn({ "postfix", "-c", dir .. "/conf", "start-fg" }, dir .. "/out")
end

local stages = { "pre_connection", "connect", "helo", "mail", "rcpt", "data", "headers", "message",
	"unknown", "vrfy", "reply", "relayed", "reset", "disconnect" }

-- Lunette with a hook at every stage (hooks = true) or the fewest (false).
function peer.lunette(dir, port, sink, o)
	posix.mkdir(dir)
	posix.mkdir(dir .. "/hooks")
	local text = { 'local verdict = require "lunette.verdict"\nlocal hook = {}\n' }
	for _, stage in ipairs(o.hooks and stages or { "rcpt" }) do
		text[#text + 1] = ("function hook.%s() %s end\n"):format(stage,
			stage == "rcpt" and "return verdict.accept()" or "return nil")
	end
	text[#text + 1] = "return hook\n"
	write(dir .. "/hooks/pass.lua", table.concat(text))
	write(dir .. "/lunette.lua", ([[
hostname = "bench.test"
listen = { "127.0.0.1:%d" }
relay = "smtp://127.0.0.1:%d"
check_recipients = "%s"
hooks = { "pass" }
hook_path = { "hooks" }
lua_path = { "%s/lua" }
limits = { per_client = 0, messages = 0, sessions = 0 }
workers = { count = %s }
log = { to = "%s/log", level = "%s" }
user = %q
pid_file = "%s/pid"
]]):format(port, sink, o.check, posix.getcwd(), o.workers or 1, dir, o.level or "info", o.user, dir))
	os.execute(("chmod 755 %s && chown -R %s %s"):format(dir, o.user, dir))
	return peer.spawn({ o.program, "run", "-c", dir .. "/lunette.lua" }, dir .. "/out")
end

return peer
