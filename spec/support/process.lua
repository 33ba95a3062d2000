-- process: directories, programs and forked tasks of a spec.
--
-- What is started here is ended by its pid, and dies with the spec at the
-- latest.  A child holds none of the spec's sockets.
local posix, fcntl, unistd = require "posix", require "posix.fcntl", require "posix.unistd"
local signal, sys_wait = require "posix.signal", require "posix.sys.wait"
local cjson, ffi = require "cjson", require "ffi"
local wait = require "spec.support.wait"

ffi.cdef [[
int prctl(int option, unsigned long, unsigned long, unsigned long, unsigned long);
]]
local PR_SET_PDEATHSIG = 1

local process = {}
process.__index = process

function process.write(path, text)
  local f = assert(io.open(path, "w"))
  assert(f:write(text))
  assert(f:close())
end

-- The whole file, or nil.
function process.read(path)
  local f = io.open(path, "r")
  local text = f and f:read "*a"
  if f then
    f:close()
  end
  return text
end

-- What has been added to a file since the last call with the same state table:
-- whole lines, as a list.
function process.new_lines(path, state)
  local f, lines = io.open(path, "r"), {}
  if not f then
    return lines
  end
  f:seek("set", state.at or 0)
  local text = (state.rest or "") .. f:read "*a"
  state.at = f:seek()
  f:close()
  local from = 1
  while true do
    local to = text:find("\n", from, true)
    if not to then
      break
    end
    lines[#lines + 1] = text:sub(from, to - 1)
    from = to + 1
  end
  state.rest = text:sub(from)
  return lines
end

-- The names in a directory, sorted, without those that begin with a dot; none
-- if it is not there.
function process.list(dir)
  local ok, names = pcall(posix.dir, dir)
  local list = {}
  for _, name in ipairs(ok and names or {}) do
    if name:sub(1, 1) ~= "." then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

function process.is_root()
  return unistd.geteuid() == 0
end

-- A new directory that other users may pass through.
function process.directory()
  local dir = assert(posix.mkdtemp "/tmp/lunette-spec-XXXXXX")
  assert(posix.chmod(dir, "rwxr-xr-x"))
  return dir
end

function process.remove(dir)
  if dir:match "^/tmp/lunette%-spec%-......$" then
    os.execute("rm -rf " .. dir)
  end
end

-- In a child: give up every descriptor but those of keep.  The numbers stay
-- taken, for a collector may still close them.
local function close_others(keep)
  local null = assert(fcntl.open("/dev/null", fcntl.O_RDWR))
  for _, name in ipairs(posix.dir "/proc/self/fd") do
    local fd = tonumber(name)
    if fd and fd > 2 and fd ~= null and not keep[fd] then
      unistd.dup2(null, fd)
    end
  end
end

local function die_with_parent(sig)
  ffi.C.prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0)
end

local function redirect(path, fd, flags)
  local from = assert(fcntl.open(path, flags, 420))
  unistd.dup2(from, fd)
end

local function run(o)
  local out = bit.bor(fcntl.O_WRONLY, fcntl.O_CREAT, fcntl.O_APPEND)
  die_with_parent(o.death or signal.SIGTERM)
  redirect(o.stdin or "/dev/null", 0, fcntl.O_RDONLY)
  redirect(o.stdout or "/dev/null", 1, out)
  redirect(o.stderr or o.stdout or "/dev/null", 2, out)
  for name, value in pairs(o.env or {}) do
    posix.setenv(name, value)
  end
  if o.dir then
    posix.chdir(o.dir)
  end
  signal.signal(signal.SIGPIPE, signal.SIG_DFL)
  for _, name in ipairs(posix.dir "/proc/self/fd") do
    if tonumber(name) and tonumber(name) > 2 then
      unistd.close(tonumber(name))
    end
  end
  unistd.execp(o[1], { unpack(o, 2) })
  unistd._exit(127)
end

-- Start a program: { "name", arg..., stdin = , stdout = , stderr = , dir = ,
-- env = }, files named by path.
function process.start(o)
  local pid = assert(unistd.fork())
  if pid == 0 then
    pcall(run, o)
    unistd._exit(126)
  end
  return setmetatable({ pid = pid, name = o[1] }, process)
end

-- Has it ended?  Then code is its exit status, or the name is in killed.
function process:ended()
  if self.code or self.killed then
    return true
  end
  local pid, how, status = sys_wait.wait(self.pid, sys_wait.WNOHANG)
  if pid ~= self.pid then
    return false
  end
  if how == "exited" then
    self.code = status
  else
    self.killed = status
  end
  return true
end

function process:signal(sig)
  if not self:ended() then
    signal.kill(self.pid, type(sig) == "string" and signal["SIG" .. sig] or sig)
  end
end

-- Wait for the end; returns the exit status, or nil and the signal.
function process:join(seconds)
  wait.for_("the end of " .. self.name, function() return self:ended() end, seconds)
  return self.code, self.killed
end

function process:stop(sig, seconds)
  self:signal(sig or "TERM")
  local ok = pcall(self.join, self, seconds)
  if not ok then
    self:signal "KILL"
    self:join()
    error(self.name .. " did not end at SIG" .. (sig or "TERM"), 2)
  end
  return self.code, self.killed
end

-- Run a program to its end: returns { code, out, err }.
function process.run(o)
  local dir = process.directory()
  if o.input then
    process.write(dir .. "/in", o.input)
    o.stdin = dir .. "/in"
  end
  o.stdout, o.stderr = dir .. "/out", dir .. "/err"
  local p = process.start(o)
  local ok, err = pcall(p.join, p, o.seconds or 20)
  local got = {
    code = p.code, killed = p.killed,
    out = process.read(o.stdout) or "", err = process.read(o.stderr) or "",
  }
  if not ok then
    p:signal "KILL"
    p:join()
  end
  process.remove(dir)
  if not ok then
    error(tostring(err) .. "\n" .. got.out .. got.err, 2)
  end
  return got
end

-- Limit a running process of ours: what ("nofile", "fsize", "as"), and the soft
-- limit.  In a container root may not limit others, they themselves may.
function process.limit(pid, what, n)
  local value = type(n) == "number" and ("%d"):format(n) or n
  local argv = { "prlimit", "--pid", tostring(pid), ("--%s=%s:"):format(what, value) }
  if process.is_root() then
    local status = process.read(("/proc/%d/status"):format(pid)) or ""
    argv = {
      "setpriv", "--reuid=" .. status:match "Uid:%s*(%d+)", "--regid=" .. status:match "Gid:%s*(%d+)",
      "--clear-groups", unpack(argv),
    }
  end
  local got = process.run(argv)
  if got.code ~= 0 then
    error("prlimit: " .. got.err, 2)
  end
end

-- Run fn(running, go) in a child: it goes on while running() and returns what
-- JSON can hold.  task:result() ends it and brings that.  go can be given to
-- socket.select, to wake up then.  keep: descriptors it needs.
function process.task(name, fn, keep)
  local read_go, write_go = assert(unistd.pipe())
  local read_out, write_out = assert(unistd.pipe())
  local pid = assert(unistd.fork())
  if pid == 0 then
    local ok, got = pcall(function()
      local kept = { [read_go] = true, [write_out] = true }
      for _, fd in ipairs(keep or {}) do
        kept[fd] = true
      end
      die_with_parent(signal.SIGKILL)
      close_others(kept)
      return fn(function()
        return posix.rpoll(read_go, 0) == 0
      end, { getfd = function() return read_go end, dirty = function() end })
    end)
    local text = cjson.encode { ok = ok, got = ok and got or tostring(got) }
    local at = 1
    while at <= #text do
      at = at + assert(unistd.write(write_out, text:sub(at)))
    end
    unistd._exit(0)
  end
  unistd.close(read_go)
  unistd.close(write_out)
  return setmetatable({ pid = pid, name = name, go = write_go, out = read_out }, process)
end

function process:result(seconds)
  local parts = {}
  local deadline = wait.deadline(seconds or 30)
  unistd.close(self.go)
  repeat
    local left = math.max(0, deadline - wait.now())
    if posix.rpoll(self.out, math.ceil(left * 1000)) ~= 1 then
      self:signal "KILL"
      self:join()
      error("timed out waiting for the result of " .. self.name, 2)
    end
    local piece = unistd.read(self.out, 65536)
    parts[#parts + 1] = piece
  until piece == ""
  unistd.close(self.out)
  self:join()
  local got = cjson.decode(table.concat(parts))
  if not got.ok then
    error(self.name .. ": " .. got.got, 2)
  end
  return got.got
end

return process
