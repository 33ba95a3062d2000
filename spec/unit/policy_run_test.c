#include "policy_talk.h"

#include "test.h"

/*
 * Three hooks; each says at mail and at rcpt what its word of the local part
 * says.
 */
static const char voter[] =
    "local verdict = require 'lunette.verdict'\n"
    "local h = { settings = { nth = 1 } }\n"
    "local says = {\n"
    "no = function() end,\n"
    "accept = function() return verdict.accept() end,\n"
    "reject = function() return verdict.reject('5.1.1', 'by %d', h.settings.nth) end,\n"
    "defer = function() return verdict.defer('by ' .. h.settings.nth) end,\n"
    "discard = function() return verdict.discard 'why' end,\n"
    "drop = function() return verdict.drop() end,\n"
    "raise = function() error 'oh' end,\n"
    "nilerr = function() return nil, 'no luck' end,\n"
    "wrong = function() return verdict.quarantine 'x' end,\n"
    "later = function() return verdict.reject('by %d', "
    "h.settings.nth):later() end,\n"
    "soft = function() return verdict.defer('by %d', "
    "h.settings.nth):later() end,\n"
    "code = function() return verdict.reject('no'):code(556) end,\n"
    "hangup = function() return verdict.defer('bye'):hangup() end,\n"
    "lines = function() return verdict.reject { 'one', 'two' } end,\n"
    "}\n"
    "says['true'] = function() return true end\n"
    "local function say(_, address)\n"
    "local words = {}\n"
    "for w in address.user:gmatch '%a+' do words[#words + 1] = w end\n"
    "return says[words[h.settings.nth] or 'no']()\n"
    "end\n"
    "h.mail, h.rcpt = say, say\n"
    "return h\n";

static const struct {
	const char *to, *want;
	unsigned errors;
} votes[] = {
	{ "no-no-no", "550 5.7.1 relaying denied", 0 },
	{ "accept", "250 2.1.5", 0 },
	{ "accept-reject", "550 5.1.1 by 2", 0 },
	{ "reject-reject", "550 5.1.1 by 1", 0 },
	{ "defer-accept", "451 4.7.1 by 1", 0 },
	{ "defer-reject", "550 5.1.1 by 2", 0 },
	{ "defer-defer", "451 4.7.1 by 1", 0 },
	{ "discard-accept", "250 2.1.5", 0 },
	{ "accept-no-defer", "451 4.7.1 by 3", 0 },
	{ "raise-accept", "451 4.3.0", 1 },
	{ "raise-reject", "550 5.1.1 by 2", 1 },
	{ "accept-true", "451 4.3.0", 1 },
	{ "nilerr-accept", "451 4.3.0", 1 },
	{ "wrong-accept", "451 4.3.0", 1 },
	{ "later-accept", "451 4.3.0", 1 },
	{ "raise-raise", "451 4.3.0", 2 },
	{ "code", "556 5.7.1 no", 0 },
	{ "lines", "550-5.7.1 one", 0 },
	{ "hangup", "421 4.7.1 bye", 0 },
	{ "drop-reject", "", 0 },
};

/* What is held at mail, and what is not, for the words of the sender. */
static const struct {
	const char *from, *mail, *rcpt;
} holds[] = {
	{ "later", "250", "550 5.7.1 by 1" },
	{ "later-later", "250", "550 5.7.1 by 1" },
	{ "soft-no-soft", "250", "451 4.7.1 by 1" },
	{ "soft-later", "250", "550 5.7.1 by 2" },
	{ "later-soft", "250", "550 5.7.1 by 1" },
	{ "later-reject", "550 5.1.1 by 2", "503" },
	{ "later-defer", "451 4.7.1 by 2", "503" },
	{ "soft-later-defer", "451 4.7.1 by 3", "503" },
	{ "defer-later", "451 4.7.1 by 1", "503" },
	{ "defer-later-reject", "550 5.1.1 by 3", "503" },
	{ "later-raise", "451 4.3.0", "503" },
	{ "later-drop", "", "" },
};

static bool
load_voters(void)
{
	policy_fake_begin();
	policy_fake_hook("v", voter);
	if (!policy_fake_load("{ 'v', as = 'a' }, { 'v', as = 'b', "
	    "nth = 2 }, { 'v', as = 'c', nth = 3 }", false)) {
		test_str("votes", pf.error, "");
		return false;
	}
	fake_open();
	fake_run();
	say("EHLO c.test\r\n|");
	return true;
}

/* The answer to a command with that address begins with want; if that is
 * empty, so is the answer. */
static void
test_answer(const char *command, const char *user, const char *want)
{
	char line[100], name[100];
	const char *got;

	snprintf(line, sizeof line, "%s:<%s@x.test>\r\n|", command, user);
	say(line);
	snprintf(name, sizeof name, "%s %s", command, user);
	got = fake_text(&fake.got);
	test_str(name, strncmp(got, want, strlen(want)) == 0 &&
	    (*want || !*got) ? want : got, want);
}

static void
test_votes(void)
{
	size_t i;

	for (i = 0; i < sizeof votes / sizeof votes[0]; i++) {
		if (!load_voters())
			return;
		say("MAIL FROM:<no@x.test>\r\n|");
		test_answer("RCPT TO", votes[i].to, votes[i].want);
		test_int(votes[i].to, (long long)fake.stats.hook_errors,
		    votes[i].errors);
		policy_fake_end();
	}
}

static void
test_holds(void)
{
	size_t i;

	for (i = 0; i < sizeof holds / sizeof holds[0]; i++) {
		if (!load_voters())
			return;
		test_answer("MAIL FROM", holds[i].from, holds[i].mail);
		test_answer("RCPT TO", "accept", holds[i].rcpt);
		policy_fake_end();
	}
}

static const struct talk talks[] = {
	{ "a field that is not", "function h.mail(s) return s.cleint end",
	    MAIL, "451 4.3.0", 1 },
	{ "a write that is not", "function h.mail(s) s.helo = 'x' end",
	    MAIL, "451 4.3.0", 1 },
	{ "global write", "function h.mail(s) x = 1 end", MAIL, "451 4.3.0",
	    1 },
	{ "frozen hook", "function h.mail(s) h.rcpt = print end", MAIL,
	    "451 4.3.0", 1 },
	{ "frozen settings", "function h.mail(s) h.settings.a = 2 end", MAIL,
	    "451 4.3.0", 1 },
	{ "undeclared setting", "function h.mail(s) return h.settings.b end",
	    MAIL, "451 4.3.0", 1 },
	{ "memory", "function h.mail(s) local t = {} while true do "
	    "t[#t + 1] = ('x'):rep(1000) .. #t end end\n", MAIL,
	    "451 4.3.0", 1 },
	{ "memory, and life goes on", "function h.mail(s) local t = {} while "
	    "true do t[#t + 1] = ('x'):rep(1000) .. #t end end\n"
	    "function h.vrfy() return verdict.accept() end", MAIL "VRFY x\r\n",
	    "250", 1 },
	{ "stack", "function h.mail(s) local function f() return 1 + f() end "
	    "f() end", MAIL, "451 4.3.0", 1 },
	{ "session fields", "function h.mail(s, sender)\n"
	    "assert(s.id and s.esmtp == true and s.helo == 'c.test')\n"
	    "assert(s.trusted == false and s.closed == nil)\n"
	    "assert(s.client.ip == '192.0.2.7' and s.client.port == 4025)\n"
	    "assert(s.client.net == '192.0.2.0/24' and s.client.name == nil)\n"
	    "s.client.name = 'host.test'\n"
	    "assert(s.client.name == 'host.test')\n"
	    "assert(not pcall(function() s.client.name = 'no way' end))\n"
	    "assert(s.server.ip == '192.0.2.1' and s.server.port == 25)\n"
	    "assert(s.server.name == 'mx.test' and s.server.listener == 'test')\n"
	    "assert(s.tls == nil and s.auth == nil and s.proxy == nil)\n"
	    "assert(s.counts.messages == 0 and s.counts.connections == 1)\n"
	    "s.limits.recipients = 7 assert(s.limits.recipients == 7)\n"
	    "assert(not pcall(function() s.limits.errors = -1 end))\n"
	    "assert(s.sender == sender and s.message == nil)\n"
	    "assert(sender.address == 's@x.test' and sender.user == 's')\n"
	    "assert(sender.domain == 'x.test' and sender.null == false)\n"
	    "assert(sender.params.SIZE == '100' and not sender.params.X)\n"
	    "assert(not pcall(function() sender.params.X = 1 end))\n"
	    "for k, v in pairs(sender.params) do assert(k == 'SIZE') end\n"
	    "assert(sender.original:find 's@x.test')\n"
	    "sender.address = 'Other@Z.Test'\n"
	    "assert(sender.address == 'Other@z.test')\n"
	    "assert(not pcall(function() sender.address = 'x y' end))\n"
	    "end", MAIL, "250", 0 },
	{ "outside", "function h.helo(s, name) assert(name == 'c.test' and "
	    "s.helo == name and s.sender == nil and s.recipients == nil and "
	    "s.txn == nil) end", EHLO, "250", 0 },
	{ "recipients", "function h.rcpt(s, r)\n"
	    "assert(r.address == 'r@y.test' and r.domain == 'y.test')\n"
	    "assert(#s.recipients == 0)\n"
	    "s.recipients:add 'more@y.test'\n"
	    "r.note.x = 1 assert(r.note.x == 1) r.group = 'g'\n"
	    "assert(r.group == 'g' and r.relay == nil)\n"
	    "return verdict.accept() end\n"
	    "function h.data(s)\n"
	    "assert(#s.recipients == 2, #s.recipients)\n"
	    "local n = 0 for i, r in ipairs(s.recipients) do n = n + i\n"
	    "if i == 2 then r:remove 'test' end end assert(n == 3)\n"
	    "assert(#s.recipients == 1 and\n"
	    "s.recipients:addresses()[1] == 'r@y.test')\n"
	    "assert(s.recipients[1].group == 'g' and s.recipients[2] == nil)\n"
	    "end", DATA, "354", 0 },
	{ "notes", "function h.helo(s) s.note.h = { n = 1, { 'x' } }\n"
	    "s.note.h.m = 'y'\n"
	    "assert(not pcall(function() s.note.f = print end))\n"
	    "assert(not pcall(function() s.note.h.f = s end))\n"
	    "assert(not pcall(function() s.note.t = { { print } } end)) end\n"
	    "function h.mail(s) assert(s.note.h.n == 1 and s.note.h.m == 'y')\n"
	    "s.txn.note.a = 1 end\n"
	    "function h.rcpt(s) assert(s.txn.note.a == 1 and s.txn.id)\n"
	    "return verdict.accept() end", RCPT, "250", 0 },
	{ "transaction notes end", "function h.mail(s)\n"
	    "assert(s.txn.note.a == nil) s.txn.note.a = 1 end",
	    MAIL "RSET\r\n|MAIL FROM:<t@x.test>\r\n|", "250", 0 },
	{ "results", "function h.helo(s) s:result('a', 'fail', 'x', 2)\n"
	    "s:result('b', 'pass') assert(s:score() == 2) end\n"
	    "function h.mail(s) s:result('c', 'info', 'y', 1.5) end\n"
	    "function h.rcpt(s) assert(s:score() == 3.5)\n"
	    "local t = {} for n, k, x, v in s:results() do\n"
	    "t[#t + 1] = n .. k .. x .. v end\n"
	    "assert(table.concat(t, ' ') == 'afailx2 bpass0 cinfoy1.5')\n"
	    "assert(not pcall(s.result, s, 'a', 'maybe', 'x'))\n"
	    "return verdict.accept() end", RCPT, "250", 0 },
	{ "results of a transaction leave", "function h.mail(s)\n"
	    "assert(s:score() == 0) s:result('c', 'info', 'y', 1.5) end",
	    MAIL "RSET\r\n|MAIL FROM:<t@x.test>\r\n|", "250", 0 },
	{ "skip", "function h.helo(s) s:skip 'h'\n"
	    "assert(not pcall(s.skip, s, 'g')) end\n"
	    "function h.mail() error 'no' end", MAIL, "250", 0 },
	{ "log", "function h.mail(s) s:log('debug', 'a %d', 1)\n"
	    "s:log('debug', { k = 'v', n = 1 })\n"
	    "assert(not pcall(s.log, s, 'loud', 'x')) end", MAIL, "250", 0 },
	{ "reply", "function h.reply(s, r) assert(r.verb == 'MAIL')\n"
	    "assert(r.code == 550 and r.hook == 'h' and r.enhanced == '5.7.1')\n"
	    "r.text = 'changed' r.code = 553\n"
	    "assert(not pcall(function() r.code = 450 end)) end\n"
	    "function h.mail() return verdict.reject 'x' end", MAIL,
	    "553 5.7.1 changed", 0 },
	{ "reply kept too long", "local kept\nfunction h.reply(s, r) "
	    "kept = kept or r if kept ~= r then r.text = pcall(function() "
	    "return kept.code end) and 'alive' or 'dead' end end\n"
	    "function h.mail() return verdict.reject 'x' end",
	    MAIL "MAIL FROM:<y@x.test>\r\n|", "550 5.7.1 dead", 0 },
	{ "reply that waits", "function h.reply(s, r)\n"
	    "require('lunette.clock').sleep(1) end\n"
	    "function h.mail() return verdict.reject 'x' end", MAIL,
	    "550 5.7.1 x", 1 },
	{ "unknown", "function h.unknown(s, verb, rest)\n"
	    "return verdict.reply(251, verb .. '/' .. rest) end",
	    EHLO "FOO bar baz\r\n|", "251 2.0.0 FOO/bar baz", 0 },
	{ "not returned", "function h.mail() verdict.reject 'x' end", MAIL,
	    "250", 0 },
	{ "message", "function h.message(s, m)\n"
	    "assert(m.size == 50, m.size)\n"
	    "assert(m:header 'subject' == 'one two')\n"
	    "assert(m:header('x-a') == '1' and m:header('x-a', -1) == '2')\n"
	    "assert(m:header('x-a', 3) == nil)\n"
	    "local t = {} for n, v in m:headers() do t[#t + 1] = n .. '=' .. v end\n"
	    "assert(table.concat(t, ';') == 'Subject=one two;X-A=1;X-a=2')\n"
	    "assert(m:raw_header() == 'Subject: one\\r\\n two\\r\\nX-A: 1\\r\\nX-a: 2\\r\\n')\n"
	    "assert(m:text(100, 'body') == 'body\\r\\n.dot\\r\\n')\n"
	    "assert(m:text(4, 'body') == 'body')\n"
	    "local l = {} for x in m:lines 'body' do l[#l + 1] = x end\n"
	    "assert(#l == 2 and l[2] == '.dot')\n"
	    "local c = {} for x in m:chunks(3, 'body') do c[#c + 1] = #x end\n"
	    "assert(table.concat(c) == '3333', table.concat(c))\n"
	    "assert(m:find 'dot' == 46 and m:find('dot', 'body') == 8)\n"
	    "assert(m:find 'nowhere' == false)\n"
	    "assert(m:hash('md5', 'body') == require('lunette.hash').md5\n"
	    "'body\\r\\n.dot\\r\\n')\n"
	    "m:add_header('X-New', 'v') m:add_header('X-End', 'w', 'bottom')\n"
	    "m:set_header('Subject', 'new') assert(m:header 'subject' == 'new')\n"
	    "assert(m:remove_header('X-A', function(v) return v == '2' end) == 1)\n"
	    "assert(m:remove_header('X-A') == 1 and m:header 'x-a' == nil)\n"
	    "assert(not pcall(m.add_header, m, 'X', 'a\\r\\nb: c'))\n"
	    "assert(not pcall(m.add_header, m, 'X Y', 'a'))\n"
	    "assert(not pcall(m.text, m))\n"
	    "end", ALL, "250", 0 },
	{ "message kept too long", "local kept\n"
	    "function h.message(s, m) s.note.x = 1 m:header 'x' kept = m end\n"
	    "function h.mail() if kept then assert(pcall(kept.header, kept, "
	    "'x') == false) return verdict.reject 'dead' end end",
	    ALL "MAIL FROM:<z@x.test>\r\n|", "550 5.7.1 dead", 0 },
	{ "recipient kept too long", "local kept\n"
	    "function h.rcpt(s, r) kept = r return verdict.accept() end\n"
	    "function h.mail() if kept then return verdict.reject(kept.address) "
	    "end end", RCPT "RSET\r\n|MAIL FROM:<z@x.test>\r\n|",
	    "451 4.3.0", 1 },
	{ "later", "function h.helo() return verdict.reject('5.7.1', 'held')"
	    ":later() end", RCPT, "550 5.7.1 held", 0 },
	{ "nil, err", "local dns = require 'lunette.dns'\n"
	    "function h.mail() local a, err = dns.a(('x'):rep(300))\n"
	    "if not a then return nil, err end end", MAIL, "451 4.3.0", 1 },
	{ "on_error next", "h.on_error = 'next'\nfunction h.mail() error "
	    "'x' end", MAIL, "250", 1 },
	{ "on_error reject", "h.on_error = 'reject'\nfunction h.mail() error "
	    "'x' end", MAIL, "550 5.7.1", 1 },
};

int
main(void)
{
	size_t i;

	log_set(LOG_LOGFMT, LOG_ERROR + (getenv("VERBOSE") ? 0 : 1));
	test_votes();
	test_holds();
	for (i = 0; i < sizeof talks / sizeof talks[0]; i++)
		run_talk(&talks[i]);
	return test_done();
}
