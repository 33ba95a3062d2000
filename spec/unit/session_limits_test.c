/* session: limits of errors, time, output and content. */
#include <signal.h>

#include "session_fake.h"

#include "test.h"

#include "fake_log.h"

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

/* A client that is told to come again for each recipient does so at once. */
static void
refused_recipients(void)
{
	int i;

	begin("");
	fake.conf.limits.recipients = 0;
	talk(EHLO "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n");
	for (i = 0; i < 1000; i++)
		fake_say("RCPT TO:<r-hub@b.test>\r\n", 100000);
	test_ok("each by itself", !said("too many") &&
	    said("452 4.5.3 send this recipient in another transaction\r\n"));
	fake_say("RCPT TO:<r@b.test>\r\n", 100000);
	test_ok("not for ever", said("452 4.5.3 too many recipients\r\n"));
	fake_say("DATA\r\n|A: 1\r\n\r\n.\r\n", 100000);
	test_ok("the one is delivered", said("Hop took it"));
	fake_end();
}

/* Octets of a chunk are waited for as content is, wanted or not; the command
 * behind them has its own time. */
static void
unwanted_chunks(void)
{
	begin("");
	fake.conf.timeouts.data = 0.01;
	talk(EHLO "BDAT 10\r\nab");
	fake_run_to_end();
	test_ok("too slow", logged("reason=timeout") &&
	    said("421 4.4.2 timeout, closing\r\n"));
	fake_end();

	begin("");
	fake.conf.timeouts.command = 0.01;
	talk(EHLO "BDAT 2\r\nab");
	fake_run_to_end();
	test_ok("refused, then too slow", logged("reason=timeout") &&
	    said("503 5.5.1 say MAIL first\r\n421 4.4.2 timeout, closing\r\n"));
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
	open_log();
	errors();
	delays();
	unread_replies();
	content_limits();
	refused_recipients();
	unwanted_chunks();
	long_lines();
	return test_done();
}
