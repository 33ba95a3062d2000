-- rcpt_domains: we accept mail for these domains; what nobody accepts is refused.
--
-- Stage     rcpt
-- Settings  domains  whom we take mail for (required); ".example.org" means every
--                    name below it, an address literal counts only as "[192.0.2.1]"
-- Failure   none: nothing is looked up
--
-- <postmaster> without a domain is always ours (RFC 5321 4.5.1).

local setting, verdict = require "lunette.setting", require "lunette.verdict"

local rcpt_domains = { settings = { domains = setting.domains() } }
local settings = rcpt_domains.settings

function rcpt_domains.rcpt(session, rcpt)
  if not rcpt.domain or settings.domains:has(rcpt.domain) then
    return verdict.accept()
  end
end

return rcpt_domains
