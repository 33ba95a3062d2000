-- Random conversations against the reference automaton: whatever was said, in
-- whatever order and in whatever groups, the next reply is the one that
-- spec/support/model.lua expects, and EHLO offers what is then accepted.
--
--   SOAK=1	200,000 commands instead of 6,000, others each time
--   SEED=n	the same again
local babble = require "spec.support.babble"
local certificate = require "spec.support.certificate"
local lunette = require "spec.support.lunette"
local process = require "spec.support.process"
local model = require "spec.support.model"
local sink = require "spec.support.sink"
local socket = require "socket"
local stream = require "spec.support.stream"
local wait = require "spec.support.wait"

local COMMANDS = os.getenv "SOAK" and 200000 or 6000
local SEED = tonumber(os.getenv "SEED" or os.getenv "SOAK" and os.time() or 20261120)
local AT_ONCE = 40		-- sessions
local GROUP_MAX = 4000		-- octets, but for the last command
local GROUPS = 30		-- a session has at most so many

local listeners = {
  { },
  { tls = "offered", auth = "offered" },
  { tls = "required", auth = "required" },
  { tls = "implicit", auth = "offered" },
  { limits = { errors = 6, commands = 8, recipients = 3, messages = 2 } },
  { withheld = { PIPELINING = true } },
  { withheld = { CHUNKING = true, SMTPUTF8 = true } },
  { lmtp = true },
  { hop = true },
  { xclient = true, tls = "offered", auth = "offered" },
}

local hop

local function listener(o)
  local words, withheld = {}, {}
  for name, n in pairs(o.limits or { errors = 0, commands = 0, messages = 0 }) do
    words[#words + 1] = ("%s = %d"):format(name, n)
  end
  for keyword in pairs(o.withheld or {}) do withheld[#withheld + 1] = ("%q"):format(keyword) end
  local tls = ({ offered = "starttls" })[o.tls] or o.tls or "off"
  return ([[{ "127.0.0.1:0", tls = "%s", auth = "%s", limits = { %s %s }, ehlo = { %s }, lmtp = %s,
    relay = %s }]])
    :format(tls, o.auth or "off", babble.limits, table.concat(words, ", "),
      table.concat(withheld, ", "), tostring(o.lmtp or false),
      o.hop and ("%q"):format(hop.url) or "nil")
end

local function config(pair)
  local list = {}
  for i, o in ipairs(listeners) do list[i] = listener(o) end
  return ([[
    listen = { %s }
    relay = "discard:"
    tls = { cert = "%s", key = "%s" }
    hooks = { "oracle" }
    xclient_clients = "127.0.0.2"
    limits = { per_client = 0 }
    workers = { count = 1 }
  ]]):format(table.concat(list, ", "), pair.cert, pair.key)
end

-- One session: its model, what it has sent, and the replies it waits for.
local talk = {}
talk.__index = talk

function talk.new(server, seed)
  local dice = babble.dice(seed)
  for _ = 1, 5 do dice(2) end
  local n = dice(#listeners)
  local o = setmetatable({ message_size = babble.message_size }, { __index = listeners[n] })
  local self = setmetatable({ dice = dice, model = model.new(o), groups = 0, want = {} }, talk)
  self.client = server:dial({ tls = o.tls == "implicit", source = o.xclient and "127.0.0.2" }, n)
  self.client.said[1] = ("- seed %d, listener %d"):format(seed, n)
  self:expect({ 220 }, "the banner")
  return self
end

function talk:expect(reply, about, c)
  self.want[#self.want + 1] = { code = reply[1], enhanced = reply[2], about = about, command = c }
end

-- Commands for one write, as text; what they must be answered is noted.
function talk:group()
  local m, dice, texts = self.model, self.dice, {}
  local kind = m.waits or "command"
  local groups = m.pipelining and kind ~= "response"
  local size = groups and dice(5) or dice(40) == 1 and 2 or 1
  local commands, octets = {}, 0
  for i = 1, size do
    local c
    if kind == "content" then
      c = babble.content(dice, m)
    elseif kind == "response" then
      c = babble.response(dice, m.mechanism)
    else
      c = babble.command(dice, m)
    end
    commands[i] = c
    -- What must be last in a group mostly is; and a group is read at once, or
    -- else it would be no matter of chance alone what is seen behind a command.
    local follows = i < size and octets < GROUP_MAX and not (model.is_last(c.verb) and dice(20) > 1)
    local over = self:step(kind, c, follows)
    texts[i], octets = c.raw, octets + #c.raw
    kind = "command"
    if over and follows then texts[i + 1] = "NOOP\r\n" end
    if over or not follows then break end
  end
  return table.concat(texts), #commands
end

-- Put one to the model.  True if nothing can follow.
function talk:step(kind, c, follows)
  local m = self.model
  local reply = m[kind](m, c, follows)
  for i = 3, #reply do self:expect(reply[i], c.text, c) end
  if #reply < 3 then self:expect(reply, c.text, c) end
  return m.over or m.waits
end

-- Send the next group; how many commands there were.
function talk:speak()
  self.groups = self.groups + 1
  local text, n = self:group()
  self.client:send(text)
  return n
end

local function keywords(lines)
  local offers = {}
  for i = 2, #lines do
    local keyword, rest = lines[i]:match "^(%S+) ?(.*)$"
    offers[keyword] = rest
  end
  return offers
end

local kinds = {}		-- of answers that were seen: verb, code, enhanced code

function talk:compare(r)
  local want = table.remove(self.want, 1)
  local got = ("%d %s"):format(r.code, r.enhanced or "")
  local same = r.code == want.code and
    (not want.enhanced or (r.enhanced or ""):sub(1, #want.enhanced) == want.enhanced)
  if not same then
    self.client:fail(("%s: the model says %d %s, the program %s"):format(want.about:sub(1, 200),
      want.code, want.enhanced or "", got))
  end
  local verb = want.command and want.command.verb or "-"
  kinds[verb .. got] = true
  if verb:match "^[EL]HLO" and r.code == 250 then
    local wrong = self.model:learn(keywords(r.lines))
    if wrong then self.client:fail(wrong) end
  end
end

-- What has come so far; true when the connection has ended.
function talk:read()
  local c = self.client
  c.sock:settimeout(0)
  local data, err, partial = c.sock:receive(65536)
  c.input = c.input .. (data or partial or "")
  while c.input:find "\n" and #self.want > 0 do
    if not c.input:find "%f[^\n%z]%d%d%d [^\n]*\n" then break end
    self:compare(c:reply())
  end
  return not data and not stream.is_wait(err)
end

-- Is the session over, now that all is answered?
function talk:finished()
  if self.model.over then
    self.client:expect_closed()
    return true
  end
  if self.model.waits == "handshake" then
    local ok, err = self.client:secure {}
    if not ok then self.client:fail("no TLS: " .. tostring(err)) end
    self.model:secured()
  end
  if self.groups >= GROUPS or self.dice(80) == 1 then
    if self.model.waits == "content" then self.client:send "cut: off\r\n" end
    self.client:close()
    return true
  end
  return false
end

local function run(server)
  local talks, said, begun = {}, 0, 0
  local totals = { faults = 0, messages = 0, kinds = 0 }

  local function finish(i)
    local m = table.remove(talks, i).model
    totals.faults, totals.messages = totals.faults + m.faults, totals.messages + m.delivered
  end
  local function begin()
    begun = begun + 1
    talks[#talks + 1] = talk.new(server, SEED + begun * 7919)
  end

  while said < COMMANDS or #talks > 0 do
    while said < COMMANDS and #talks < AT_ONCE do begin() end
    local socks = {}
    for i = #talks, 1, -1 do
      local t = talks[i]
      if #t.want == 0 then
        if t:finished() then
          finish(i)
        else
          said = said + t:speak()
        end
      end
    end
    for i, t in ipairs(talks) do socks[i] = t.client.sock end
    local ready = #socks > 0 and socket.select(socks, nil, wait.seconds) or {}
    if #socks > 0 and #ready == 0 then talks[1].client:fail "no answer" end
    for _, t in ipairs(talks) do
      if ready[t.client.sock] and t:read() and #t.want > 0 then
        t.client:fail("the connection has ended; the model expects more: " .. t.want[1].about)
      end
    end
  end
  totals.sessions, totals.said = begun, said
  for _ in pairs(kinds) do totals.kinds = totals.kinds + 1 end
  return totals
end

describe("the reference automaton", function()
  local server, dir

  setup(function()
    dir = process.directory()
    local pair = certificate.make(dir, "mx")
    hop = sink.start(babble.hop)
    server = lunette.start { config = config(pair), hooks = { oracle = babble.hook } }
  end)
  teardown(function()
    lunette.clean()
    sink.clean()
    process.remove(dir)
  end)

  it("agrees with what the program answers", function()
    local totals = run(server)
    print(("\nmodel: %d commands in %d sessions, %d messages, %d kinds of answers, seed %d"):format(
      totals.said, totals.sessions, totals.messages, totals.kinds, SEED))
    assert.equal(totals.faults, server:status().hook_errors)
    assert.equal(totals.messages, server:status().messages)
  end)
end)
