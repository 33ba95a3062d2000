-- relay_clients: our own clients may send to anyone: what makes an outbound relay.
--
-- Stage     rcpt
-- Settings  clients        CIDRs that may relay, besides the configuration's `trusted`;
--                          default none
--           authenticated  who has logged in may relay; default true
--           senders        domains that they may send from, with the null sender; default
--                          any
--           own_sender     who has logged in may send only as itself: "ann@example.org" as
--                          that, "ann" as ann in any of `senders`; default false
-- Failure   none: nothing is looked up
--
-- A client that is not ours, or whose sender is not, gets no opinion: another hook may
-- still accept the recipient, as rcpt_domains does for mail that comes in.

local setting, verdict = require "lunette.setting", require "lunette.verdict"

local relay_clients = {
  settings = {
    clients       = setting.cidrs {},
    authenticated = true,
    senders       = setting.optional(setting.domains()),
    own_sender    = false,
  },
}
local settings = relay_clients.settings

local function is_ours(session)
  return session.trusted or settings.clients:has(session.client.ip)
    or settings.authenticated and session.auth
end

-- Is the sender the one who has logged in?
local function is_own(auth, sender)
  local user, domain = auth.user:match "^(.+)@([^@]+)$"
  if not user then return sender.user:lower() == auth.user:lower() end
  return sender.user:lower() == user:lower() and sender.domain == domain:lower()
end

local function may_send_as(session, sender)
  if sender.null then return true end
  if settings.own_sender and session.auth and not is_own(session.auth, sender) then return false end
  return not settings.senders or settings.senders:has(sender.domain)
end

function relay_clients.rcpt(session, rcpt)
  if not is_ours(session) then return end
  if may_send_as(session, session.sender) then return verdict.accept() end
  session:result("relay_clients", "fail", "may not send as " .. session.sender.address)
end

return relay_clients
