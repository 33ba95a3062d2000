/* session: AUTH, each dialogue cut at every length; what is left of the
 * credentials. */
#include "session_fake.h"

#include "sasl.h"
#include "test.h"

#include "fake_log.h"

#define BANNER "220 mx.test ESMTP\r\n"
#define TELL "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 10000\r\n" \
	"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n" \
	"250-CHUNKING\r\n250-LIMITS MAILMAX=5 RCPTMAX=4\r\n"
#define START BANNER TELL "250-AUTH PLAIN LOGIN\r\n250 HELP\r\n"
#define IN "235 2.7.0 welcome\r\n"
#define NO "535 5.7.8 authentication failed\r\n"
#define SYNC "554 5.5.0 synchronisation violation\r\n"
#define PLAIN "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n|"	/* user, secret */
#define QUIT "QUIT\r\n"
#define BYE "221 2.0.0 bye\r\n"
#define ASKED "pre_connection connect helo(c.test) auth"

static const struct script {
	const char *name, *words, *say, *want, *events;
} scripts[] = {
{ "plain", "auth=ok", EHLO PLAIN QUIT, START IN BYE,
	ASKED "(PLAIN user secret -) disconnect " },
{ "plain, asked for", "auth=ok", EHLO "auth plain\r\n|AHVzZXIAc2VjcmV0\r\n|"
	QUIT, START "334 \r\n" IN BYE, ASKED "(PLAIN user secret -) "
	"disconnect " },
{ "login", "auth=ok", EHLO "AUTH LOGIN\r\n|dXNlcg==\r\n|c2VjcmV0\r\n|" QUIT,
	START "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n" IN BYE,
	ASKED "(LOGIN user secret -) disconnect " },
{ "with an authzid", "auth=ok", EHLO "AUTH PLAIN aWQAdXNlcgBwYXNz\r\n|" QUIT,
	START IN BYE, ASKED "(PLAIN user pass id) disconnect " },
{ "tomorrow perhaps", "auth=wait", EHLO PLAIN QUIT,
	START "454 4.7.0 try to authenticate later\r\n" BYE, NULL },
{ "a hook failed", "auth=fault", EHLO PLAIN QUIT,
	START "451 4.3.0 temporary failure of policy, try again later\r\n"
	BYE, NULL },
{ "dropped", "auth=drop", EHLO PLAIN QUIT, START, NULL },
{ "twice", "auth=ok", EHLO PLAIN PLAIN QUIT,
	START IN "503 5.5.1 once is enough\r\n" BYE, NULL },
{ "twice, without a look at the answer", "auth=ok", EHLO PLAIN
	"AUTH LOGIN\r\n|dXNlcg==\r\n|c2VjcmV0\r\n|" QUIT,
	START IN "503 5.5.1 once is enough\r\n500 5.5.2 unknown command\r\n"
	"500 5.5.2 unknown command\r\n" BYE,
	ASKED "(PLAIN user secret -) disconnect " },
{ "then a verb of the hooks", "auth=ok", EHLO PLAIN "XYZ a\r\n|" QUIT,
	START IN "500 5.5.2 unknown command\r\n" BYE,
	ASKED "(PLAIN user secret -) unknown(a) disconnect " },
{ "in a transaction", "auth=ok", EHLO "MAIL FROM:<s@a.test>\r\n|" PLAIN QUIT,
	START "250 2.1.0 ok\r\n503 5.5.1 not in a transaction\r\n" BYE, NULL },
{ "before EHLO", "auth=ok", PLAIN "HELO c.test\r\n|" PLAIN QUIT,
	BANNER "503 5.5.1 say EHLO first\r\n250 mx.test\r\n"
	"503 5.5.1 say EHLO first\r\n" BYE, NULL },
{ "cancelled", "auth=ok", EHLO "AUTH LOGIN\r\n|*\r\n|" PLAIN QUIT,
	START "334 VXNlcm5hbWU6\r\n501 5.7.0 cancelled\r\n" IN BYE, NULL },
{ "garbage", "auth=ok", EHLO "AUTH PLAIN x\r\n|AUTH PLAIN =\r\n|"
	"AUTH LOGIN\r\n|d$Nlcg==\r\n|AUTH PLAIN\r\n|AHV\nz\r\n|" QUIT,
	START "501 5.5.2 this is no base64\r\n501 5.5.2 this is no base64\r\n"
	"334 VXNlcm5hbWU6\r\n501 5.5.2 this is no base64\r\n334 \r\n"
	"501 5.5.2 bare CR or LF\r\n" BYE, NULL },
{ "what is no mechanism", "auth=ok", EHLO "AUTH\r\n|AUTH CRAM-MD5\r\n|"
	"AUTH EXTERNAL =\r\n|AUTH PLAIN AHVz ZXI=\r\n|" QUIT,
	START "501 5.5.4 say AUTH and a mechanism\r\n"
	"504 5.5.4 no such mechanism\r\n504 5.5.4 no such mechanism\r\n"
	"501 5.5.4 say AUTH and a mechanism\r\n" BYE, NULL },
{ "a password that nobody asked for", "auth=ok", EHLO "AUTH NTLM\r\n|"
	"dXNlcg==\r\n|c2VjcmV0\r\n|NOOP\r\n|FOO reply\r\n|" QUIT,
	START "504 5.5.4 no such mechanism\r\n500 5.5.2 unknown command\r\n"
	"500 5.5.2 unknown command\r\n250 2.0.0 ok\r\n"
	"250-2.0.0 done\r\n250 2.0.0 well\r\n" BYE,
	"pre_connection connect helo(c.test) unknown(reply) disconnect " },
{ "what is held is forgiven", "connect=no.later auth=ok",
	EHLO PLAIN "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n" QUIT,
	START IN "250 2.1.0 ok\r\n250 2.1.5 ok\r\n" BYE, NULL },
{ "and is not without", "connect=no.later auth=wait",
	EHLO PLAIN "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n" QUIT,
	START "454 4.7.0 try to authenticate later\r\n250 2.1.0 ok\r\n"
	"550 5.7.1 refused by policy\r\n" BYE, NULL },
};

static void
offer(void)
{
	fake.conf.auth = SESSION_AUTH_OFFERED;
	fake.conf.auth_without_tls = true;
	fake.conf.mechanisms = 1u << SASL_PLAIN | 1u << SASL_LOGIN |
	    1u << SASL_EXTERNAL;
}

static void
converse(const struct script *t, size_t step, bool late)
{
	begin(t->words);
	offer();
	fake.late = late;
	fake_open();
	fake_say(t->say, step);
	test_str(t->name, fake_text(&fake.got), t->want);
	if (t->events != NULL)
		test_str(t->name, fake_text(&fake.events), t->events);
	fake_end();
}

static void
dialogues(void)
{
	size_t i, step;

	for (i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
		for (step = 1; step <= 64; step += 7) {
			converse(&scripts[i], step, false);
			converse(&scripts[i], step, true);
		}
	}
}

/* The client waits for its answer for as long as any other. */
static void
failures(void)
{
	double began;

	begin("auth=no");
	offer();
	fake_open();
	began = ev_time();
	fake_say(EHLO PLAIN, 1000);
	test_str("no answer yet", fake_text(&fake.got), START);
	while (fake.got.len == strlen(START)) {
		ev_run(fake.loop, EVRUN_ONCE);
		fake_read();
	}
	test_ok("a second", ev_time() - began > 0.9);
	test_str("refused", fake_text(&fake.got), START NO);
	test_ok("and logged", logged("stage=auth hook=fake verdict=reject "
	    "code=535 enhanced=5.7.8 text=\"authentication failed\""));
	fake.words = "";
	fake_say(PLAIN, 1000);		/* nobody knows it */
	while (fake.got.len == strlen(START NO)) {
		ev_run(fake.loop, EVRUN_ONCE);
		fake_read();
	}
	test_str("the same words", fake_text(&fake.got), START NO NO);
	fake_say("AUTH PLAIN AHVzZXI=\r\n|", 1000);	/* half of it */
	fake_run_to_end();
	test_str("three times", fake_text(&fake.got), START NO NO
	    "421 4.7.0 too many failed logins\r\n");
	test_ok("reason", logged("auths=0/3") && logged("reason=errors"));
	test_ok("no name, no password", !strstr(fake_text(&fake.got), "AHVz"));
	fake_end();
}

static void
out_of_step(void)
{
	begin("auth=ok");
	offer();
	talk(EHLO "AUTH PLAIN AHVzZXIAc2VjcmV0\r\nNOOP\r\n");
	test_str("behind the command", fake_text(&fake.got), START SYNC);
	fake_end();
	begin("auth=ok");
	offer();
	talk(EHLO "AUTH LOGIN\r\n|dXNlcg==\r\nc2VjcmV0\r\n");
	test_str("behind a response", fake_text(&fake.got),
	    START "334 VXNlcm5hbWU6\r\n" SYNC);
	fake_end();
	begin("auth=ok");
	offer();
	fake_open();
	fake_say(EHLO, 1000);
	fake.late = true;
	if (write(fake.fd, PLAIN, strlen(PLAIN) - 1) < 0)
		exit(1);
	while (!fake.pending)
		ev_run(fake.loop, EVRUN_ONCE);
	fake_send("NOOP\r\n", 6);
	test_str("before the answer", fake_text(&fake.got), START SYNC);
	test_ok("it is nobody", logged("reason=errors"));
	fake_end();
}

/* Lines of AUTH alone may be as long as RFC 4954 says. */
static void
long_lines(void)
{
	static char line[SASL_LINE_MAX + 64];

	begin("auth=ok");
	offer();
	fake_open();
	fake_say(EHLO, 1000);
	memset(line, 'A', sizeof line);
	memcpy(line, "AUTH PLAIN ", 11);
	memcpy(line + SASL_LINE_MAX + 1, "\r\n", 2);
	fake_send(line, SASL_LINE_MAX + 3);
	test_str("too long", fake_text(&fake.got),
	    START "500 5.5.6 line too long for AUTH\r\n");
	memcpy(line + SASL_LINE_MAX, "\r\n", 2);
	fake_send(line, SASL_LINE_MAX + 2);
	test_str("not too long", fake_text(&fake.got), START
	    "500 5.5.6 line too long for AUTH\r\n"
	    "501 5.5.2 this is no base64\r\n");
	fake_say("AUTH PLAIN\r\n|", 1000);
	memset(line, 'A', sizeof line - 2);
	memcpy(line + sizeof line - 2, "\r\n", 2);
	fake_send(line, sizeof line);
	memset(line, 'A', sizeof line);
	memcpy(line + 600, "\r\n", 2);
	fake_send(line, 602);
	test_str("in a response", fake_text(&fake.got), START
	    "500 5.5.6 line too long for AUTH\r\n501 5.5.2 this is no base64"
	    "\r\n334 \r\n500 5.5.6 line too long for AUTH\r\n"
	    "500 5.5.2 line too long\r\n");
	fake_end();
}

static const struct {
	const char *name;
	enum session_auth auth;
	bool without_tls, no_hook;
	const char *say, *want;
} settings[] = {
	{ "off", SESSION_AUTH_OFF, true, false, PLAIN,
	    "503 5.5.1 AUTH is not offered\r\n" },
	{ "nobody decides", SESSION_AUTH_OFFERED, true, true, PLAIN,
	    "503 5.5.1 AUTH is not offered\r\n" },
	{ "in the clear", SESSION_AUTH_OFFERED, false, false, PLAIN,
	    "503 5.5.1 AUTH is not offered\r\n" },
	{ "required", SESSION_AUTH_REQUIRED, true, false,
	    "MAIL FROM:<s@a.test>\r\nVRFY x\r\n|NOOP\r\n" PLAIN
	    "MAIL FROM:<s@a.test>\r\n",
	    "530 5.7.0 authentication is required\r\n"
	    "530 5.7.0 authentication is required\r\n250 2.0.0 ok\r\n" IN
	    "250 2.1.0 ok\r\n" },
};

static void
by_the_configuration(void)
{
	size_t i;

	for (i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		begin("auth=ok");
		offer();
		fake.conf.auth = settings[i].auth;
		fake.conf.auth_without_tls = settings[i].without_tls;
		if (settings[i].no_hook)
			fake.conf.stages &= ~(1u << STAGE_AUTH);
		talk(EHLO);
		test_ok(settings[i].name, said("AUTH") ==
		    (settings[i].auth == SESSION_AUTH_REQUIRED));
		buf_empty(&fake.got);
		fake_say(settings[i].say, 1000);
		test_str(settings[i].name, fake_text(&fake.got),
		    settings[i].want);
		fake_end();
	}
}

/* It leaves, is thrown out, or the worker goes, with a dialogue open. */
static void
cut_short(void)
{
	begin("auth=ok");
	offer();
	talk(EHLO "AUTH LOGIN\r\n|dXNlcg==\r\n|");
	fake_hang_up();
	test_ok("left", fake.s == NULL && logged("reason=lost"));
	fake_end();
	begin("auth=ok");
	offer();
	talk(EHLO "AUTH LOGIN\r\n|dXNlcg==\r\n|");
	session_drain(fake.s);
	fake_run();
	test_ok("drained", said("421 4.3.2 shutting down") &&
	    logged("reason=drain"));
	fake_end();
	begin("auth=ok");
	offer();
	talk(EHLO "AUTH LOGIN\r\n|dXNlcg==\r\n|");
	session_kill(fake.s);
	fake_run();
	test_ok("killed", logged("reason=killed"));
	fake_end();
	begin("auth=ok");
	offer();
	talk(EHLO "AUTH LOGIN\r\n|dXNlcg==\r\n|");
	fake_end();			/* freed where it stands */
	begin("auth=ok");
	offer();
	fake.late = true;
	fake_open();
	fake_say(EHLO, 1000);
	if (write(fake.fd, PLAIN, strlen(PLAIN) - 1) < 0)
		exit(1);
	while (!fake.pending)
		ev_run(fake.loop, EVRUN_ONCE);
	fake_end();			/* while it is being asked */
}

static void
the_log_says_who(void)
{
	begin("auth=ok");
	offer();
	talk(EHLO PLAIN QUIT);
	test_ok("who", logged(" auth=user ") && logged(" auths=1/1 "));
	fake_end();
}

int
main(void)
{
	open_log();
	dialogues();
	failures();
	out_of_step();
	long_lines();
	by_the_configuration();
	cut_short();
	the_log_says_who();
	return test_done();
}
