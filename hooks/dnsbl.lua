-- dnsbl: add up what DNS lists say of a client; refuse it at the threshold.
--
-- Stage     connect
-- Settings  zones      list of { zone = , codes = "127.0.0.[2..254]", weight = 1 }, or
--                      just the zone (required); a list of good senders has a weight below zero
--           threshold  the sum of weights at which a client is refused; default 1
-- Exempt    trusted clients
-- Failure   a list that does not answer, or refuses to answer us, counts nothing
--
-- The refusal is held until RCPT, so that the log knows whom the mail was for and AUTH can
-- forgive it: those who work from home sit in listed networks.

local async, dns = require "lunette.async", require "lunette.dns"
local setting, verdict = require "lunette.setting", require "lunette.verdict"

local dnsbl = {
  settings = {
    zones     = setting.list { zone = setting.string(), codes = "127.0.0.[2..254]", weight = 1 },
    threshold = 1,
  },
}
local settings = dnsbl.settings

function dnsbl.connect(session)
  if session.trusted then return end
  local ip, score, why = session.client.ip, 0, {}

  local hits, errors = async.map(settings.zones, function(z)     -- all zones at once
    return dns.bl(ip, z.zone, z.codes)
  end)
  for i, z in ipairs(settings.zones) do
    if hits[i] then
      session:result(z.zone, "fail", hits[i].codes[1], z.weight)
      score, why[#why + 1] = score + z.weight, z.zone
    elseif errors[i] then                                        -- a broken list must not stop the mail
      session:result(z.zone, "error", errors[i].text)
    end
  end
  if score >= settings.threshold then                            -- held until RCPT; AUTH forgives
    return verdict.reject("5.7.1", "%s is listed by %s", ip, table.concat(why, ", ")):later()
  end
end

return dnsbl
