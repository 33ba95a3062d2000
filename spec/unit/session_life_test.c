/* session: clients that leave, are slow or are thrown out; deadlines, drain,
 * errors, and the log lines. */
#include <signal.h>
#include <sys/mman.h>

#include "session_fake.h"

#include "test.h"

#define EHLO "EHLO c.test\r\n|"
#define RCPT "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n"
#define ENVELOPE RCPT "DATA\r\n|"
#define CONTENT "A: 1\r\n\r\nhello\r\n.\r\n|"

static int log_file;

static void
begin(const char *words)
{
	fake_begin();
	fake.words = words;
	if (ftruncate(log_file, 0) != 0 || lseek(log_file, 0, SEEK_SET) < 0)
		exit(1);
}

static void
talk(const char *script)
{
	fake_open();
	fake_say(script, 100000);
}

static int
said(const char *text)
{
	return strstr(fake_text(&fake.got), text) != NULL;
}

static int
happened(const char *text)
{
	return strstr(fake_text(&fake.events), text) != NULL;
}

/* What the log holds, once. */
static int
logged(const char *text)
{
	static char p[65536];
	ssize_t n = pread(log_file, p, sizeof p - 1, 0);
	const char *at;

	p[n > 0 ? n : 0] = '\0';
	at = strstr(p, text);
	if (at == NULL)
		fprintf(stderr, "log:\n%s", p);
	return at != NULL && strstr(at + 1, text) == NULL;
}

static void
the_log_says_it(void)
{
	begin("message=discard");
	talk(EHLO "MAIL FROM:<s@a.test>\r\nRCPT TO:<no@b.test>\r\n"
	    "RCPT TO:<r@b.test>\r\nDATA\r\n|" CONTENT "QUIT\r\n");
	test_ok("connect", logged("event=connect id="));
	test_ok("client", logged(" listener=test server=192.0.2.1:25"));
	test_ok("verdict", logged("stage=rcpt hook=fake verdict=reject "
	    "code=550 enhanced=5.7.1 text=\"refused by policy\""));
	test_ok("discard", logged("event=discard"));
	test_ok("discard is a warning", logged("level=warn"));
	test_ok("counts", logged("ehlo=1/1 mail=1/1 rcpt=1/2 data=1/1 "
	    "quit=1/1 messages=1 bytes="));
	test_ok("reason", logged("summary=fake reason=quit"));
	fake_end();

	begin("");
	talk(EHLO ENVELOPE CONTENT "QUIT\r\n");
	test_ok("message", logged("event=message"));
	test_ok("its fields", logged("from=s@a.test rcpts=1 to=r@b.test "
	    "size=15 relay=hop reply=\"250 2.6.0 Hop took it\" queue_id=Q1"));
	fake_end();

	begin("");
	fake_open();
	fake.s->quiet = true;
	fake_say("QUIT\r\n", 100);
	log_event(LOG_INFO, "mark", "x");
	test_ok("a quiet client leaves no line", logged("event=") &&
	    logged("event=mark"));
	fake_end();
}

static void
the_trace_header(void)
{
	begin("");
	fake_open();
	fake.s->client_name = "mail.c.test";
	fake_say(EHLO ENVELOPE CONTENT, 100000);
	test_ok("trace, one recipient", strncmp(fake_text(&fake.trace),
	    "Received: from c.test (mail.c.test [192.0.2.7])\r\n"
	    "\tby mx.test with ESMTP id ", 70) == 0 &&
	    strstr(fake.trace.p, ".1\r\n\tfor <r@b.test>; ") != NULL);
	fake_say(RCPT "RCPT TO:<q@b.test>\r\nDATA\r\n|" CONTENT, 100000);
	test_ok("trace, two recipients", strstr(fake_text(&fake.trace),
	    ".2;\r\n\t") != NULL);
	fake_end();
}

/* The client goes away in every state. */
static const struct {
	const char *name, *say;
	const char *words;
	int late;
	const char *events;
} leaving[] = {
	{ "before the banner", "", "", 1, "forget(pre_connection) disconnect " },
	{ "at the banner", "", "", 0, "pre_connection connect disconnect " },
	{ "in a command", EHLO "NOO", "", 0,
	    "pre_connection connect helo(c.test) disconnect " },
	{ "in a transaction", EHLO RCPT, "", 0,
	    "pre_connection connect helo(c.test) mail(s@a.test) "
	    "rcpt(r@b.test) reset disconnect " },
	{ "in the content", EHLO ENVELOPE "A: 1\r\n\r\nhello\r\n", "", 0,
	    "pre_connection connect helo(c.test) mail(s@a.test) "
	    "rcpt(r@b.test) data headers reset disconnect " },
};

static void
clients_leave(void)
{
	size_t i;

	for (i = 0; i < sizeof leaving / sizeof leaving[0]; i++) {
		begin(leaving[i].words);
		fake_open();
		if (leaving[i].late) {
			fake.late = true;
			ev_run(fake.loop, EVRUN_NOWAIT);
			fake.pending = false;	/* it never answers */
			fake.late = false;
		}
		fake_say(leaving[i].say, 100000);
		fake_hang_up();
		test_ok(leaving[i].name, fake.s == NULL);
		test_str(leaving[i].name, fake_text(&fake.events),
		    leaving[i].events);
		test_ok(leaving[i].name, logged("reason=lost"));
		fake_end();
	}
}

/* A client that closes with replies unread resets the connection. */
static void
reset_by_the_client(void)
{
	begin("");
	fake.late = true;
	fake_open();
	fake_run();
	if (write(fake.fd, "EHLO c.test\r\n", 13) != 13)
		exit(1);
	while (!fake.pending)
		ev_run(fake.loop, EVRUN_NOWAIT);
	if (write(fake.fd, "NOOP\r\n", 6) != 6)
		exit(1);
	fake.pending = false;
	fake_answer(fake.s);
	close(fake.fd);
	fake.fd = -1;
	fake_run();
	test_ok("reset", fake.s == NULL && logged("reason=lost"));
	fake_end();
}

/* A question is open, and input is left: it is served first. */
static void
half_closed(void)
{
	begin("");
	talk(EHLO);
	fake.stuck = true;
	fake.conf.check_with_relay = true;
	fake_say(RCPT "QUIT\r\n", 100000);
	shutdown(fake.fd, SHUT_WR);
	fake_run();
	test_ok("it waits for the answer", fake.s != NULL);
	fake_relay_answer(fake.s->txn.handoff);
	fake_run();
	test_ok("and says goodbye", said("250 2.1.5 hop likes it\r\n221"));
	test_ok("reason", logged("reason=quit"));
	fake_end();

	begin("");
	talk(EHLO);
	fake.stuck = true;
	fake.conf.check_with_relay = true;
	fake_say(RCPT, 100000);
	shutdown(fake.fd, SHUT_WR);
	fake_run();
	test_ok("nothing is left to read", fake.s == NULL);
	test_ok("the relay is cancelled", happened("-relay(busy) reset"));
	fake_end();
}

/* What the next hop may have taken is waited for. */
static void
lost_after_the_dot(void)
{
	begin("");
	talk(EHLO ENVELOPE);
	fake.stuck = true;
	fake_say(CONTENT, 100000);
	fake_hang_up();
	test_ok("not committed: cancelled", fake.s == NULL &&
	    happened("-relay(busy)"));
	fake_end();

	begin("");
	talk(EHLO ENVELOPE);
	fake.stuck = fake.committed = true;
	fake_say(CONTENT, 100000);
	fake_hang_up();
	test_ok("committed: kept", fake.s != NULL && !happened("-relay"));
	fake_relay_answer(fake.s->txn.handoff);
	fake_run();
	test_ok("then it ends", fake.s == NULL && happened(
	    "-relay relayed(250) reset disconnect"));
	test_ok("logged", logged("queue_id=Q1") && logged("lost=true"));
	fake_end();
}

static void
deadlines(void)
{
	begin("");
	fake.conf.timeouts.greeting = 0.01;
	talk("");
	fake_run_to_end();
	test_ok("greeting", said("421 4.4.2 timeout, closing\r\n"));
	test_ok("greeting", logged("reason=timeout"));
	fake_end();

	begin("");
	fake.conf.timeouts.command = 0.01;
	talk(EHLO "NOOP\r\nNOO");
	fake_run_to_end();
	test_ok("command", said("250 2.0.0 ok\r\n421 4.4.2"));
	fake_end();

	begin("");
	fake.conf.timeouts.data = 0.02;
	talk(EHLO ENVELOPE "A: 1\r\n");
	fake_run_to_end();
	test_ok("data", said("354 end data with <CR><LF>.<CR><LF>\r\n"
	    "421 4.4.2"));
	test_ok("data", happened("reset disconnect"));
	fake_end();

	begin("");
	fake.conf.timeouts.after_data = 0.01;
	talk(EHLO ENVELOPE);
	fake.stuck = true;
	fake_say("A: 1\r\n\r\n.\r\n", 100000);
	while (!happened("reset")) {
		ev_run(fake.loop, EVRUN_ONCE);
		fake_read();
	}
	test_ok("after_data", happened("deliver(1) -relay(busy) reset"));
	fake_say("RCPT TO:<r@b.test>\r\nQUIT\r\n", 100000);
	test_ok("after_data", said("451 4.4.2 this took too long, try again "
	    "later\r\n503 5.5.1 say MAIL first\r\n221"));
	fake_end();

	begin("");
	fake.conf.timeouts.after_data = 0.01;
	talk(EHLO ENVELOPE);
	fake.late = true;
	if (write(fake.fd, "A: 1\r\n\r\n.\r\n", 11) != 11)
		exit(1);
	while (!happened("forget(message)")) {
		if (fake.pending && fake.s->question.stage != STAGE_MESSAGE) {
			fake.pending = false;
			fake_answer(fake.s);
		}
		ev_run(fake.loop, EVRUN_ONCE);
	}
	fake_run();
	test_ok("after_data covers the hooks", said("451 4.4.2"));
	fake_end();
}

static void
drained(void)
{
	begin("");
	talk(EHLO);
	session_drain(fake.s);
	fake_run();
	test_ok("at once if idle", said("421 4.3.2 shutting down\r\n") &&
	    fake.s == NULL);
	test_ok("reason", logged("reason=drain"));
	fake_end();

	begin("");
	talk(EHLO ENVELOPE);
	session_drain(fake.s);
	fake.env.draining = true;
	fake_run();
	test_ok("not in the content", !said("421"));
	fake_say(CONTENT "NOOP\r\n", 100000);
	test_ok("but after it", said("Hop took it\r\n421 4.3.2"));
	fake_end();

	begin("");
	fake.env.draining = true;
	talk("");
	test_str("no banner any more", fake_text(&fake.got),
	    "421 4.3.2 shutting down\r\n");
	fake_end();

	begin("");
	talk(EHLO ENVELOPE "A: 1\r\n");
	session_kill(fake.s);
	fake_run();
	test_ok("killed", said("421 4.3.2 closed by the administrator\r\n") &&
	    fake.s == NULL);
	test_ok("killed", happened("reset disconnect"));
	fake_end();

	begin("");
	fake_open();
	session_kill(fake.s);
	fake_run();
	test_str("killed before it began", fake_text(&fake.events), "");
	fake_end();

	begin("");
	talk(EHLO ENVELOPE);
	session_free(fake.s);
	fake.s = NULL;
	test_int("free in any state", fake.gone, 1);
	fake_end();
}

static void
errors(void)
{
	begin("");
	fake.conf.limits.errors = 3;
	talk(EHLO "FOO\r\nFOO\r\nFOO\r\nFOO\r\n");
	test_ok("three, then the end", said("500 5.5.2 unknown command\r\n"
	    "500 5.5.2 unknown command\r\n500 5.5.2 unknown command\r\n"
	    "421 4.7.0 too many errors\r\n"));
	test_ok("reason", logged("reason=errors"));
	fake_end();

	begin("");
	fake.conf.limits.soft_errors = 1;
	talk(EHLO "FOO\r\nFOO\r\nFOO\r\nQUIT\r\n");
	test_ok("more than one: the next has to wait", fake.s != NULL &&
	    said("500 5.5.2 unknown command\r\n500 5.5.2 unknown command\r\n")
	    && !said("221"));
	fake_end();
}

static void
delays(void)
{
	begin("");
	talk(EHLO "MAIL FROM:<ok.slow@a.test>\r\n"
	    "RCPT TO:<no.slow@b.test>\r\nQUIT\r\n");
	fake_run_to_end();
	test_ok("all answers, in order", said("250 2.1.0 ok\r\n"
	    "550 5.7.1 refused by policy\r\n221 2.0.0 bye\r\n"));
	fake_end();
}

/* Nobody reads the replies: no more is done for the client. */
static void
unread_replies(void)
{
	char noops[6 * 1000];
	unsigned before, i;

	begin("");
	fake.conf.limits.commands = 0;
	fake.conf.timeouts.command = 0.01;
	for (i = 0; i < sizeof noops; i++)
		noops[i] = "NOOP\r\n"[i % 6];
	talk(EHLO);
	do {
		before = fake.s->verbs[COMMAND_NOOP].all;
		for (i = 0; i < 10; i++) {
			if (write(fake.fd, noops, sizeof noops) < 0)
				break;
			ev_run(fake.loop, EVRUN_NOWAIT);
		}
	} while (fake.s->verbs[COMMAND_NOOP].all > before);
	while (fake.s != NULL)
		ev_run(fake.loop, EVRUN_ONCE);
	test_ok("it ends", logged("reason=timeout"));
	fake_end();
}

static int early_answer;

static void
on_early(void *arg, bool early)
{
	struct verdict none = { .kind = VERDICT_NONE };

	early_answer = early;
	fake.pending = false;
	session_answer(arg, &none);
}

static void
early_talkers(void)
{
	begin("");
	fake.conf.stages = 1u << STAGE_CONNECT;
	fake.late = true;
	fake_open();
	ev_run(fake.loop, EVRUN_NOWAIT);
	fake.pending = false;
	session_early_start(fake.s, 60, on_early, fake.s);
	early_answer = -1;
	fake_send("EHLO c.test\r\n", 13);
	test_int("it talks before its turn", early_answer, 1);
	test_ok("and is served all the same", said("250 HELP"));
	fake_end();

	begin("");
	fake.conf.stages = 1u << STAGE_CONNECT;
	fake.late = true;
	fake_open();
	ev_run(fake.loop, EVRUN_NOWAIT);
	fake.pending = false;
	session_early_start(fake.s, 0.001, on_early, fake.s);
	early_answer = -1;
	while (early_answer < 0)
		ev_run(fake.loop, EVRUN_ONCE);
	test_int("it keeps quiet", early_answer, 0);
	fake_end();
}

static void
content_limits(void)
{
	char line[1200];
	int i;

	memset(line, 'x', sizeof line);
	memcpy(line + 1001, "\r\n.\r\n", 6);
	begin("");
	talk(EHLO ENVELOPE "A: 1\r\n\r\n");
	fake_send(line, 1006);
	test_ok("line too long", said("550 5.6.0 line too long\r\n"));
	fake_say(ENVELOPE "A: 1\r\n\r\n", 100000);
	fake_send(line + 1, 1005);
	test_ok("line of the limit", said("Hop took it"));
	fake_say(ENVELOPE, 100000);
	fake_send(line, 600);
	fake_send("\r\n\r\n.\r\n", 7);
	test_ok("header too big", said("552 5.3.4 header too big\r\n"));
	fake_say(ENVELOPE "A: 1\r\n\r\n", 100000);
	for (i = 0; i < 20; i++)
		fake_send(line + 1, 1002);
	fake_say(".\r\n", 100000);
	test_ok("too big", said("552 5.3.4 message too big\r\n"));
	fake.env.spool_dir = "/nonexistent";
	fake_say(ENVELOPE "A: 1\r\n\r\n", 100000);
	fake_send(line + 500, 506);
	test_ok("no space", said("452 4.3.1 no space for this now\r\n"));
	fake_end();
}

static void
long_lines(void)
{
	char junk[60000];
	int i;

	memset(junk, 'N', sizeof junk);
	begin("");
	talk(EHLO);
	fake_send(junk, 600);
	fake_send("\r\nNOOP\r\n", 8);
	test_ok("one reply, in step again",
	    said("500 5.5.2 line too long\r\n250 2.0.0 ok\r\n"));
	for (i = 0; i < 5; i++)
		fake_send(junk, sizeof junk);
	test_ok("no end of it", fake.s == NULL);
	fake_end();
}

int
main(void)
{
	log_file = memfd_create("log", MFD_CLOEXEC);
	log_use(log_file, "spec");
	log_set(LOG_LOGFMT, LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	the_log_says_it();
	the_trace_header();
	clients_leave();
	reset_by_the_client();
	half_closed();
	lost_after_the_dot();
	deadlines();
	drained();
	errors();
	delays();
	unread_replies();
	early_talkers();
	content_limits();
	long_lines();
	return test_done();
}
