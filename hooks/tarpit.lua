-- tarpit: the more a client does wrong, the longer it waits.
--
-- Stages    mail, rcpt, data
-- Settings  errors   errors that cost nothing; default 3
--           step     the wait for each error above that; default "2s"
--           score    a session score that costs one more step; 0: none; default 0
--           max      the longest wait; default "20s"; keep it below timeouts.hook
--           give_up  errors at which the client is told to go, after the longest
--                    wait; 0: never; default 0
-- Exempt    trusted clients, and those that have logged in
-- Failure   an error in this hook lets the command pass (on_error = "next")
--
-- A wait holds up one session and no other.

local clock = require "lunette.clock"
local setting, verdict = require "lunette.setting", require "lunette.verdict"

local tarpit = {
  settings = {
    errors  = 3,
    step    = setting.duration "2s",
    score   = 0,
    max     = setting.duration "20s",
    give_up = 0,
  },
  on_error = "next",
}
local settings = tarpit.settings

local function wait_for(session)
  local steps = math.max(session.counts.errors - settings.errors, 0)
  if settings.score > 0 and session:score() >= settings.score then steps = steps + 1 end
  return math.min(steps * settings.step, settings.max)
end

local function slow_down(session)
  if session.trusted or session.auth then return end
  if settings.give_up > 0 and session.counts.errors >= settings.give_up then
    session:result("tarpit", "fail", ("%d errors"):format(session.counts.errors))
    return verdict.defer("4.7.0", "too many errors"):delay(math.min(settings.max, 60)):hangup()
  end
  local seconds = wait_for(session)
  if seconds > 0 then clock.sleep(seconds) end
end

tarpit.mail = slow_down
tarpit.rcpt = slow_down
tarpit.data = slow_down

return tarpit
