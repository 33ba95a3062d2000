/* session: clients that leave, are slow or are thrown out; deadlines, drain,
 * and the log lines. */
#include <signal.h>

#include "session_fake.h"

#include "test.h"

#include "fake_log.h"

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
	test_ok("about whom", logged(" from=s@a.test rcpt=no@b.test\n"));
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

	begin("");
	fake.conf.hide_client = true;
	talk(EHLO ENVELOPE CONTENT);
	test_ok("trace of nobody", strncmp(fake_text(&fake.trace),
	    "Received: by mx.test with ESMTP id ", 35) == 0 &&
	    strstr(fake.trace.p, "c.test") == NULL &&
	    strstr(fake.trace.p, "192.0.2.7") == NULL);
	fake_hang_up();
	test_ok("and the log says who", logged("event=connect") &&
	    logged("helo=c.test"));
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

int
main(void)
{
	open_log();
	the_log_says_it();
	the_trace_header();
	clients_leave();
	reset_by_the_client();
	half_closed();
	lost_after_the_dot();
	deadlines();
	drained();
	early_talkers();
	return test_done();
}
