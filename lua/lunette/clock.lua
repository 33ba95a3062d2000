-- lunette.clock: time.
--
-- now() is seconds since the epoch; sleep(s) waits; date(fmt [, t]) is text,
-- in UTC if fmt begins with "!".  In `start`: every(period, fn) runs fn now and
-- then each period in one worker, every(period, fn, "worker") in each.

local _, raw = ...

return {
	now = raw.now,
	sleep = raw.sleep,
	date = os.date,
	every = raw.every,
}
