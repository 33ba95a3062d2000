#include "host.h"
#include "policy_talk.h"

static const struct talk talks[] = {
	{ "sleep", "function h.mail() clock.sleep(0.001) return "
	    "verdict.reject 'slept' end", MAIL, "550 5.7.1 slept", 0 },
	{ "crypt", "function h.mail() local hash = require 'lunette.hash'\n"
	    "local stored = '$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5"
	    "KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/'\n"
	    "assert(hash.crypt('password', stored) == true)\n"
	    "assert(hash.crypt('wrong', stored) == false)\n"
	    "local ok, err = hash.crypt('x', '$nonsense') assert(ok == nil and err)\n"
	    "return verdict.reject 'checked' end", MAIL, "550 5.7.1 checked",
	    0 },
	{ "path", "local kept\nfunction h.message(s, m) kept = m:path() "
	    "assert(kept:find '/lunette%-scan%-') return verdict.reject(kept) "
	    "end", ALL, "550 5.7.1 /tmp/lunette-scan-", 0 },
	/* What waits may pass through, and what not. */
	{ "wait in pcall", "function h.mail() local ok, v = pcall(function() "
	    "clock.sleep(0) return 7 end) assert(ok and v == 7) return "
	    "verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "wait in xpcall", "function h.mail() local ok, v = xpcall(function()"
	    " clock.sleep(0) return 7 end, print) assert(ok and v == 7) return "
	    "verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "wait in a metamethod", "function h.mail() local t = setmetatable({}"
	    ", { __index = function() clock.sleep(0) return 7 end }) "
	    "assert(t.x == 7) return verdict.reject 'y' end", MAIL,
	    "550 5.7.1 y", 0 },
	{ "wait in an iterator", "function h.mail() local n = 0 for i in "
	    "function(_, i) clock.sleep(0) i = (i or 0) + 1 if i < 4 then "
	    "return i end end do n = n + i end assert(n == 6) return "
	    "verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "wait in loaded text", "function h.mail() local f = load 'local c = "
	    "... c.sleep(0) return 7' assert(f(clock) == 7) return "
	    "verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "wait in a generator", "function h.mail() local got = {} for v in "
	    "coroutine.wrap(function() for i = 1, 3 do clock.sleep(0) "
	    "coroutine.yield(i) end end) do got[#got + 1] = v end "
	    "return verdict.reject(table.concat(got, ',')) end", MAIL,
	    "550 5.7.1 1,2,3", 0 },
	{ "wait two coroutines down", "function h.mail() local w = coroutine."
	    "wrap(function() local i = coroutine.wrap(function() "
	    "clock.sleep(0) coroutine.yield(5) end) coroutine.yield(i() + 1) "
	    "end) return verdict.reject(tostring(w())) end", MAIL,
	    "550 5.7.1 6", 0 },
	{ "wait in sort", "function h.mail() table.sort({ 2, 1, 3 }, function"
	    "(a, b) clock.sleep(0) return a < b end) end", MAIL, "451 4.3.0",
	    1 },
	{ "wait in sort, caught", "function h.mail() local ok, e = pcall("
	    "table.sort, { 2, 1 }, function(a, b) clock.sleep(0) end) "
	    "assert(e:find 'cannot wait here', e) clock.sleep(0) return "
	    "verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "wait in a coroutine in sort", "function h.mail() local ok, e = "
	    "pcall(table.sort, { 2, 1 }, function(a, b) coroutine.wrap("
	    "function() clock.sleep(0) end)() end) assert(not ok and "
	    "e:find 'cannot wait here', e) clock.sleep(0) return "
	    "verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "wait in gsub", "function h.mail() local ok, e = pcall(string.gsub, "
	    "'ab', '.', function() clock.sleep(0) end) assert(e:find "
	    "'cannot wait here', e) return verdict.reject 'y' end", MAIL,
	    "550 5.7.1 y", 0 },
	{ "wait in a handler", "function h.mail() local ok, e = xpcall("
	    "function() error 'x' end, function() clock.sleep(0) return 1 end)"
	    " assert(not ok) clock.sleep(0) return verdict.reject 'y' end",
	    MAIL, "550 5.7.1 y", 0 },
	{ "wait as a coroutine", "function h.mail() coroutine.wrap("
	    "clock.sleep)(0) local co = coroutine.create(clock.sleep) assert("
	    "coroutine.resume(co, 0)) assert(coroutine.status(co) == 'dead') "
	    "return verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "a coroutine of another call", "local co\nfunction h.helo() "
	    "co = coroutine.create(function() clock.sleep(60) return 7 end) "
	    "async.race(function() coroutine.resume(co) end, function() "
	    "return 1 end) end\nfunction h.mail() local ok, v = coroutine."
	    "resume(co) assert(coroutine.status(co) == 'dead') clock.sleep(0) "
	    "return verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "wait in tostring", "function h.mail() local t = setmetatable({}, "
	    "{ __tostring = function() clock.sleep(0) return 'x' end }) "
	    "return verdict.reject(tostring(t)) end", MAIL, "550 5.7.1 x",
	    0 },
	/* Several things at once. */
	{ "map", "function h.mail() local r, e = async.map({ 3, 1, 2 }, "
	    "function(x) clock.sleep(x / 1000) if x == 2 then return nil, 'e2' "
	    "end return x * 2 end) assert(r[1] == 6 and r[2] == 2 and r[3] == "
	    "nil and e[3] == 'e2' and e[1] == nil) return verdict.reject 'y' "
	    "end", MAIL, "550 5.7.1 y", 0 },
	{ "map of nothing", "function h.mail() local r = async.map({}, print) "
	    "assert(#r == 0) return verdict.reject 'y' end", MAIL,
	    "550 5.7.1 y", 0 },
	{ "map of many", "function h.mail() local l = {} for i = 1, 300 do "
	    "l[i] = i end local r = async.map(l, function(x) clock.sleep(0) "
	    "return x end) for i = 1, 300 do assert(r[i] == i) end return "
	    "verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "map keeps false", "function h.mail() local r = async.map({ 1 }, "
	    "function() return false end) assert(r[1] == false) return "
	    "verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "map raises", "function h.mail() local ok, e = pcall(async.map, "
	    "{ 1, 2, 3 }, function(x) clock.sleep(0) error('bad ' .. x) end) "
	    "assert(not ok and e:find 'bad', e) clock.sleep(0) return "
	    "verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "all", "function h.mail() local r = async.all(function() return 1 "
	    "end, function() clock.sleep(0) return 2 end) assert(r[1] == 1 and "
	    "r[2] == 2) return verdict.reject 'y' end", MAIL, "550 5.7.1 y",
	    0 },
	{ "race", "function h.mail() local v = async.race(function() "
	    "clock.sleep(60) return 1 end, function() clock.sleep(0) return 2 "
	    "end) assert(v == 2) return verdict.reject 'y' end", MAIL,
	    "550 5.7.1 y", 0 },
	{ "race of failures", "function h.mail() local v, e = async.race("
	    "function() return nil, 'a' end) assert(v == nil and e == 'a') "
	    "return verdict.reject 'y' end", MAIL, "550 5.7.1 y", 0 },
	{ "map in map", "function h.mail() local r = async.map({ 1, 2 }, "
	    "function(x) local s = async.map({ 1, 2 }, function(y) "
	    "clock.sleep(0) return x * y end) return s[1] + s[2] end) "
	    "assert(r[1] == 3 and r[2] == 6) return verdict.reject 'y' end",
	    MAIL, "550 5.7.1 y", 0 },
	/* The clock ends it. */
	{ "deadline", "h.timeout = 0.02\n"
	    "function h.mail() clock.sleep(60) end", MAIL, "451 4.3.0", 1 },
	{ "deadline is not caught", "h.timeout = 0.02\nfunction h.mail() "
	    "pcall(clock.sleep, 60) return verdict.reject 'x' end", MAIL,
	    "451 4.3.0", 1 },
	{ "deadline in map", "h.timeout = 0.02\nfunction h.mail() async.map("
	    "{ 1, 2 }, function() clock.sleep(60) end) end", MAIL,
	    "451 4.3.0", 1 },
	{ "early", "function h.connect(s) if s:early(0.001) then return "
	    "verdict.reject 'early' end end", "|", "220", 0 },
};

/* The banner in two parts: all that is said. */
static const struct {
	const char *hook, *say, *want;
} teasers[] = {
	{ "connect = function(s) if s:early(0.001, 'a\\r\\n554 b') "
	    "or s:early(0.001, 'c') then return verdict.reject 'early' end end",
	    "", "220-mx.test a??554 b\r\n220 mx.test ESMTP\r\n" },
	{ "connect = function(s) if s:early(9, 'a') then return "
	    "verdict.reject 'early' end end", "EHLO c\r\n",
	    "220-mx.test a\r\n554 5.7.1 early\r\n" },
	{ "pre_connection = function(s) s:early(0.001, 'a') end, vrfy = "
	    "function(s) s:early(0.001, 'a') return verdict.accept() end",
	    "VRFY x\r\n", "220 mx.test ESMTP\r\n250 2.1.5 ok\r\n" },
};

static void
test_teasers(void)
{
	char hook[400];
	size_t i;

	for (i = 0; i < sizeof teasers / sizeof teasers[0]; i++) {
		policy_fake_begin();
		snprintf(hook, sizeof hook, "local verdict = require "
		    "'lunette.verdict'\nreturn { %s }", teasers[i].hook);
		policy_fake_hook("h", hook);
		test_ok("teaser: loads", policy_fake_load("'h'", false));
		fake_open();
		fake_run();
		if (i == 2)
			run_until_idle();
		fake_say(teasers[i].say, 100);
		run_until_idle();
		test_str("teaser", fake_text(&fake.got), teasers[i].want);
		policy_fake_end();
	}
}

/* A client that leaves while its hook waits; a handle that outlives it. */
static void
test_forget(void)
{
	policy_fake_begin();
	policy_fake_hook("h", "local clock = require 'lunette.clock'\n"
	    "local async = require 'lunette.async'\n"
	    "local kept, h = nil, {}\n"
	    "function h.mail(s) kept = s async.map({ 1, 2 }, function() "
	    "clock.sleep(60) end) end\n"
	    "function h.helo(s) if kept then local ok, e = pcall(function() "
	    "return kept.id end) assert(not ok and e:find 'gone', e) "
	    "ok, e = pcall(kept.log, kept, 'info', 'x') assert(not ok) "
	    "end end\nreturn h");
	test_ok("forget: loads", policy_fake_load("'h'", false));
	fake_open();
	fake_run();
	say("EHLO c.test\r\n|MAIL FROM:<s@x.test>\r\n|");
	test_int("forget: it waits", policy_waiting(pf.p), 1);
	fake_hang_up();
	session_free(fake.s);
	fake.s = NULL;
	test_int("forget: nothing waits", policy_waiting(pf.p), 0);
	fake_open();
	fake_run();
	say("EHLO c.test\r\n|");
	test_str("forget: the handle is dead", fake_text(&fake.got)[0] == '2' ?
	    "250" : last_reply(), "250");
	test_int("forget: errors", (long long)fake.stats.hook_errors, 0);
	policy_fake_end();
}

/* Waiting hooks at the end of the policy itself. */
static void
test_free_while_waiting(void)
{
	policy_fake_begin();
	policy_fake_hook("h", "local clock = require 'lunette.clock'\n"
	    "return { mail = function() clock.sleep(60) end }");
	test_ok("free: loads", policy_fake_load("'h'", false));
	fake_open();
	fake_run();
	say("EHLO c.test\r\n|MAIL FROM:<s@x.test>\r\n|");
	test_int("free: it waits", policy_waiting(pf.p), 1);
	policy_fake_end();
}

/* start may wait; every runs at once and again; stop is run. */
static bool stopped;

static void
on_stopped(void *arg)
{
	stopped = true;
}

static void
test_lifecycle(void)
{
	int i;

	policy_fake_begin();
	policy_fake_hook("h", "local clock = require 'lunette.clock'\n"
	    "local n, h = 0, {}\n"
	    "function h.start() clock.sleep(0.001)\n"
	    "clock.every(0.1, function() clock.sleep(0) n = n + 1 end, 'worker')\n"
	    "end\n"
	    "function h.vrfy() return require('lunette.verdict').reject("
	    "tostring(n)) end\n"
	    "function h.stop() clock.sleep(0.001) end\n"
	    "return h");
	test_ok("lifecycle: loads", policy_fake_load("'h'", false));
	fake_open();
	fake_run();
	say("EHLO c.test\r\n|");
	for (i = 0; i < 1000; i++) {
		say("VRFY x\r\n|");
		if (strstr(fake_text(&fake.got), " 2"))
			break;
		ev_run(fake.loop, EVRUN_ONCE);
	}
	test_ok("lifecycle: every comes back", i < 1000);
	policy_stop(pf.p, on_stopped, NULL);
	run_until_idle();
	test_ok("lifecycle: stop ends", stopped);
	policy_fake_end();
}

/* Memory that ends anywhere fails the hook and nothing else. */
static void
test_no_memory(void)
{
	size_t base, extra;
	unsigned bad = 0, good = 0;
	const char *got;

	policy_fake_begin();
	policy_fake_hook("h", "local verdict = require 'lunette.verdict'\n"
	    "local list, async = require 'lunette.list', require "
	    "'lunette.async'\n"
	    "local clock, hash = require 'lunette.clock', require "
	    "'lunette.hash'\nlocal h = { shared = { d = 65536 } }\n"
	    "local shared = require 'lunette.shared'\n"
	    "function h.mail(s, sender) s.note.h = { a = { b = 1 } }\n"
	    "local t = {} for i = 1, 20 do t[i] = s.id .. i end\n"
	    "s:result('x', 'info', s.client.ip, 1) for n in s:results() do end\n"
	    "list.domains { 'a.test', s.helo }:find 'a.test'\n"
	    "shared.d:set(s.id, sender.address) shared.d:get(s.id)\n"
	    "shared.d:keys() hash.sha256(s.id)\n"
	    "async.map({ 1, 2, 3 }, function(x) clock.sleep(0)\n"
	    "return ('x'):rep(x * 100) end)\n"
	    "for i in coroutine.wrap(function() clock.sleep(0)\n"
	    "coroutine.yield(1) end) do t[1] = i end\n"
	    "s:log('debug', '%s', s.id) s.sender.address = 'x@y.test'\n"
	    "return verdict.reject('5.7.1', 'end %s', table.concat(t)) end\n"
	    "return h");
	test_ok("memory: loads", policy_fake_load("'h'", false));
	base = policy_memory(pf.p);
	for (extra = 0; extra < 40000; extra += 96) {
		pf.p->limit = base + extra;
		fake_open();
		fake_run();
		say("EHLO c.test\r\n|MAIL FROM:<s@x.test>\r\n|");
		run_until_idle();
		got = last_reply();
		good += strncmp(got, "550 5.7.1 end", 13) == 0;
		bad += strncmp(got, "451 4.3.0", 9) == 0;
		fake_hang_up();
		session_free(fake.s);
		fake.s = NULL;
	}
	test_int("memory: each is answered", good + bad, 417);
	test_ok("memory: some failed, some not", good > 10 && bad > 10);
	policy_fake_end();
}

int
main(void)
{
	size_t i;

	log_set(LOG_LOGFMT, LOG_ERROR + (getenv("VERBOSE") ? 0 : 1));
	for (i = 0; i < sizeof talks / sizeof talks[0]; i++)
		run_talk(&talks[i]);
	test_teasers();
	test_forget();
	test_free_while_waiting();
	test_lifecycle();
	test_no_memory();
	return test_done();
}
