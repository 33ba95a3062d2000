-- early_talker: wait a little before the banner; a client that cannot wait is a robot.
--
-- Stage     connect
-- Settings  seconds  how long to listen before the banner; default "3s"
--           action   "reject" (default) or "note": go on, and only record it
--           score    what a note adds to the session's score; default 1
--           remember for how long a client that waited is let through without waiting;
--                    default none: each time anew
--           teaser   text of a first banner line, "220-", sent before the wait: many a
--                    robot takes it for the whole; default none
-- Exempt    trusted clients, who are not made to wait either
-- Failure   none: nothing is looked up
--
-- A client waits for our greeting before it says anything (RFC 5321 4.3.1).

local setting, shared = require "lunette.setting", require "lunette.shared"
local verdict = require "lunette.verdict"

local early_talker = {
  shared   = { early_talker = "1M" },		-- who has waited; all workers know
  settings = {
    seconds = setting.duration "3s",
    action  = setting.one_of({ "reject", "note" }, "reject"),
    score   = 1,
    remember = setting.optional(setting.duration()),
    teaser  = setting.optional(setting.string()),
  },
}
local settings = early_talker.settings

-- A full dictionary only costs a wait.
local function remember(ip)
  if settings.remember then
    shared.early_talker:set(ip, true, settings.remember)
  end
end

function early_talker.connect(session)
  local ip = session.client.ip
  if session.trusted then return end
  if settings.remember and shared.early_talker:get(ip) then
    session:result("early_talker", "skip", "waited before")
    return
  end
  if not session:early(settings.seconds, settings.teaser) then
    session:result("early_talker", "pass", "waited for the banner")
    remember(ip)
    return
  end
  session:result("early_talker", "fail", "spoke before the banner", settings.score)
  if settings.action == "reject" then
    return verdict.reject("5.5.1", "protocol error: you spoke before our greeting")
  end
end

return early_talker
