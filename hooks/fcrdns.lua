-- fcrdns: find the client's name in DNS, and believe it only if it leads back.
--
-- Stage     connect
-- Sets      session.client.name, for hooks that follow and for our Received
-- Settings  require  refuse clients without such a name, 550 5.7.25; default false
--           score    what a missing name adds to the session's score; default 1
-- Exempt    trusted clients are looked up, but never refused
-- Failure   DNS does not answer: no name; with `require` 4.7.25, for now
--
-- A refusal is held until RCPT, and AUTH forgives it.

local dns, verdict = require "lunette.dns", require "lunette.verdict"

local fcrdns = { settings = { require = false, score = 1 } }
local settings = fcrdns.settings

local function is_required(session)
  return settings.require and not session.trusted
end

function fcrdns.connect(session)
  local ip = session.client.ip
  local name, err = dns.fcrdns(ip)

  if name then
    session.client.name = name
    session:result("fcrdns", "pass", name)
  elseif err then                                                -- could not find out
    session:result("fcrdns", "error", err.text)
    if is_required(session) then
      return verdict.defer("4.7.25", "cannot look up the name of %s now", ip):later()
    end
  else
    session:result("fcrdns", "fail", "no name that leads back", settings.score)
    if is_required(session) then
      return verdict.reject("5.7.25", "%s has no name in DNS that leads back to it", ip):later()
    end
  end
end

return fcrdns
