#include <sys/mman.h>

#include "policy_talk.h"

#include "proxy.h"
#include "session_io.h"
#include "tls.h"

#include "test.h"

/* What hooks see of logins, TLS, a proxy; and that a password stays inside. */
static int log_file;

static const char *
logged(void)
{
	static char text[8192];
	ssize_t n = pread(log_file, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Begin with one hook h; false if it does not load. */
static bool
begin(const char *name, const char *hook)
{
	char text[4000];

	if (ftruncate(log_file, 0) != 0 || lseek(log_file, 0, SEEK_SET) < 0)
		exit(1);
	policy_fake_begin();
	snprintf(text, sizeof text, "local verdict, clock, log = require "
	    "'lunette.verdict', require 'lunette.clock', require "
	    "'lunette.log'\nlocal h = {}\n%s\nreturn h\n", hook);
	policy_fake_hook("h", text);
	if (!policy_fake_load("'h'", false)) {
		test_str(name, pf.error, "");
		return false;
	}
	fake_open();
	fake_run();
	return true;
}

static const struct {
	const char *name, *hook;
	enum verdict_kind kind;
	const char *reply, *user;
	unsigned errors;
} logins[] = {
	{ "accept", "function h.auth(s, l) assert(l.mechanism == 'PLAIN' and\n"
	    "l.user == 'ann' and l.password == 's3cret' and l.authzid == nil)\n"
	    "assert(not tostring(l):find 's3cret')\n"
	    "return verdict.accept() end", VERDICT_ACCEPT, "", "ann", 0 },
	{ "another name", "function h.auth(s, l) l.user = l.user .. '@x.test'\n"
	    "assert(l.user == 'ann@x.test') return verdict.accept() end",
	    VERDICT_ACCEPT, "", "ann@x.test", 0 },
	{ "not a name", "function h.auth(s, l)\n"
	    "for _, x in ipairs { '', 1, {}, 'a\\0b', ('x'):rep(2000) } do\n"
	    "assert(not pcall(function() l.user = x end)) end\n"
	    "assert(not pcall(function() l.password = 'x' end)) end",
	    VERDICT_NONE, "", "ann", 0 },
	{ "no opinion", "function h.auth() end", VERDICT_NONE, "", "ann", 0 },
	{ "reject", "function h.auth() return verdict.reject('5.7.8', 'no') "
	    "end", VERDICT_REJECT, "535 5.7.8 no", "ann", 0 },
	{ "defer", "function h.auth() return verdict.defer 'busy' end",
	    VERDICT_DEFER, "454 4.7.0 busy", "ann", 0 },
	{ "after a wait", "function h.auth(s, l) clock.sleep(0.001)\n"
	    "if l.password == 's3cret' then return verdict.accept() end end",
	    VERDICT_ACCEPT, "", "ann", 0 },
	{ "a hash", "function h.auth(s, l)\n"
	    "local stored = '$1$saltsalt$wjfNEoeaEfKMPyMq7ArFo.'\n"
	    "assert(require 'lunette.hash'.crypt(l.password, stored) == false)\n"
	    "return verdict.accept() end", VERDICT_ACCEPT, "", "ann", 0 },
	{ "drop", "function h.auth() return verdict.drop() end", VERDICT_FAULT,
	    "451 4.3.0", "ann", 1 },
	{ "later", "function h.auth() return verdict.reject('x'):later() end",
	    VERDICT_FAULT, "451 4.3.0", "ann", 1 },
	{ "discard", "function h.auth() return verdict.discard 'x' end",
	    VERDICT_FAULT, "451 4.3.0", "ann", 1 },
	{ "in a verdict", "function h.auth(s, l) return verdict.reject("
	    "'%s is wrong', l.password) end", VERDICT_REJECT,
	    "535 5.7.8 authentication failed", "ann", 0 },
	{ "in an error", "function h.auth(s, l) error(l.password) end",
	    VERDICT_FAULT, "451 4.3.0", "ann", 1 },
	{ "in nil, err", "function h.auth(s, l) return nil, 'no ' .. "
	    "l.password end", VERDICT_FAULT, "451 4.3.0", "ann", 1 },
	{ "in the log", "function h.auth(s, l)\n"
	    "s:log('info', 'tried %s', l.password)\n"
	    "s:log('info', { password = l.password })\n"
	    "log.info(l.password) print(l.password, l)\n"
	    "s:result('h', 'fail', l.password) end", VERDICT_NONE, "", "ann",
	    0 },
	{ "kept too long", "local kept\nfunction h.auth(s, l) kept = l end\n"
	    "function h.vrfy() return verdict.reject(pcall(function() return "
	    "kept.password end) and 'alive' or 'dead') end", VERDICT_NONE, "",
	    "ann", 0 },
};

static void
test_login(size_t i)
{
	struct session_login l = { "PLAIN", "ann", "s3cret", NULL };
	const char *name = logins[i].name;
	char reply[200] = "";

	if (!begin(name, logins[i].hook))
		return;
	fake.s->question.u.login = &l;
	session_ask(fake.s, STAGE_AUTH, NULL);
	run_until_idle();
	test_int(name, fake.s->io->verdict, logins[i].kind);
	if (logins[i].reply[0] != '\0')
		snprintf(reply, sizeof reply, "%d %s %.100s",
		    fake.s->io->reply.code, fake.s->io->reply.enhanced,
		    fake.s->io->reply.text);
	reply[strlen(logins[i].reply)] = '\0';
	test_str(name, reply, logins[i].reply);
	test_str(name, l.user, logins[i].user);
	test_int(name, (long long)fake.stats.hook_errors, logins[i].errors);
	say(EHLO "VRFY x\r\n|QUIT\r\n|");
	if (strstr(name, "kept"))
		test_ok(name, strstr(logged(), "dead") != NULL);
	if (strstr(name, "in "))
		test_ok(name, strstr(logged(), "withheld") != NULL);
	test_ok("the password stays inside", !strstr(logged(), "s3cret"));
	policy_fake_end();
}

/* A session that came by a proxy, is encrypted and has logged in. */
static void
test_parts(void)
{
	static const struct tls_info info = { .version = "TLSv1.3",
		.cipher = "TLS_AES_128_GCM_SHA256", .bits = 128,
		.sni = "mx.test", .verified = true, .subject = "CN=ann",
		.fingerprint = "00ff" };
	static const struct proxy_header header = { .tls = true,
		.tls_verified = true, .tls_version = "TLSv1.2",
		.sni = "mail.test", .tls_subject = "CN=bob" };

	if (!begin("parts", "function h.vrfy(s)\n"
	    "local t = s.tls\n"
	    "assert(t.version == 'TLSv1.3' and t.bits == 128 and t == s.tls)\n"
	    "assert(t.cipher == 'TLS_AES_128_GCM_SHA256')\n"
	    "assert(t.sni == 'mx.test' and t.verified == true)\n"
	    "assert(t.subject == 'CN=ann' and t.fingerprint == '00ff')\n"
	    "assert(not pcall(function() t.sni = 'x' end))\n"
	    "assert(s.auth.user == 'ann' and s.auth.mechanism == 'LOGIN')\n"
	    "assert(s.proxy.ip == '198.51.100.9' and s.proxy.port == 7)\n"
	    "assert(s.stress == true)\n"
	    "local p = s.proxy.tls\n"
	    "assert(p == s.proxy.tls and p ~= t and p.version == 'TLSv1.2')\n"
	    "assert(p.cipher == nil and p.sni == 'mail.test' and p.bits == 0)\n"
	    "assert(p.verified == true and p.subject == 'CN=bob')\n"
	    "return verdict.accept() end"))
		return;
	addr_parse("198.51.100.9:7", 0, &fake.s->proxy);
	fake.s->proxy_header = &header;
	fake.s->tls = &info;
	fake.s->auth_user = "ann";
	fake.s->auth_mechanism = "LOGIN";
	fake.env.stress = true;
	say(EHLO "VRFY x\r\n|");
	test_str("parts", last_reply(), "250 2.1.5 ok");
	fake.s->tls = NULL;
	policy_fake_end();
}

/* What may be answered once TLS is there. */
static const struct {
	const char *hook;
	enum verdict_kind kind;
	unsigned errors;
} handshakes[] = {
	{ "function h.starttls(s) return verdict.reject 'no' end",
	    VERDICT_REJECT, 0 },
	{ "function h.starttls(s) return verdict.drop() end", VERDICT_DROP, 0 },
	{ "function h.starttls(s) return verdict.accept() end", VERDICT_FAULT,
	    1 },
	{ "function h.starttls(s) return verdict.defer 'x' end", VERDICT_FAULT,
	    1 },
	{ "function h.starttls(s) return verdict.reject('x'):later() end",
	    VERDICT_NONE, 0 },
	{ "function h.starttls(s) end", VERDICT_NONE, 0 },
};

static void
test_handshakes(void)
{
	size_t i;

	for (i = 0; i < sizeof handshakes / sizeof handshakes[0]; i++) {
		if (!begin(handshakes[i].hook, handshakes[i].hook))
			return;
		session_ask(fake.s, STAGE_STARTTLS, NULL);
		test_int(handshakes[i].hook, fake.s->io->verdict,
		    handshakes[i].kind);
		test_int(handshakes[i].hook,
		    (long long)fake.stats.hook_errors, handshakes[i].errors);
		policy_fake_end();
	}
}

int
main(void)
{
	size_t i;

	log_file = memfd_create("log", MFD_CLOEXEC);
	log_use(log_file, "spec");
	log_set(LOG_LOGFMT, LOG_INFO);
	for (i = 0; i < sizeof logins / sizeof logins[0]; i++)
		test_login(i);
	test_parts();
	test_handshakes();
	return test_done();
}
