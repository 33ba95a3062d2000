-- rcpt_list: accept the recipients on a list; where the list is complete, refuse others.
--
-- Stage     rcpt
-- Settings  addresses   whom we take mail for (required); "@example.org" means everyone
--                       there
--           domains     those for which the list is complete: anyone else there gets
--                       550 5.1.1; default none
--           separator   what begins a detail in a local part: with "+", mail for
--                       ann+lists goes where mail for ann goes; default "", off
--           postmaster  accept <postmaster>, and postmaster in each of the domains;
--                       default true
-- Failure   none: nothing is looked up
--
-- Trusted clients get the same answer: an unknown user is unknown to everyone.

local setting, verdict = require "lunette.setting", require "lunette.verdict"

local rcpt_list = {
  settings = {
    addresses  = setting.addresses(),
    domains    = setting.domains {},
    separator  = "",
    postmaster = true,
  },
}
local settings = rcpt_list.settings

-- The address without its detail, or nil if it has none.
local function plain(rcpt)
  if settings.separator == "" or not rcpt.domain then return end
  local at = rcpt.user:find(settings.separator, 2, true)
  return at and rcpt.user:sub(1, at - 1) .. "@" .. rcpt.domain
end

local function is_postmaster(rcpt)
  return settings.postmaster and rcpt.user:lower() == "postmaster"
    and (not rcpt.domain or settings.domains:has(rcpt.domain))
end

local function listed(rcpt)
  if settings.addresses:has(rcpt.address) then return true end
  local address = plain(rcpt)
  return address and settings.addresses:has(address)
end

function rcpt_list.rcpt(session, rcpt)
  if listed(rcpt) or is_postmaster(rcpt) then return verdict.accept() end
  if not settings.domains:has(rcpt.domain) then return end
  session:result("rcpt_list", "fail", "unknown: " .. rcpt.address)
  return verdict.reject("5.1.1", "%s: no such user here", rcpt.address)
end

return rcpt_list
