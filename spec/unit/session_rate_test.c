/* session: a client that comes too often with MAIL, RCPT or AUTH. */
#include "session_fake.h"

#include "sasl.h"
#include "test.h"

#include "fake_log.h"

#define AUTH "AUTH PLAIN AHVzZXIAc2VjcmV0\r\n|"
#define MAIL "MAIL FROM:<s@a.test>\r\n"
#define MUCH "451 4.7.1 too much mail, try again later\r\n"
#define MANY "452 4.7.1 too many recipients, try again later\r\n"
#define LOGINS "454 4.7.0 too many logins, try again later\r\n"

static enum session_rate limited;
static unsigned left, others;

static bool
admit(struct session *s, enum session_rate rate)
{
	if (rate != limited) {
		others++;
		return true;
	}
	return left > 0 && left-- > 0;
}

/* So many of these may come. */
static void
prepare(const char *words, enum session_rate rate, unsigned n)
{
	begin(words);
	limited = rate;
	left = n;
	others = 0;
	fake.env.rate_admit = admit;
	fake.conf.auth = SESSION_AUTH_OFFERED;
	fake.conf.auth_without_tls = true;
	fake.conf.mechanisms = 1u << SASL_PLAIN;
	fake_open();
	fake_say(EHLO, 1000);
	buf_empty(&fake.got);
	buf_empty(&fake.events);
}

static void
check(const char *name, const char *got, const char *events)
{
	test_str(name, fake_text(&fake.got), got);
	test_str(name, fake_text(&fake.events), events);
}

static void
messages(void)
{
	prepare("", SESSION_RATE_MESSAGES, 1);
	fake_say(MAIL "RSET\r\nMAIL FROM:<s@a.test> XYZ\r\n" MAIL
	    "RCPT TO:<r@b.test>\r\n", 1000);
	check("one message", "250 2.1.0 ok\r\n250 2.0.0 ok\r\n"
	    "555 5.5.4 parameter not supported\r\n" MUCH "503 5.5.1 say MAIL first\r\n",
	    "mail(s@a.test) reset ");
	test_ok("logged", logged("verb=MAIL verdict=defer code=451 "
	    "enhanced=4.7.1 text=\"too much mail, try again later\" "
	    "limit=message_rate"));
	test_ok("no transaction", !fake.s->txn.open &&
	    fake.s->state == SESSION_READY);
	test_int("no recipient was counted", others, 0);
	left = 1;
	fake_say(RCPT, 1000);
	test_ok("later it may", said("250 2.1.5 ok\r\n"));
	fake_end();

	prepare("", SESSION_RATE_MESSAGES, 0);
	fake.s->limits.errors = 3;
	fake_say(MAIL MAIL MAIL MAIL MAIL, 1000);
	check("does not go on for ever", MUCH MUCH MUCH
	    "421 4.7.0 too many errors\r\n", "disconnect ");
	fake_end();
}

static void
recipients(void)
{
	prepare("", SESSION_RATE_RECIPIENTS, 2);
	fake_say("RCPT TO:<a@b.test>\r\n" MAIL "RCPT TO:a@\r\n"
	    "RCPT TO:<no@b.test>\r\nRCPT TO:<ok@b.test>\r\n"
	    "RCPT TO:<ok2@b.test>\r\nDATA\r\n|" CONTENT, 1000);
	check("two", "503 5.5.1 say MAIL first\r\n250 2.1.0 ok\r\n"
	    "501 5.1.3 bad address syntax\r\n550 5.7.1 refused by policy\r\n"
	    "250 2.1.5 ok\r\n" MANY "354 end data with <CR><LF>.<CR><LF>\r\n"
	    "250 2.6.0 Hop took it\r\n",
	    "mail(s@a.test) rcpt(no@b.test) rcpt(ok@b.test) data headers "
	    "message +relay(hop) deliver(1) -relay relayed(250) reset ");
	test_ok("logged", logged("verb=RCPT verdict=defer code=452 "
	    "enhanced=4.7.1 text=\"too many recipients, try again later\" "
	    "limit=recipient_rate"));
	test_ok("who", logged("limit=recipient_rate") &&
	    logged("rcpt=ok2@b.test"));
	fake_end();
}

static void
logins(void)
{
	prepare("auth=ok", SESSION_RATE_LOGINS, 0);
	fake_say("AUTH XYZ\r\n|" AUTH "c2VjcmV0\r\n", 1000);
	check("none", "504 5.5.4 no such mechanism\r\n" LOGINS
	    "500 5.5.2 unknown command\r\n", "");
	test_ok("logged", logged("verb=AUTH verdict=defer code=454 "
	    "enhanced=4.7.0 text=\"too many logins, try again later\" "
	    "limit=auth_rate"));
	test_int("an error", (long)fake.s->errors, 3);
	left = 1;
	fake_say(AUTH, 1000);
	test_ok("later it may", said("235 2.7.0 welcome\r\n"));
	fake_end();
}

int
main(void)
{
	open_log();
	messages();
	recipients();
	logins();
	return test_done();
}
