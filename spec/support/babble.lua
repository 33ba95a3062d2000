-- babble: random commands, good and bad, for spec/support/model.lua.
--
-- A command is { verb, text } and what the model must know of it: argument (it
-- has one where there may be none), garbage (no command at all), fault (what is
-- wrong with its argument: code and enhanced code), word (what the hooks of
-- babble.hook make of it), params, login.  All of it comes from dice alone, so
-- that a seed says everything.
local mime = require "mime"

local babble = {}

-- The hooks, one for all stages.  The word is the user of an address or the
-- first label of a name; that of a sender may be for later: "no-data".
babble.hook = [[
local verdict = require "lunette.verdict"
local function say(word)
  if word == "no" then return verdict.reject "no" end
  if word == "wait" then return verdict.defer "wait" end
  if word == "fault" then error "fault" end
end
local function later(stage)
  return function(session)
    return say(session.sender.user:match("^(%a+)%-" .. stage .. "$"))
  end
end
local oracle = { data = later "data", headers = later "headers", message = later "message" }
function oracle.helo(_, name) return say(name:match "^[^.]*") end
function oracle.mail(_, sender) return say(sender.user) end
function oracle.rcpt(_, rcpt)
  if rcpt.user == "discard" then return verdict.discard "told so" end
  if rcpt.user ~= "none" then return say(rcpt.user) or verdict.accept() end
end
function oracle.vrfy(_, text)
  if text == "ok" then return verdict.accept() end
  return say(text)
end
function oracle.unknown(_, verb) return say(verb:lower():sub(2)) end
function oracle.auth(_, login)
  if login.password == "wait" then return verdict.defer "wait" end
  if login.user == "ann" and login.password == "s3cret" then return verdict.accept() end
end
return oracle
]]

-- Numbers that a seed decides: dice(n) is 1 to n.
function babble.dice(seed)
  local state = seed % 2147483647 + 1
  return function(n)
    state = state * 16807 % 2147483647
    return math.floor(state / 2147483647 * n) + 1
  end
end

local function one(dice, list)
  return list[dice(#list)]
end

local sender_params = {
  { text = "SIZE=100", needs = "SIZE" },
  { text = "size=0", needs = "SIZE" },
  { text = "SIZE=999999999", needs = "SIZE", fault = { 552, "5.3.4" } },
  { text = "SIZE=1x", needs = "SIZE", fault = { 501, "5.5.4" } },
  { text = "SIZE", needs = "SIZE", fault = { 501, "5.5.4" } },
  { text = "SIZE=99999999999999999999999", needs = "SIZE", fault = { 501, "5.5.4" } },
  { text = "BODY=7BIT" },
  { text = "body=8bitmime", needs = "8BITMIME" },
  { text = "BODY=9BIT", fault = { 501, "5.5.4" } },
  { text = "BODY=BINARYMIME", fault = { 501, "5.5.4" } },
  { text = "SMTPUTF8", needs = "SMTPUTF8" },
  { text = "SMTPUTF8=1", needs = "SMTPUTF8", fault = { 501, "5.5.4" } },
  { text = "REQUIRETLS", needs = "REQUIRETLS" },
  { text = "RET=HDRS", needs = "DSN" },
  { text = "RET=x", needs = "DSN", fault = { 501, "5.5.4" } },
  { text = "ENVID=a+2Bb", needs = "DSN" },
  { text = "ENVID=a+2", needs = "DSN", fault = { 501, "5.5.4" } },
  { text = "AUTH=<>", needs = "AUTH" },
  { text = "AUTH=a+4", needs = "AUTH", fault = { 501, "5.5.4" } },
  { text = "FOO=bar", fault = { 555, "5.5.4" } },
}

local function params(dice, list)
  if dice(4) > 1 then return {}, "" end
  local p = one(dice, list)
  return { p }, " " .. p.text
end

local function greeting(verb)
  return function(dice)
    local k = dice(20)
    if k == 1 then return { text = verb, fault = { 501, "5.5.4" } } end
    if k == 2 then return { text = verb .. " a b", fault = { 501, "5.5.4" } } end
    if k == 3 then return { text = verb .. " -", fault = { 501, "5.5.4" } } end
    local word = k < 8 and one(dice, { "no", "wait", "fault" }) or "client"
    return { text = ("%s %s.test"):format(verb, word), word = word }
  end
end

local bad_senders = {
  { "MAIL", 501, "5.5.4" }, { "MAIL TO:<a@b.test>", 501, "5.5.4" },
  { "MAIL FROM:a@b.test", 501, "5.1.7" }, { "MAIL FROM:<a@b..test>", 501, "5.1.7" },
  { "MAIL FROM:<a@b.test", 501, "5.1.7" }, { "MAIL FROM:<\195\164@b.test>", 553, "5.6.7" },
  { "MAIL FROM:<a@b.test> SIZE=1 SIZE=1", 501, "5.5.4" },
  { "MAIL FROM:<" .. ("a"):rep(70) .. "@b.test>", 501, "5.1.7" },
}
local later = {
  "no-data", "wait-data", "fault-data", "no-headers", "wait-headers", "no-message",
  "wait-message", "fault-message",
}

-- What the next hop says: there to a recipient, and at the final dot.
babble.hop = {
  RCPT = function(_, line)
    return line:find "<gone@" and "550 5.1.1 gone" or line:find "<full@" and "452 4.2.2 full" or
      "250 2.1.5 ok"
  end,
  MAIL = function(c, line)
    c.word = line:match "<(%a+)%-dot@"
    return "250 2.1.0 ok"
  end,
  dot = function(c)
    return c.word == "no" and "554 5.7.9 no" or c.word == "wait" and "451 4.7.9 wait" or
      "250 2.0.0 ok"
  end,
  ehlo = { "PIPELINING", "SIZE 20000", "8BITMIME", "ENHANCEDSTATUSCODES" }, brief = true,
}

local function mail(dice, m)
  local k = dice(20)
  if k <= 3 then
    local bad = one(dice, bad_senders)
    return { text = bad[1], fault = { bad[2], bad[3] } }
  elseif k == 4 then
    return { text = "mail from: <>" }
  end
  local list, text = params(dice, sender_params)
  local word = k <= 7 and one(dice, { "no", "wait", "fault" }) or k <= 10 and one(dice, later) or
    m.hop and k == 11 and one(dice, { "no-dot", "wait-dot" }) or "ok"
  return { text = ("MAIL FROM:<%s@a.test>%s"):format(word, text), params = list, word = word,
    later = word }
end

local bad_recipients = {
  { "RCPT", 501, "5.5.4" }, { "RCPT FROM:<a@b.test>", 501, "5.5.4" },
  { "RCPT TO:<>", 501, "5.1.3" }, { "RCPT TO:<a@b@c.test>", 501, "5.1.3" },
  { "RCPT TO:<a b@c.test>", 501, "5.1.3" },
  { "RCPT TO:<a@" .. ("b"):rep(64) .. ".test>", 501, "5.1.3" },
}
local recipient_params = {
  { text = "NOTIFY=NEVER", needs = "DSN" },
  { text = "notify=success,delay", needs = "DSN" },
  { text = "NOTIFY=NEVER,FAILURE", needs = "DSN", fault = { 501, "5.5.4" } },
  { text = "ORCPT=rfc822;a@b.test", needs = "DSN" },
  { text = "ORCPT=a", needs = "DSN", fault = { 501, "5.5.4" } },
  { text = "FOO", fault = { 555, "5.5.4" } },
}

local function rcpt(dice, m)
  local k = dice(20)
  if k <= 2 then
    local bad = one(dice, bad_recipients)
    return { text = bad[1], fault = { bad[2], bad[3] } }
  elseif k == 3 then
    return { text = "RCPT TO:<Postmaster>" }
  end
  local list, text = params(dice, recipient_params)
  local word = k <= 9 and one(dice, { "no", "wait", "fault", "none", "discard" }) or
    m.hop and k <= 12 and one(dice, { "gone", "full" }) or "ok"
  return { text = ("rcpt to:<%s@b.test>%s"):format(word, text), params = list, word = word }
end

local function bare(verb)
  return function(dice)
    if dice(10) == 1 then return { text = verb .. " now", argument = true } end
    return { text = verb .. (dice(10) == 1 and "  " or "") }
  end
end

local function vrfy(dice)
  local k = dice(6)
  if k == 1 then return { text = "VRFY", fault = { 501, "5.5.4" } } end
  local word = one(dice, { "ok", "no", "wait", "fault", "someone" })
  return { text = "VRFY " .. word, word = word }
end

local function unknown(dice)
  local word = one(dice, { "no", "wait", "fault", "foo", "bar" })
  return { text = "X" .. word:upper() .. (dice(2) == 1 and " 1 2" or ""), word = word }
end

local bad_chunks = {
  "BDAT", "BDAT x", "BDAT -1", "BDAT 1 LAST x", "BDAT 0x1", "BDAT 1 2",
  "BDAT 99999999999999999999999",
}

-- The next chunk of a message that is sent in pieces.
local function bdat(dice, m)
  local k = dice(30)
  if k == 1 then
    return { text = one(dice, bad_chunks), bad = true }
  end
  return babble.chunk(dice, m)
end

local garbage = { "", " NOOP", "\1\2\3", "NO\0OP", "NOOP\nNOOP", "NOOP\rNOOP", ("x"):rep(3000),
  "\195\164\195\182", "NOOP \195\164", "HELP \255" }

local function plain(user, password)
  return mime.b64(("\0%s\0%s"):format(user, password))
end

-- What ends an exchange, by its first or by a later line.
local function credentials(dice, encode)
  local k = dice(40)
  if k == 1 then return { text = encode("ann", "wrong"), login = "bad" } end
  if k == 2 then return { text = encode("eve", "s3cret"), login = "bad" } end
  if k <= 8 then return { text = encode("ann", "wait"), login = "wait" } end
  if k <= 12 then return { text = "%%%%", login = "junk" } end
  if k <= 16 then return { text = "AAA", login = "junk" } end
  return { text = encode("ann", "s3cret"), login = "good" }
end

local function auth(dice)
  local k = dice(8)
  if k == 1 then return { text = "AUTH", fault = { 501, "5.5.4" } } end
  if k == 2 then return { text = "AUTH CRAM-MD5", fault = { 504, "5.5.4" } } end
  if k == 3 then return { text = "AUTH EXTERNAL =", fault = { 504, "5.5.4" } } end
  if k <= 5 then return { text = "AUTH LOGIN", login = "more", next = "user" } end
  if k == 6 then return { text = "auth plain", login = "more", next = "plain" } end
  local c = credentials(dice, plain)
  c.text = "AUTH PLAIN " .. c.text
  return c
end

local function response(dice, mechanism)
  if dice(8) == 1 then return { text = "*", login = "cancel" } end
  if mechanism == "plain" then return credentials(dice, plain) end
  if mechanism == "user" then
    return { text = (mime.b64 "ann"), login = "more", next = "password" }
  end
  return credentials(dice, function(user, password)
    return (mime.b64(user == "ann" and password or "wrong"))
  end)
end

-- The line that a 334 asks for.
function babble.response(dice, mechanism)
  local c = response(dice, mechanism)
  c.raw = c.text .. "\r\n"
  return c
end

local function text(line)
  return function() return { text = line } end
end

local bad_attributes = { "", " ADDR=x", " FOO=bar", " ADDR=+4", " ADDR", " NAME=a PORT=0" }

local function peer(verb)
  return function(dice)
    if dice(4) == 1 then return { text = verb .. one(dice, bad_attributes), bad = true } end
    return { text = ("%s ADDR=192.0.2.%d NAME=c.test"):format(verb, dice(250)) }
  end
end

local verbs = {
  HELO = greeting "HELO", EHLO = greeting "EHLO", LHLO = greeting "LHLO", MAIL = mail,
  RCPT = rcpt, BDAT = bdat, DATA = bare "DATA", RSET = bare "RSET", NOOP = text "NOOP x",
  HELP = text "HELP",
  VRFY = vrfy, EXPN = text "EXPN x", ETRN = text "ETRN x", STARTTLS = bare "STARTTLS", AUTH = auth,
  XCLIENT = peer "XCLIENT", XFORWARD = peer "XFORWARD",
  QUIT = bare "QUIT", UNKNOWN = unknown,
}

-- What comes next in an orderly session, more often than not; anything else.
local function pick(dice, m)
  local anything = {
    "HELO", "EHLO", "EHLO", "MAIL", "MAIL", "RCPT", "RCPT", "DATA", "DATA", "BDAT", "BDAT", "RSET",
    "NOOP",
    "HELP", "VRFY", "EXPN", "ETRN", "STARTTLS", "STARTTLS", "AUTH", "AUTH", "XCLIENT", "XFORWARD",
    "UNKNOWN", "QUIT",
  }
  if dice(5) == 1 then return one(dice, anything) end
  if not m.tls and m.tls_mode == "required" then return "STARTTLS" end
  if m.lmtp and not m.hello then return "LHLO" end
  if not m.hello or m.hello == "HELO" then return dice(8) == 1 and "HELO" or "EHLO" end
  if m.auth_mode == "required" and not m.auth then return "AUTH" end
  if m.chunk then return dice(6) == 1 and "RSET" or "BDAT" end
  if not m.txn then return "MAIL" end
  if m.txn.accepted == 0 then return "RCPT" end
  return one(dice, { "RCPT", "RCPT", "DATA", "BDAT" })
end

function babble.command(dice, m)
  if dice(60) == 1 then
    local junk = one(dice, garbage)
    local verb = junk:match "^(%u+) " or "UNKNOWN"
    return { verb = verb, text = junk, raw = junk .. "\r\n", garbage = true }
  end
  local verb = pick(dice, m)
  local c = verbs[verb](dice, m)
  c.verb = verb
  c.raw = c.raw or c.text .. "\r\n"
  return c
end

local head = "From: a@a.test\r\nSubject: x\r\n"
-- late: what is wrong is said at the end of all, and not of the chunk.
local contents = {
  { text = head .. "\r\nhello\r\n" },
  { text = "" },
  { text = "\r\n..dot\r\n" },
  { text = head .. "\r\n" .. ("x"):rep(70) .. "\r\n" },
  { text = head .. "\r\nbare\nline\r\n", fault = { 550, "5.5.2" }, late = true },
  { text = head .. "\r\nbare\rline\r\n", fault = { 550, "5.5.2" }, late = true },
  { text = head .. "\r\n\n.\nMAIL FROM:<evil@a.test>\r\n", fault = { 550, "5.5.2" }, late = true },
  { text = head .. "\r\n\n.\r\nRSET\r\n", fault = { 550, "5.5.2" }, late = true },
  { text = ("Received: x\r\n"):rep(6) .. "\r\n", fault = { 554, "5.4.6" }, late = true },
  { text = head .. "\r\n" .. ("twenty octets or so\r\n"):rep(400), fault = { 552, "5.3.4" } },
  { text = ("X: " .. ("x"):rep(90) .. "\r\n"):rep(30) .. "\r\n", fault = { 552, "5.3.4" } },
}

-- The limits that these need.
babble.message_size = 8000
babble.limits = ("received = 5, message_size = %d, header_size = 2000, soft_errors = 0, ")
  :format(babble.message_size)

-- If the hooks refuse its header it is sound, for else the answer would depend
-- on what is read first.
local function sound(dice, m)
  local c
  repeat
    c = one(dice, contents)
  until not (c.fault and m.txn and (m.txn.word or ""):find "headers$")
  return c
end

-- Whole content, for DATA.
function babble.content(dice, m)
  local c = sound(dice, m)
  return { text = "(content)", raw = c.text .. ".\r\n", fault = c.fault }
end

-- A chunk of what the model calls m.sending: content, cut at random.
function babble.chunk(dice, m)
  if not m.chunk or not m.sending then
    local c = sound(dice, m)
    m.sending = { text = c.text:gsub("\n%.%.", "\n."), fault = c.fault, late = c.late, at = 0 }
  end
  local s = m.sending
  local left = #s.text - s.at
  -- What is wrong is in one piece.
  local size = (s.fault or left == 0 or dice(3) == 1) and left or dice(left + 1) - 1
  local last = size == left and dice(4) > 1
  local piece = s.text:sub(s.at + 1, s.at + size)
  local before = s.header
  s.at = s.at + size
  s.header = last or ("\r\n" .. s.text:sub(1, s.at)):find("\r\n\r\n", 1, true) ~= nil
  local line = ("BDAT %d%s"):format(size, last and " LAST" or "")
  local fault = (last or not s.late and size > 0) and s.fault or nil
  return { text = line, raw = line .. "\r\n" .. piece, size = size, last = last, fault = fault,
    header = s.header and not before }
end

return babble
