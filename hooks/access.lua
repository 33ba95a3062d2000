-- access: lists of whom to refuse, and of who is let off.
--
-- Stages    pre_connection (client), connect (name), helo, mail, rcpt
-- Settings  deny_clients     allow_clients     CIDRs
--           deny_names       allow_names       domains, for the name that fcrdns found:
--                                              list that hook before this one
--           deny_helo        allow_helo        domains, or any other word
--           deny_senders     allow_senders     addresses: "ann@example.org",
--           deny_recipients  allow_recipients  "@example.org", "@.example.org", and "<>"
--                                              for the null sender
--           action  "reject" (default) or "defer"
--           text    what the refused are told; default "access denied"; in a list that is
--                   a text, what follows an entry on its line is the text for that entry
--           skip    hooks that an allowed client or name need not pass, such as
--                   { "dnsbl", "early_talker" }; default none
-- Failure   none: nothing is looked up
--
-- Within a pair, allow beats deny: deny a network and allow one host of it. An allowed
-- client is let off deny_names too. Every list is empty by default, and holds for trusted
-- clients as for others: whoever lists one means it.

local setting, verdict = require "lunette.setting", require "lunette.verdict"

local access = {
  settings = {
    deny_clients    = setting.cidrs {},
    allow_clients   = setting.cidrs {},
    deny_names      = setting.domains {},
    allow_names     = setting.domains {},
    deny_helo       = setting.domains {},
    allow_helo      = setting.domains {},
    deny_senders    = setting.addresses {},
    allow_senders   = setting.addresses {},
    deny_recipients = setting.addresses {},
    allow_recipients = setting.addresses {},
    action          = setting.one_of({ "reject", "defer" }, "reject"),
    text            = "access denied",
    skip            = setting.list(setting.string(), {}),
  },
}
local settings = access.settings

-- The verdict on what is on this list; nothing if it is not.
local function refuse(session, list, kind, what)
  local text = list:find(what)
  if not text then return end
  if text == true then text = settings.text end
  session:result("access", "fail", kind .. " " .. what)
  if settings.action == "defer" then
    return verdict.defer("4.7.1", "%s %s: %s", kind, what, text)
  end
  return verdict.reject("5.7.1", "%s %s: %s", kind, what, text)
end

local function let_off(session, kind, what)
  session:result("access", "pass", kind .. " " .. what)
  if #settings.skip > 0 then session:skip(unpack(settings.skip)) end
end

function access.pre_connection(session)
  local ip = session.client.ip
  if settings.allow_clients:has(ip) then return let_off(session, "client", ip) end
  return refuse(session, settings.deny_clients, "client", ip)
end

function access.connect(session)
  local name = session.client.name
  if not name then return end
  if settings.allow_names:has(name) then return let_off(session, "client", name) end
  if settings.allow_clients:has(session.client.ip) then return end
  return refuse(session, settings.deny_names, "client", name)
end

function access.helo(session, name)
  if settings.allow_helo:has(name) then return end
  return refuse(session, settings.deny_helo, "HELO", name)
end

function access.mail(session, sender)
  local address = sender.null and "<>" or sender.address
  if settings.allow_senders:has(address) then return end
  return refuse(session, settings.deny_senders, "sender", address)
end

function access.rcpt(session, rcpt)
  if settings.allow_recipients:has(rcpt.address) then return end
  return refuse(session, settings.deny_recipients, "recipient", rcpt.address)
end

return access
