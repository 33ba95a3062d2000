local process = require "spec.support.process"
local row = require "spec.support.row"

row { 117, "The clock jumps, a day forward or back",
  answer = "Deadlines run on a clock that does not: none is over early, none is late", over = "process" }

-- Loaded into the daemon, it adds what a file holds to the time of day.  Workers
-- have no environment, so the file's name is compiled in.
local source = [[
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

static long shift(void)
{
	FILE *f = fopen(SHIFT_FILE, "re");
	long n = 0;
	if (f != NULL) { if (fscanf(f, "%ld", &n) != 1) n = 0; fclose(f); }
	return n;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	int ret;
	if (real == NULL) real = dlsym(RTLD_NEXT, "clock_gettime");
	ret = real(id, ts);
	if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE) ts->tv_sec += shift();
	return ret;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec; tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	if (t != NULL) *t = ts.tv_sec;
	return ts.tv_sec;
}
]]

local at = row.serve {
  start = false, config = [[ timeouts = { command = 1 }; workers = { count = 1, watchdog = "5s" } ]],
  env = {},
}

local function jump(seconds)
  process.write(at.dir .. "/shift", seconds .. "\n")
end

setup(function()
  process.write(at.dir .. "/shift.c", source)
  local got = process.run {
    "gcc", "-shared", "-fPIC", "-O1", ('-DSHIFT_FILE="%s/shift"'):format(at.dir), "-o", at.dir ..
    "/shift.so", at.dir .. "/shift.c", "-ldl",
  }
  assert.equal(0, got.code, got.err)
  jump(0)
  at.o.env.LD_PRELOAD = at.dir .. "/shift.so"
  at.o.env.ASAN_OPTIONS = (os.getenv "ASAN_OPTIONS" or "") .. ":verify_asan_link_order=0"
  at:start()
end)

for _, days in ipairs { 1, -1, 400, -400 } do
  it(days .. " days: nobody is cut off, and who is silent is", function()
    local busy, quiet = at:dial "clear", at:dial "clear"
    local from = at.server:here()
    jump(days * 86400)
    assert.equal(250, busy:mail {}.code)
    busy:cmd("NOOP", 250)
    quiet:expect("421 4%.4%.2", 8)
    quiet:expect_closed()
    -- The log has the new time: the jump was seen.
    local line = at.server:ended(quiet)
    local there = os.time() + days * 86400
    assert.truthy(line.ts >= os.date("!%Y-%m-%dT%H:%M", there - 600), line.ts)
    assert.truthy(line.ts <= os.date("!%Y-%m-%dT%H:%M", there + 600), line.ts)
    assert.equal(0, at.server:count("worker_exit", nil, from))
    busy:close()
    jump(0)
  end)
end
