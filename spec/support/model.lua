-- model: what a session must answer, command by command: the reference automaton.
--
-- It knows the protocol and nothing of the program: one state, one row for each
-- verb, one function for each that does more than answer.  A command is a table
-- of spec/support/babble.lua; follows says that more octets came with it.
--
--   local m = model.new { tls = "offered", auth = "off", limits = {} }
--   local want = m:command(c, follows)		-- { code, enhanced }
--
-- From the third on it holds the replies by LMTP, one for each recipient.
--
-- After it, m.over: the connection is closed; m.waits: what the client has to
-- send next ("content", "response", "handshake"), nil for a command.
local model = {}
model.__index = model

-- Must be last in a group; not before a greeting; takes no argument; counts
-- against limits.commands; allowed in the clear where TLS is required; not
-- without AUTH where that is; final: what follows does not matter; framed:
-- octets follow, whatever the answer is.
local rows = {
  HELO = { last = true, counted = true, clear = true },
  EHLO = { last = true, counted = true, clear = true },
  LHLO = { last = true, counted = true, clear = true },
  MAIL = { greeted = true, login = true },
  RCPT = { greeted = true },
  DATA = { greeted = true, bare = true, last = true },
  BDAT = { framed = true },
  RSET = { bare = true, counted = true },
  NOOP = { counted = true, clear = true },
  HELP = { counted = true },
  VRFY = { last = true, counted = true, login = true },
  EXPN = { last = true, counted = true },
  ETRN = { last = true, counted = true },
  STARTTLS = { last = true, counted = true, clear = true },
  AUTH = { last = true, counted = true },
  XCLIENT = { last = true },
  XFORWARD = {},
  QUIT = { bare = true, clear = true, final = true },
  UNKNOWN = { counted = true },
}

-- What hooks answer to a word, at the stages of these verbs.
local words = {
  no = { HELO = 550, EHLO = 550, MAIL = 550, RCPT = 550, DATA = 554, VRFY = 550, UNKNOWN = 550,
    content = 550 },
  wait = { HELO = 450, EHLO = 450, MAIL = 451, RCPT = 451, DATA = 451, VRFY = 450, UNKNOWN = 451,
    content = 451 },
  fault = { HELO = 451, EHLO = 451, MAIL = 451, RCPT = 451, DATA = 451, VRFY = 451, UNKNOWN = 451,
    content = 451 },
}
words.no.LHLO, words.wait.LHLO, words.fault.LHLO = 550, 450, 451
local enhanced = { no = "5.7.1", wait = "4.7.1", fault = "4.3.0" }

local TRIES = 3		-- failed logins

local SMALL = 512	-- octets of a chunk that counts against limits.commands

-- o: lmtp, hop (the next hop is that of spec/support/babble.lua), message_size,
-- xclient (the client may name another), tls ("off", "offered", "required",
-- "implicit"), auth ("off", "offered", "required"), withheld (keywords), limits.
function model.new(o)
  return setmetatable({
    tls_mode = o.tls or "off", auth_mode = o.auth or "off", limits = o.limits or {},
    withheld = o.withheld or {}, lmtp = o.lmtp, hop = o.hop, xclient = o.xclient,
    tls = o.tls == "implicit",
    message_size = o.message_size, sent = 0, errors = 0, junk = 0, messages = 0, failures = 0,
    offers = {},
    faults = 0, delivered = 0,		-- what the program counts, too
  }, model)
end

-- A reply; each 5xx is an error.
function model:say(code, text)
  if code >= 500 then self.errors = self.errors + 1 end
  return { code, text }
end

function model:close(code, text)
  self.over = true
  return { code, text }
end

-- What the hooks say to a word; nil if they let it pass.
function model:verdict(word, stage)
  if not word or not words[word] then return end
  if word == "wait" then self.errors = self.errors + 1 end
  if word == "fault" then self.faults = self.faults + 1 end
  return self:say(words[word][stage], enhanced[word])
end

local function over(n, limit)
  return limit and limit > 0 and n > limit
end

function model:barred(row)
  if self.tls_mode == "required" and not self.tls and not row.clear then
    return self:say(530, "5.7.0")
  end
  if self.auth_mode == "required" and not self.auth and row.login then
    return self:say(530, "5.7.0")
  end
end

function model:is_junk()
  self.junk = self.junk + 1
  return over(self.junk, self.limits.commands)
end

-- What all commands are held against.
function model:admit(c, row, follows)
  if not row.framed and follows and not row.final and (row.last or not self.pipelining) then
    return self:close(554, "5.5.0")
  end
  if over(self.errors + 1, self.limits.errors) and not row.final then
    return self:close(421, "4.7.0")
  end
  if row.counted and self:is_junk() then return self:close(421, "4.7.0") end
  if row.framed then return end
  local barred = self:barred(row)
  if barred then return barred end
  if row.bare and c.argument then return self:say(501, "5.5.4") end
  if row.greeted and not self.hello then return self:say(503, "5.5.1") end
  if c.garbage then return self:say(500, "5.5.2") end
end

-- Who has not waited for the answer to AUTH may go on with name and password:
-- what is no command then is for no hook.
function model:command(c, follows)
  local row = rows[c.verb]
  if c.verb ~= "UNKNOWN" then self.astray = c.verb == "AUTH" end
  return self:admit(c, row, follows) or self[c.verb](self, c, follows)
end

function model.is_last(verb)
  return verb and rows[verb].last
end

local function none(self) return self:say(502, "5.5.1") end
model.EXPN, model.ETRN = none, none

function model:NOOP() return self:say(250, "2.0.0") end
function model:HELP() return self:say(214, "2.0.0") end
function model:QUIT() return self:close(221, "2.0.0") end

function model:refuses_peer(c)
  if not self.xclient then return self:say(550, "5.7.0") end
  if self.txn then return self:say(503, "5.5.1") end
  if c.bad then return self:say(501, "5.5.4") end
end

-- Another client: all begins anew, but for TLS.
function model:XCLIENT(c)
  local refused = self:refuses_peer(c)
  if refused then return refused end
  self:forget()
  self.errors, self.junk, self.failures, self.named = 0, 0, 0, true
  return self:say(220)
end

function model:XFORWARD(c)
  return self:refuses_peer(c) or self:say(250, "2.0.0")
end

function model:UNKNOWN(c)
  return not self.astray and self:verdict(c.word, "UNKNOWN") or self:say(500, "5.5.2")
end

function model:VRFY(c)
  if c.fault then return self:say(unpack(c.fault)) end
  local refused = self:verdict(c.word, "VRFY")
  if refused then return refused end
  if c.word == "ok" then return self:say(250, "2.1.5") end
  return self:say(252, "2.5.0")
end

-- A greeting that is refused changes nothing.
local function hello(self, c)
  if (c.verb == "LHLO") ~= (self.lmtp or false) then return self:say(500, "5.5.1") end
  if c.fault then return self:say(unpack(c.fault)) end
  local refused = self:verdict(c.word, c.verb)
  if refused then return refused end
  self.hello, self.txn, self.chunk = c.verb, nil, nil
  self.pipelining = c.verb ~= "HELO" and not self.withheld.PIPELINING
  self.offers = { SIZE = true, ["8BITMIME"] = true }
  return self:say(250)
end
model.HELO, model.EHLO, model.LHLO = hello, hello, hello

-- Keywords that the reply to EHLO must have, and those it must not have.
function model:offered()
  local must, never = { "SIZE", "ENHANCEDSTATUSCODES", "8BITMIME", "HELP" }, {}
  local function put(keyword, yes)
    local list = yes and must or never
    list[#list + 1] = keyword
  end
  put("PIPELINING", self.pipelining)
  put("CHUNKING", not self.withheld.CHUNKING)
  put("STARTTLS", not self.tls and not self.named and
    (self.tls_mode == "offered" or self.tls_mode == "required"))
  put("AUTH", self.auth_mode ~= "off" and self.tls)
  if self.hop or self.withheld.SMTPUTF8 then put("SMTPUTF8", false) end
  if self.hop then put("DSN", false) end
  if not self.tls then put("REQUIRETLS", false) end
  local known = self.xclient and (self.tls or self.tls_mode ~= "required")
  put("XCLIENT", known)
  put("XFORWARD", known)
  return must, never
end

-- The reply to EHLO has come, as keyword to parameters: nil, or what is wrong.
function model:learn(offers)
  local must, never = self:offered()
  for _, keyword in ipairs(must) do
    if not offers[keyword] then return "EHLO does not offer " .. keyword end
  end
  for _, keyword in ipairs(never) do
    if offers[keyword] then return "EHLO offers " .. keyword end
  end
  self.offers = offers
end

local missing = {
  ["8BITMIME"] = { 554, "5.6.3" }, SMTPUTF8 = { 553, "5.6.7" }, REQUIRETLS = { 550, "5.7.30" },
}

-- The first parameter that is not accepted.
function model:refuses_params(c)
  for _, p in ipairs(c.params or {}) do
    if p.needs == "REQUIRETLS" and not self.tls then return self:say(530, "5.7.4") end
    if p.needs and not self.offers[p.needs] then
      return self:say(unpack(missing[p.needs] or { 555, "5.5.4" }))
    end
    if p.fault then return self:say(unpack(p.fault)) end
  end
end

function model:MAIL(c)
  if self.chunk then return self:say(503, "5.5.1") end
  if self.txn then return self:say(503, "5.5.1") end
  if over(self.messages + 1, self.limits.messages) then return self:close(421, "4.7.0") end
  if c.fault then return self:say(unpack(c.fault)) end
  local refused = self:refuses_params(c) or self:verdict(c.word, "MAIL")
  if refused then return refused end
  self.txn = { accepted = 0, rcpts = {}, word = c.later }
  return self:say(250, "2.1.0")
end

-- What a next hop that is asked says to a recipient, and to a message.
local hop = { gone = { 550, "5.1.1" }, full = { 452, "4.2.2" } }
local dot = { no = { 554, "5.7.9" }, wait = { 451, "4.7.9" } }

function model:RCPT(c)
  local txn = self.txn
  if self.chunk or not txn then return self:say(503, "5.5.1") end
  if c.fault then return self:say(unpack(c.fault)) end
  local refused = self:refuses_params(c)
  if refused then return refused end
  if over(txn.accepted + 1, self.limits.recipients) then return self:say(452, "4.5.3") end
  refused = self:verdict(c.word, "RCPT")
  if refused then return refused end
  if c.word == "none" then return self:say(550, "5.7.1") end
  if self.hop and hop[c.word] then return self:say(unpack(hop[c.word])) end
  txn.accepted = txn.accepted + 1
  txn.rcpts[txn.accepted] = c.word or "ok"
  txn.kept = txn.kept or c.word ~= "discard"
  return self:say(250, "2.1.5")
end

function model:RSET()
  self.txn, self.chunk = nil, nil
  return self:say(250, "2.0.0")
end

-- What the sender's word says at a later stage.
local function word_at(txn, stage)
  return txn.word and txn.word:match("^(.*)%-" .. stage .. "$")
end

function model:DATA()
  local txn = self.txn
  if self.chunk or not txn then return self:say(503, "5.5.1") end
  if txn.accepted == 0 then return self:say(self.lmtp and 503 or 554, "5.5.1") end
  local refused = self:verdict(word_at(txn, "data"), "DATA")
  if refused then
    self.txn = nil
    return refused
  end
  self.waits = "content"
  return self:say(354)
end

-- By LMTP each recipient has an answer; what was discarded was taken.
local function each(txn, reply)
  for i, word in ipairs(txn.rcpts) do
    reply[2 + i] = word == "discard" and { 250, "2.0.0" } or { reply[1], reply[2] }
  end
end

-- The message is there, or what is wrong with it; it is an error if anybody is
-- told so.
function model:deliver(txn, fault)
  self.junk = 0
  local reply = fault or self:verdict(word_at(txn, "message"), "content")
  local said = not reply and self.hop and txn.kept and dot[word_at(txn, "dot")]
  reply = reply or said and self:say(unpack(said))
  if not reply then
    self.messages = self.messages + 1
    self.delivered = self.delivered + (txn.kept and 1 or 0)
    reply = self:say(250, "2")
  end
  if self.lmtp and self.chunk ~= "failed" then
    each(txn, reply)
    if reply[1] >= 500 and not txn.kept then self.errors = self.errors - 1 end
  end
  return reply
end

-- Content to its end: c.fault is what is wrong with it.
function model:content(c, follows)
  local txn = self.txn
  self.waits, self.txn = nil, nil
  if follows and not self.pipelining then return self:close(554, "5.5.0") end
  return self:deliver(txn, self:verdict(word_at(txn, "headers"), "content") or
    c.fault and self:say(unpack(c.fault)))
end

-- What the protocol has against a chunk.
function model:misplaced(c)
  if not self.offers.CHUNKING then return { 502, "5.5.1" } end
  if self.chunk == "failed" or not self.txn then return { 503, "5.5.1" } end
  if self.txn.accepted == 0 then return { self.lmtp and 503 or 554, "5.5.1" } end
  if c.size == 0 and not c.last then
    self.txn.empty = (self.txn.empty or 0) + 1
    if self.txn.empty > 1 then return { 551, "5.7.1" } end
  end
end

-- A chunk: size, last, header (of the message it ends the header), fault (it is
-- the first that knows of it).  Its octets are taken out whatever the answer is.
function model:BDAT(c, follows)
  if c.bad then return self:close(501, "5.5.4") end
  if c.size < SMALL and not c.last and self.limits.commands and self.limits.commands > 0 and
      self:is_junk() then
    return self:close(421, "4.7.0")
  end
  local misplaced = self:misplaced(c)
  self.sent = self.chunk and self.sent + c.size or c.size
  if over(self.sent, 2 * self.message_size) then return self:close(552, "5.3.4") end
  local first = not misplaced and not self.chunk
  local refused = first and self:verdict(word_at(self.txn, "data"), "DATA")
  -- That is seen once the octets are there, and the hooks have been asked.
  if follows and not self.pipelining then return self:close(554, "5.5.0") end
  if misplaced then
    if misplaced[1] ~= 502 then
      self.chunk = not c.last and (self.txn and "failed" or self.chunk) or nil
      self.txn = nil
    end
    return self:say(unpack(misplaced))
  end
  return self:take_chunk(c, refused)
end

function model:take_chunk(c, refused)
  local txn = self.txn
  local fault = refused or c.header and self:verdict(word_at(txn, "headers"), "content") or
    c.fault and self:say(unpack(c.fault))
  if fault or c.last then
    self.txn, self.chunk = nil, not c.last and "failed" or nil
    return self:deliver(txn, fault)
  end
  self.chunk = "open"
  return self:say(250, "2.0.0")
end

function model:STARTTLS(c)
  if self.tls then return self:say(503, "5.5.1") end
  if self.tls_mode == "off" then return self:say(502, "5.5.1") end
  if c.argument then return self:say(501, "5.5.4") end
  if self.txn or self.named then return self:say(503, "5.5.1") end
  self.waits = "handshake"
  return self:say(220, "2.0.0")
end

-- What was said before was never said.
function model:forget()
  self.hello, self.pipelining, self.auth, self.chunk, self.offers = nil, false, nil, nil, {}
end

function model:secured()
  self.waits, self.tls = nil, true
  self:forget()
end

function model:AUTH(c)
  if self.auth_mode == "off" or self.auth or self.txn then return self:say(503, "5.5.1") end
  if not self.tls and self.tls_mode ~= "off" and not self.named then return self:say(538, "5.7.11") end
  if not self.tls or self.hello == "HELO" or not self.hello then return self:say(503, "5.5.1") end
  if c.fault then return self:say(unpack(c.fault)) end
  return self:exchange(c)
end

-- One line of AUTH; c.login is what it comes to: "more", "good", "bad", "wait",
-- "cancel" or "junk".
function model:exchange(c)
  self.waits = nil
  if c.login == "more" then
    self.waits, self.mechanism = "response", c.next
    return self:say(334)
  elseif c.login == "good" then
    self.auth, self.astray = true, false
    return self:say(235, "2.7.0")
  elseif c.login == "wait" then
    self.errors = self.errors + 1
    return self:say(454, "4")
  elseif c.login == "cancel" then
    return self:say(501, "5.7.0")
  elseif c.login == "junk" then
    return self:say(501, "5.5.2")
  end
  self.failures = self.failures + 1
  if self.failures >= TRIES then return self:close(421, "4.7.0") end
  return self:say(535, "5.7.8")
end

function model:response(c, follows)
  if follows then return self:close(554, "5.5.0") end
  return self:exchange(c)
end

return model
