-- row: one hostile input, or one fault, and the answer to it: a row of
-- doc/hostile-input.md, which spec/rows makes from the first statement of each
-- of these files.
--
--   local row = require "spec.support.row"
--
--   row { 28, "A second MAIL in a transaction", answer = "503 5.5.1; the first one stands" }
--
--   row.serve { limits = "recipients = 3" }
--
--   row.case("is refused", function(c, at)
--     c:cmd("MAIL FROM:<a@b.test>", 250)
--     ...
--   end)
--
-- A case runs over each way to come (clear text, STARTTLS, implicit TLS), each
-- time with everything sent at once and with every octet sent on its own.  What
-- runs in a plain `it` runs once.  When a file is through, its workers must live
-- and no hook may have failed, unless serve says otherwise.
local assert = require "luassert"
local busted = require "busted"
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local sink = require "spec.support.sink"

local row = { sanitized = lunette.program:match "build%-san" ~= nil }
local at  -- what the cases being declared run against

local ways = { "clear", "starttls", "implicit" }
local spoken = { clear = "in the clear", starttls = "after STARTTLS", implicit = "over TLS" }
-- Longer texts go in pieces of more than one octet.
local few = 4000

-- o: number, what comes in, answer (Markdown, in a line each), over ("clear",
-- "tls"; default both: where the cases run).
local function declare(_, o)
  row.over = o.over
end

setmetatable(row, { __call = declare })

local limits = "errors = 0, soft_errors = 0, commands = 0, messages = 0, per_client = 0"

-- The listeners are 1, with STARTTLS, and 2, with TLS.
local base = [[
relay = %s; hooks = { "yes" }; workers = { count = 1 }; limits = { %s };
tls = { cert = "%s", key = "%s" };
listen = { { "127.0.0.1:0", tls = "starttls" }, { "127.0.0.1:0", tls = "implicit" } };
]]

-- The daemon for the cases that follow in this block.  o: config (more of it),
-- limits (more of them), hooks, files, env and under as for lunette.start, hop (the script
-- of a sink; default: a maildir), tls (how to speak to it), fingerprint (of its certificate),
-- start (false: the spec starts it, with at:start(more)), crashes, errors (workers may die, hooks
-- may fail).
-- Returns a table: server, hop, dir (for the spec's files), pair (certificate).
function row.serve(o)
  o = o or {}
  local mine = setmetatable({ o = o }, { __index = row.at })
  at = mine
  busted.setup(function()
    mine.dir = process.directory()
    mine.pair = certificate.make(mine.dir, "mx", { names = { "mx.test" } })
    if o.start ~= false then
      mine:start()
    end
  end)
  busted.teardown(function() mine:stop() end)
  return mine
end

row.at = {}

-- More than serve has: config.
function row.at:start(more)
  local o = self.o
  if o.hop then
    self.hop = sink.start(o.hop)
  end
  local config = base:format(("{ %q%s }"):format(self.hop and self.hop.url or "maildir:mail",
    (o.tls and (", tls = %q"):format(o.tls) or "") ..
      (o.fingerprint and (", fingerprint = %q"):format(o.fingerprint) or "")),
    limits .. (o.limits and ", " .. o.limits or ""),
    self.pair.cert, self.pair.key)
  self.server = lunette.start {
    config = config .. (o.config or "") .. (more or ""), hooks = o.hooks, files = o.files,
    env = o.env, under = o.under,
  }
  return self.server
end

-- Nobody was hurt, and the log is text.
local function check(self)
  local server, o = self.server, self.o
  if not o.crashes then
    assert.equal(0, server:count "worker_exit", process.read(server.log_path))
  end
  if not o.errors then
    assert.equal(0, server:count "hook_error", process.read(server.log_path))
  end
  local text = server:read():gsub("[\194-\244][\128-\191]+", "")
  assert.is_nil(text:match "[^\n]*[%z\1-\9\11-\31\127-\255][^\n]*")
end

function row.at:stop()
  local ok, err = true, nil
  if self.server then
    ok, err = pcall(check, self)
    self.server = nil
  end
  lunette.clean()
  sink.clean()
  if self.dir then
    process.remove(self.dir)
    self.dir = nil
  end
  if not ok then
    error(err, 0)
  end
end

-- A client that has come that way.  greet: "ehlo" (default), "helo", "banner"
-- (which is read, and no more), false (nothing is read).
function row.at:dial(way, greet)
  local c
  if way == "implicit" then
    c = self.server:dial({ tls = true }, 2)
  else
    c = self.server:dial()
  end
  if way == "starttls" then
    c:hello()
    c:starttls()
  elseif greet ~= false then
    c:expect(220)
  end
  if greet == "helo" then
    c:cmd("HELO client.test", 250)
  elseif greet == nil or greet == "ehlo" then
    c:cmd("EHLO client.test", 250)
  end
  return c
end

-- One client, each way.  fn(c, at, how) is the case; o: greet (see dial), over
-- ("clear", "tls", or one way), whole (true: never in single octets).
function row.case(name, fn, o)
  o = o or {}
  local mine, over = at, o.over or row.over
  for _, way in ipairs(ways) do
    local wanted = not over or over == way or over == "tls" and way ~= "clear"
    if wanted and not (o.greet == false and way == "starttls") then
      for _, octets in ipairs(o.whole and { false } or { false, 1 }) do
        local how = spoken[way] .. (octets and ", octet by octet" or "")
        busted.it(name .. " (" .. how .. ")", function()
          local c = mine:dial(way, o.greet)
          c.octets = octets and few
          fn(c, mine, { way = way, octets = octets })
          c:close()
        end)
      end
    end
  end
end

-- One case for each of a list, { input, reply }: the reply to that line, and the
-- session goes on.
function row.lines(list, o)
  for _, case in ipairs(list) do
    row.case(("answers %q"):format(case[1]:sub(1, 40)), function(c)
      c:cmd(case[1], case[2])
      c:cmd("NOOP", 250)
    end, o)
  end
end

-- A hook that says in answer to VRFY what the session knows of its client, and
-- what it says, as a table.
row.shows = [[
local verdict = require "lunette.verdict"
return { vrfy = function(session)
  local tls, auth, proxy = session.tls, session.auth, session.proxy
  return verdict.reject("5.1.1", "ip=%s port=%d name=%s helo=%s tls=%s sni=%s auth=%s proxy=%s",
    session.client.ip, session.client.port, session.client.name or "-", session.helo or "-",
    tls and tls.version or "-", tls and tls.sni or "-", auth and auth.user or "-",
    proxy and proxy.ip or "-")
end } ]]

function row.shown(c)
  local got = {}
  for key, value in c:cmd("VRFY x", 550).text:gmatch "(%w+)=(%S+)" do
    got[key] = value
  end
  return got
end

return row
