-- lunette: the real program, started by a spec in a directory of its own.
--
--   local server = lunette.start { config = [[ relay = "discard:" ]] }
--   local c = server:dial()
--   server:stop()
--
-- In a configuration, $DIR is that directory; hostname is mx.test and the
-- address 127.0.0.1:0 unless it says otherwise; the hook "yes" accepts every
-- recipient.  As root the workers run as nobody.  `after_each(lunette.clean)`
-- stops whatever a spec has left.
local posix, unistd = require "posix", require "posix.unistd"
local client = require "spec.support.client"
local process = require "spec.support.process"
local wait = require "spec.support.wait"

local lunette = {
  program = os.getenv "LUNETTE" or (os.getenv "OUT" or "build") .. "/lunette",
  user = "nobody",
}
lunette.__index = lunette

local root = assert(unistd.getcwd())
if not lunette.program:match "^/" then
  lunette.program = root .. "/" .. lunette.program
end

local open = {}

local yes = [[
local verdict = require "lunette.verdict"
return { rcpt = function() return verdict.accept() end }
]]

-- One line of logfmt as a table; text values have their quotes and escapes
-- undone.
function lunette.parse(line)
  local fields, rest = { line = line }, line
  while rest ~= "" do
    local key, after = rest:match "^([%w_.%-]+)=(.*)$"
    if not key then
      return fields, "not logfmt: " .. line
    end
    local value
    if after:sub(1, 1) == '"' then
      value, rest = after:match '^"([^"\\]*)" ?(.*)$'
      if not value then
        local i = 2
        while after:sub(i, i) ~= '"' and i <= #after do
          i = i + (after:sub(i, i) == "\\" and 2 or 1)
        end
        value, rest = after:sub(2, i - 1), after:sub(i + 1):gsub("^ ", "")
        value = value:gsub("\\(x?)(%x?%x?)(.?)", function(x, hex, c)
          if x == "x" then
            return string.char(tonumber(hex, 16)) .. c
          end
          local named = { n = "\n", r = "\r", t = "\t" }
          return hex .. (named[c] or c)
        end)
      end
    else
      value, rest = after:match "^(%S*) ?(.*)$"
    end
    fields[key] = value
  end
  return fields
end

-- Write the configuration and the hooks of o into a directory: config, hooks
-- (name to text), files (path to text).
function lunette.directory(o)
  local dir = process.directory()
  local head = 'hostname = "mx.test"; listen = "127.0.0.1:0"; '
  for _, name in ipairs { "mail", "hooks", "spool" } do
    assert(posix.mkdir(dir .. "/" .. name))
  end
  if process.is_root() then
    head = head .. ('user = "%s"; '):format(lunette.user)
    assert(posix.chown(dir .. "/mail", lunette.user))
    assert(posix.chown(dir .. "/spool", lunette.user))
  end
  head = head .. ('spool_dir = "%s/spool"; control = "%s/control"; '):format(dir, dir)
  if not (o.config or ""):match "hook_path" then
    head = head .. ('hook_path = { "hooks", "%s/hooks" }; '):format(root)
  end
  if not (o.config or ""):match "lua_path" then
    head = head .. ('lua_path = { "lua", "%s/lua" }; '):format(root)
  end
  process.write(dir .. "/lunette.lua", (head .. (o.config or "")):gsub("%$DIR", dir), nil)
  process.write(dir .. "/hooks/yes.lua", yes)
  for name, text in pairs(o.hooks or {}) do
    process.write(("%s/hooks/%s.lua"):format(dir, name), text)
  end
  for path, text in pairs(o.files or {}) do
    process.write(dir .. "/" .. path, text)
  end
  return dir, head
end

-- o: config, hooks, files, args (more words for the command line), env, conf
-- (another configuration's path), unready (do not wait until it is), under (a
-- program that runs it, and its words), log (where to, default a file).
function lunette.start(o)
  local dir, head = lunette.directory(o)
  local self = setmetatable({ dir = dir, head = head, log_path = dir .. "/log" }, lunette)
  self.clients, self.known = {}, {}
  local conf = o.conf and root .. "/" .. o.conf or dir .. "/lunette.lua"
  local argv = { unpack(o.under or {}) }
  for _, word in ipairs { lunette.program, "run", "-c", conf } do
    argv[#argv + 1] = word
  end
  for _, word in ipairs(o.args or {}) do
    argv[#argv + 1] = word:gsub("%$DIR", dir)
  end
  argv.stderr, argv.stdout, argv.env, argv.dir = o.log or self.log_path, dir .. "/out", o.env, dir
  self.process = process.start(argv)
  open[self] = true
  if not o.unready then
    self:wait_for "ready"
    self:find_ports()
  end
  return self
end

function lunette:find_ports()
  self.ports = {}
  for _, l in ipairs(self:log "listen") do
    self.ports[#self.ports + 1] = tonumber(l.addr:match ":(%d+)$") or l.addr
  end
  self.port = self.ports[1]
end

-- The log so far, as tables; only lines of that event if one is named, only
-- those after a place that :here() gave.
function lunette:log(event, from)
  local known, lines = self.known, {}
  if known.path ~= self.log_path then
    known = { path = self.log_path, offset = 0, state = {} }
    self.known = known
  end
  for _, line in ipairs(process.new_lines(self.log_path, known.state)) do
    local fields = lunette.parse(line)
    fields.offset = known.offset
    known.offset = known.offset + #line + 1
    known[#known + 1] = fields
  end
  for _, fields in ipairs(known) do
    if fields.offset >= (from or 0) and (not event or fields.event == event) then
      lines[#lines + 1] = fields
    end
  end
  return lines
end

-- A place in the log: what is written later can be asked for alone.
function lunette:here()
  return #(process.read(self.log_path) or "")
end

-- The log as text, from such a place on.
function lunette:read(from)
  return (process.read(self.log_path) or ""):sub((from or 0) + 1)
end

local function matches(line, fields)
  for key, value in pairs(fields or {}) do
    if line[key] ~= tostring(value) then
      return false
    end
  end
  return true
end

-- The first line of that event with these fields, after from (default: any).
function lunette:wait_for(event, fields, from, seconds)
  return wait.for_(function()
    return ("event=%s in\n%s"):format(event, process.read(self.log_path) or "")
  end, function()
    for _, line in ipairs(self:log(event, from)) do
      if matches(line, fields) then
        return line
      end
    end
    if self.process:ended() then
      error(("it ended (%s) before event=%s:\n%s"):format(tostring(self.process.code or
        self.process.killed), event, process.read(self.log_path) or ""))
    end
    return nil
  end, seconds)
end

function lunette:count(event, fields, from)
  local n = 0
  for _, line in ipairs(self:log(event, from)) do
    n = n + (matches(line, fields) and 1 or 0)
  end
  return n
end

-- The same when it is n: a line may be written after the reply that it is about.
function lunette:wait_count(n, event, fields, from)
  wait.for_(function()
    return ("%d lines of event=%s in\n%s"):format(n, event, process.read(self.log_path))
  end, function() return self:count(event, fields, from) >= n end)
  return self:count(event, fields, from)
end

-- A connection; n is the number of the listener, or o the client's options.
function lunette:dial(o, n)
  local from = self:here()
  local c = assert(client.dial(self.ports[n or 1], o))
  c.from = from
  table.insert(self.clients, c)
  return c
end

-- The first such line of that client's session, which will come; how many there
-- are now.  The last one is "end".
function lunette:line_of(c, event)
  return self:wait_for(event, { client = c.name }, c.from)
end

function lunette:count_of(c, event)
  return self:count(event, { client = c.name }, c.from)
end

function lunette:ended(c)
  return self:line_of(c, "end")
end

function lunette:path(name)
  return self.dir .. "/" .. name
end

function lunette:config(text)
  process.write(self:path "lunette.lua", (self.head .. text):gsub("%$DIR", self.dir), nil)
end

-- Write a hook whole before it takes its name, as an editor should.
function lunette:hook(name, text)
  local path = ("%s/hooks/%s.lua"):format(self.dir, name)
  process.write(path .. ".new", text)
  assert(os.rename(path .. ".new", path))
end

-- SIGHUP and its outcome: the line of reload_done or reload_failed.
function lunette:reload(seconds)
  local from = self:here()
  self.process:signal "HUP"
  return wait.for_(function()
    return "a reload in\n" .. (process.read(self.log_path) or "")
  end, function()
    return self:log("reload_done", from)[1] or self:log("reload_failed", from)[1]
  end, seconds)
end

-- `lunette ctl WORD...`: { code, out, err }.
function lunette:ctl(...)
  return process.run { lunette.program, "ctl", "-c", self:path "lunette.lua", ... }
end

-- `ctl status` as a table, without the lines of single workers.
function lunette:status()
  local got, status = self:ctl "status", {}
  for line in got.out:gmatch "[^\n]+" do
    local key, value = line:match "^([%w_]+)=(%S*)$"
    if key then
      status[key] = tonumber(value) or value
    end
  end
  return status, got
end

local function children(pid)
  local list = {}
  local text = process.read(("/proc/%d/task/%d/children"):format(pid, pid)) or ""
  for child in text:gmatch "%d+" do
    list[#list + 1] = tonumber(child)
  end
  return list
end

-- The workers' pids: of those that have started, the ones that still run.
function lunette:workers()
  local alive, list = {}, {}
  for _, pid in ipairs(children(self.process.pid)) do
    alive[pid] = true
  end
  for _, line in ipairs(self:log "worker_start") do
    if alive[tonumber(line.pid)] then
      list[#list + 1] = tonumber(line.pid)
    end
  end
  return list
end

-- The files of a maildir as texts, and their names.
function lunette:mails(path)
  local texts = {}
  local dir = (path or self:path "mail") .. "/new/"
  local names = process.list(dir)
  for i, name in ipairs(names) do
    texts[i] = process.read(dir .. name)
  end
  return texts, names
end

-- A maildir file in its parts: our trace header, and the message itself.
function lunette.split_mail(text)
  local trace, rest = {}, text
  for _, name in ipairs { "Return%-Path", "Delivered%-To", "Received" } do
    while rest:match("^" .. name .. ":") and not (name == "Received" and trace.Received) do
      local field, after = rest:match "^(.-\n)([^ \t].*)$"
      if not field then
        field, after = rest, ""
      end
      local key, value = field:match "^([%w-]+):%s*(.-)\n$"
      trace[key] = trace[key] and trace[key] .. "," .. value or value
      rest = after
    end
  end
  return trace, rest
end

-- Stop it, by default with TERM, when its clients have gone.  Returns the exit
-- status; the directory is removed, final_log is what was in the log.
function lunette:stop(sig, seconds)
  open[self] = nil
  for _, c in ipairs(self.clients) do
    c:close()
  end
  local code, killed = self.process:stop(sig, seconds or 20)
  self.final_log = process.read(self.log_path)
  process.remove(self.dir)
  return code, killed
end

-- Run the program to its end: words, then input on stdin.  $DIR is the
-- directory made of o, which is removed.
function lunette.run(words, o)
  o = o or {}
  local dir = lunette.directory(o)
  local argv = { lunette.program, input = o.input, env = o.env, dir = dir, seconds = o.seconds }
  for _, word in ipairs(words) do
    argv[#argv + 1] = word:gsub("%$DIR", dir)
  end
  local got = process.run(argv)
  got.dir = dir
  process.remove(dir)
  return got
end

-- End what a failed spec has left.
function lunette.clean()
  for server in pairs(open) do
    pcall(server.stop, server, "KILL")
  end
end

return lunette
