-- relay_clients: our own clients may send to anyone: what makes an outbound relay.
--
-- Stage     rcpt
-- Settings  clients  CIDRs that may relay, besides the configuration's `trusted` and
--                    whoever has logged in; default none
--           senders  domains that they may send from, with the null sender; default any
-- Failure   none: nothing is looked up
--
-- A client that is not ours, or whose sender is not, gets no opinion: another hook may
-- still accept the recipient, as rcpt_domains does for mail that comes in.

local setting, verdict = require "lunette.setting", require "lunette.verdict"

local relay_clients = {
  settings = {
    clients = setting.cidrs {},
    senders = setting.optional(setting.domains()),
  },
}
local settings = relay_clients.settings

local function is_ours(session)
  return session.trusted or session.auth or settings.clients:has(session.client.ip)
end

local function may_send_as(sender)
  return not settings.senders or sender.null or settings.senders:has(sender.domain)
end

function relay_clients.rcpt(session, rcpt)
  if not is_ours(session) then return end
  if may_send_as(session.sender) then return verdict.accept() end
  session:result("relay_clients", "fail", "may not send as " .. session.sender.address)
end

return relay_clients
