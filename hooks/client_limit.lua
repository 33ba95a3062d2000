-- client_limit: so many connections at a time from one client, by network.
--
-- Stage     pre_connection
-- Settings  max   connections that one client may have open; 0: any number; default 10
--           nets  list of { clients = CIDRs, max = number }: the first that holds the
--                 client replaces max; default none
-- Exempt    trusted clients
-- Failure   none: the count is at hand
--
-- What is over gets 421 4.7.0 before the banner. The count is over all workers; the
-- configuration's limits.per_client stands above it and costs less.

local setting, verdict = require "lunette.setting", require "lunette.verdict"

local client_limit = {
  settings = {
    max  = 10,
    nets = setting.list({ clients = setting.cidrs(), max = setting.number() }, {}),
  },
}
local settings = client_limit.settings

local function limit(ip)
  for _, net in ipairs(settings.nets) do
    if net.clients:has(ip) then return net.max end
  end
  return settings.max
end

function client_limit.pre_connection(session)
  if session.trusted then return end
  local ip, open = session.client.ip, session.counts.connections
  local max = limit(ip)
  if max > 0 and open > max then
    session:result("client_limit", "fail", ("%d of %d"):format(open, max))
    return verdict.defer("4.7.0", "too many connections from %s", ip)
  end
end

return client_limit
