/* session: BDAT, whole conversations. */
#include "session_script.h"

#define TWO "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n"
#define TWO_OK MAIL_OK RCPT_OK
#define OCTETS(n) "250 2.0.0 " #n " octets\r\n"
#define NO_MAIL "503 5.5.1 say MAIL first\r\n"
#define FAILED "503 5.5.1 the message has failed\r\n"
#define BAD "501 5.5.4 a number of octets is needed, and LAST or nothing\r\n"
#define TOO_BIG "552 5.3.4 message too big\r\n"
#define NOBODY "MAIL FROM:<s@a.test>\r\nBDAT 15 LAST\r\nA: 1\r\n\r\n4567890"
#define NOBODY_OK MAIL_OK "554 5.5.1 no valid recipients\r\n"
#define X100 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n" \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"

static void
small(void)
{
	fake.conf.limits.message_size = 20;
}

static void
short_lines(void)
{
	fake.conf.limits.command_line = 30;
}

static void
few_commands(void)
{
	fake.conf.limits.commands = 3;
}

static void
no_chunking(void)
{
	static const char *const keyword[] = { "chunking", NULL };

	fake.conf.withhold = keyword;
}

static void
no_pipelining(void)
{
	static const char *const keyword[] = { "PIPELINING", NULL };

	fake.conf.withhold = keyword;
}

static const struct script scripts[] = {
{ "one chunk", 0, "", EHLO TWO "BDAT 12 LAST\r\nA: 1\r\n\r\nhi\r\n|" QUIT,
	START TWO_OK TAKEN BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"data headers message +relay(hop) deliver(1) -relay relayed(250) "
	"reset disconnect ",
	"[A: 1\r\n\r\nhi\r\n]" },
{ "many chunks, cut in a line end", 0, "", EHLO TWO
	"BDAT 5\r\nA: 1\rbdat 3\r\n\n\r\nBDAT 4\r\nhi\r\nBDAT 0 last\r\n" QUIT,
	START TWO_OK OCTETS(5) OCTETS(3) OCTETS(4) TAKEN BYE, NULL,
	"[A: 1\r\n\r\nhi\r\n]" },
{ "no line end at the end", 0, "", EHLO TWO
	"BDAT 10 LAST\r\nA: 1\r\n\r\nhi" QUIT, START TWO_OK TAKEN BYE, NULL,
	"[A: 1\r\n\r\nhi\r\n]" },
{ "dots are dots", 0, "", EHLO TWO
	"BDAT 21 LAST\r\nA: 1\r\n\r\n.\r\n..\r\nQUIT\r\n|" QUIT,
	START TWO_OK "250 2.6.0 Hop took it\r\n" BYE, NULL,
	"[A: 1\r\n\r\n.\r\n..\r\nQUIT\r\n]" },
{ "nothing at all", 0, "", EHLO TWO "BDAT 0 LAST\r\n" QUIT,
	START TWO_OK TAKEN BYE, NULL, "[]" },
{ "two messages", 0, "", EHLO TWO "BDAT 6 LAST\r\nA: 1\r\n" TWO
	"BDAT 6 LAST\r\nA: 2\r\n" QUIT, START TWO_OK TAKEN TWO_OK TAKEN BYE,
	NULL, "[A: 1\r\n][A: 2\r\n]" },
{ "NOOP between chunks", 0, "", EHLO TWO "BDAT 4\r\nA: 1NOOP\r\n"
	"BDAT 2 LAST\r\n\r\n" QUIT, START TWO_OK OCTETS(4) OK TAKEN BYE, NULL,
	"[A: 1\r\n]" },
{ "RSET between chunks", 0, "", EHLO TWO "BDAT 4\r\nA: 1RSET\r\n" TWO
	"BDAT 6 LAST\r\nA: 2\r\n" QUIT,
	START TWO_OK OCTETS(4) OK TWO_OK TAKEN BYE, NULL, "[A: 2\r\n]" },
{ "EHLO between chunks", 0, "", EHLO TWO "BDAT 4\r\nA: 1|" EHLO
	"BDAT 3 LAST\r\nabc" TWO "BDAT 6 LAST\r\nA: 2\r\n" QUIT,
	START TWO_OK OCTETS(4) EHLO_SAID NO_MAIL TWO_OK TAKEN BYE, NULL,
	"[A: 2\r\n]" },
{ "QUIT between chunks", 0, "", EHLO TWO "BDAT 4\r\nA: 1" QUIT,
	START TWO_OK OCTETS(4) BYE, NULL, "" },
{ "what does not belong between chunks", 0, "", EHLO TWO "BDAT 4\r\nA: 1"
	"RCPT TO:<r@b.test>\r\nMAIL FROM:<s@a.test>\r\nDATA\r\n|"
	"BDAT 2 LAST\r\n\r\n" QUIT,
	START TWO_OK OCTETS(4) "503 5.5.1 BDAT LAST has not come\r\n"
	"503 5.5.1 BDAT LAST has not come\r\n"
	"503 5.5.1 BDAT LAST has not come\r\n" TAKEN BYE, NULL,
	"[A: 1\r\n]" },

/* What cannot be read. */
{ "no number", 0, "", EHLO TWO "BDAT\r\nMAIL", START TWO_OK BAD, NULL, "" },
{ "a word", 0, "", EHLO TWO "BDAT LAST\r\n", START TWO_OK BAD, NULL, "" },
{ "hexadecimal", 0, "", EHLO TWO "BDAT 0x10\r\n", START TWO_OK BAD, NULL,
	"" },
{ "negative", 0, "", EHLO TWO "BDAT -1\r\n", START TWO_OK BAD, NULL, "" },
{ "a sign", 0, "", EHLO TWO "BDAT +1\r\n", START TWO_OK BAD, NULL, "" },
{ "more than fits", 0, "", EHLO TWO "BDAT 18446744073709551616\r\n",
	START TWO_OK BAD, NULL, "" },
{ "more digits than fit", 0, "", EHLO TWO "BDAT 000000000000000000001\r\n",
	START TWO_OK BAD, NULL, "" },
{ "another word", 0, "", EHLO TWO "BDAT 5 FIRST\r\nRSET\r\n",
	START TWO_OK BAD, NULL, "" },
{ "more words", 0, "", EHLO TWO "BDAT 5 LAST 6\r\nRSET\r\n",
	START TWO_OK BAD, NULL, "" },
{ "a tab", 0, "", EHLO TWO "BDAT 5\tLAST\r\nRSET\r\n",
	START TWO_OK BAD, NULL, "" },
{ "8 bits", 0, "", EHLO TWO "BDAT 5\xff\r\nRSET\r\n",
	START TWO_OK BAD, NULL, "" },
{ "a bare CR", 0, "", EHLO TWO "BDAT 6\r LAST\r\nRSET\r\n",
	START TWO_OK BAD, NULL, "" },
{ "a bare LF", 0, "", EHLO TWO "BDAT 6 LAST\nRSET\r\nRSET\r\n",
	START TWO_OK BAD, NULL, "" },
{ "a blank before it", 0, "", EHLO TWO "  BDAT 6\r\nRSET\r\n",
	START TWO_OK BAD, NULL, "" },
{ "a line too long", 0, "", EHLO TWO "BDAT 6               "
	"           LAST\r\nRSET\r\n", START TWO_OK BAD, NULL, "",
	short_lines },
{ "without a transaction, too", 0, "", EHLO "BDAT x\r\nRSET\r\n", START BAD,
	NULL, NULL },

/* What comes out of place is taken out of the input all the same. */
{ "before HELO", 0, "", "BDAT 6\r\nQUIT\r\n|" EHLO QUIT,
	BANNER "502 5.5.1 not implemented\r\n" EHLO_SAID BYE, NULL, NULL },
{ "after HELO", 0, "", "HELO c.test\r\n|BDAT 6\r\nQUIT\r\n|NOOP\r\n|" QUIT,
	BANNER "250 mx.test\r\n502 5.5.1 not implemented\r\n" OK BYE, NULL,
	NULL },
{ "before MAIL", 0, "", EHLO "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n" QUIT,
	START NO_MAIL NO_MAIL BYE,
	"pre_connection connect helo(c.test) disconnect ", NULL },
{ "before RCPT", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"BDAT 6\r\nQUIT\r\nRCPT TO:<r@b.test>\r\nBDAT 6 LAST\r\nQUIT\r\n"
	TWO "BDAT 6 LAST\r\nA: 2\r\n" QUIT,
	START MAIL_OK "554 5.5.1 no valid recipients\r\n"
	"503 5.5.1 say RSET first\r\n" FAILED TWO_OK TAKEN BYE, NULL,
	"[A: 2\r\n]" },
{ "all recipients refused", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<no@b.test>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n" QUIT,
	START MAIL_OK "550" REFUSED "554 5.5.1 no valid recipients\r\n" OK BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(no@b.test) "
	"reset disconnect ", NULL },
{ "withheld", 0, "", EHLO TWO "BDAT 6\r\nQUIT\r\nDATA\r\n|" CONTENT QUIT,
	BANNER "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 10000\r\n"
	"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n"
	"250-LIMITS MAILMAX=5 RCPTMAX=4\r\n250 HELP\r\n"
	TWO_OK "502 5.5.1 not implemented\r\n" GO TAKEN BYE, NULL,
	"[A: 1\r\n\r\nhello\r\n]", no_chunking },
{ "without PIPELINING", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n|"
	"RCPT TO:<r@b.test>\r\n|BDAT 4\r\nA: 1|BDAT 2 LAST\r\n\r\n|" QUIT,
	BANNER "250-mx.test\r\n250-SIZE 10000\r\n"
	"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n"
	"250-LIMITS MAILMAX=5 RCPTMAX=4\r\n250 HELP\r\n"
	TWO_OK OCTETS(4) TAKEN BYE, NULL, "[A: 1\r\n]", no_pipelining },
{ "behind a chunk without PIPELINING", WHOLE, "", EHLO
	"MAIL FROM:<s@a.test>\r\n|"
	"RCPT TO:<r@b.test>\r\n|BDAT 4\r\nA: 1BDAT 2 LAST\r\n\r\n|" QUIT,
	BANNER "250-mx.test\r\n250-SIZE 10000\r\n"
	"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n"
	"250-LIMITS MAILMAX=5 RCPTMAX=4\r\n250 HELP\r\n"
	TWO_OK SYNC, NULL, "", no_pipelining },

/* Refusals. */
{ "refused at data", 0, "data=no", EHLO TWO "BDAT 6\r\nQUIT\r\n"
	"BDAT 6\r\nQUIT\r\nBDAT 0 LAST\r\nDATA\r\n|" TWO QUIT,
	START TWO_OK "554" REFUSED FAILED FAILED NO_MAIL TWO_OK BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"data reset mail(s@a.test) rcpt(r@b.test) reset disconnect ", "" },
{ "refused at data, in one chunk", 0, "data=no", EHLO TWO
	"BDAT 6 LAST\r\nQUIT\r\n" TWO QUIT,
	START TWO_OK "554" REFUSED TWO_OK BYE, NULL, "" },
{ "refused at data, hanging up", 0, "data=no.hangup", EHLO TWO
	"BDAT 6\r\nQUIT\r\n", START TWO_OK "554" REFUSED, NULL, "" },
{ "refused at headers", 0, "headers=no", EHLO TWO
	"BDAT 6\r\nA: 1\r\nBDAT 4\r\n\r\nhiBDAT 2\r\nhiBDAT 2\r\nhi"
	"MAIL FROM:<s@a.test>\r\nRSET\r\n" TWO QUIT,
	START TWO_OK OCTETS(6) "550" REFUSED FAILED FAILED
	"503 5.5.1 say RSET first\r\n" OK TWO_OK BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"data headers reset mail(s@a.test) rcpt(r@b.test) reset disconnect ",
	"" },
{ "refused at message", 0, "message=no", EHLO TWO
	"BDAT 8 LAST\r\nA: 1\r\n\r\n" TWO QUIT,
	START TWO_OK "550" REFUSED TWO_OK BYE, NULL, "" },
{ "the next hop wants it later", 0, "", EHLO "MAIL FROM:<d450@a.test>\r\n"
	"RCPT TO:<r@b.test>\r\nBDAT 6 LAST\r\nA: 1\r\n"
	"RCPT TO:<r@b.test>\r\nBDAT 0 LAST\r\n" QUIT,
	START TWO_OK "450 4.2.0 hop says later\r\n" NO_MAIL NO_MAIL BYE,
	NULL, "" },
{ "bare LF", 0, "", EHLO TWO "BDAT 6\r\nA: 1\n\nBDAT 2 LAST\r\n\r\n" QUIT,
	START TWO_OK OCTETS(6) "550 5.5.2 bare CR or LF in the message\r\n"
	BYE, NULL, "" },
{ "bare LF made good", NORMALIZE, "", EHLO TWO
	"BDAT 6\r\nA: 1\n\nBDAT 2\r\n.\nBDAT 1 LAST\r\n\r" QUIT,
	START TWO_OK OCTETS(6) OCTETS(2) TAKEN BYE, NULL,
	"[A: 1\r\n\r\n.\r\n\r\n]" },
{ "a loop", 0, "", EHLO TWO "BDAT 61 LAST\r\nReceived: 1\r\nReceived: 2\r\n"
	"Received: 3\r\nReceived: 4\r\nA: 56\r\n\r\n" QUIT,
	START TWO_OK "554 5.4.6 too many hops, it looks like a loop\r\n" BYE,
	NULL, "" },

/* Limits. */
{ "too big, said once", 0, "", EHLO TWO "BDAT 15\r\nA: 1\r\n\r\n4567890"
	"BDAT 10\r\n0123456789BDAT 5\r\n12345BDAT 5 LAST\r\nQUIT\r" TWO QUIT,
	BANNER "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 20\r\n"
	"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n"
	"250-LIMITS MAILMAX=5 RCPTMAX=4\r\n250 HELP\r\n"
	TWO_OK OCTETS(15) TOO_BIG FAILED FAILED TWO_OK BYE, NULL, "", small },
{ "far too big", 0, "", EHLO TWO "BDAT 15\r\nA: 1\r\n\r\n4567890"
	"BDAT 26\r\n0123456789",
	BANNER "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 20\r\n"
	"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n"
	"250-LIMITS MAILMAX=5 RCPTMAX=4\r\n250 HELP\r\n"
	TWO_OK OCTETS(15) TOO_BIG, NULL, "", small },
{ "each message begins anew, wanted or not", 0, "", EHLO
	NOBODY NOBODY NOBODY NOBODY QUIT,
	BANNER "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 20\r\n"
	"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n"
	"250-LIMITS MAILMAX=5 RCPTMAX=4\r\n250 HELP\r\n"
	NOBODY_OK NOBODY_OK NOBODY_OK NOBODY_OK BYE, NULL, NULL, small },
{ "as big as a number can say", 0, "", EHLO TWO
	"BDAT 18446744073709551615\r\nQUIT\r\n", START TWO_OK TOO_BIG, NULL,
	"" },
{ "far too big and out of place", 0, "", EHLO
	"BDAT 18446744073709551615\r\nQUIT\r\n", START TOO_BIG, NULL, NULL },
{ "empty chunks", 0, "", EHLO TWO "BDAT 0\r\nBDAT 4\r\nA: 1BDAT 0\r\n"
	"BDAT 0\r\nBDAT 0 LAST\r\n" QUIT,
	START TWO_OK OCTETS(0) OCTETS(4) "551 5.7.1 too many empty chunks\r\n"
	FAILED FAILED BYE, NULL, "" },
{ "empty chunks of two messages", 0, "", EHLO TWO
	"BDAT 0\r\nBDAT 6 LAST\r\nA: 1\r\n" TWO
	"BDAT 0\r\nBDAT 6 LAST\r\nA: 2\r\n" QUIT,
	START TWO_OK OCTETS(0) TAKEN TWO_OK OCTETS(0) TAKEN BYE, NULL,
	"[A: 1\r\n][A: 2\r\n]" },
{ "small chunks", 0, "", EHLO TWO "BDAT 1\r\nABDAT 1\r\n:BDAT 1\r\n BDAT 1\r\n1",
	START TWO_OK OCTETS(1) OCTETS(1) "421 4.7.0 too many commands\r\n",
	NULL, "", few_commands },
};

static unsigned
dice(unsigned sides)
{
	static unsigned seed = 1;

	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % sides;
}

/* The octets of a message, in chunks of any size. */
static void
put_chunks(const struct buf *content, struct buf *out)
{
	size_t at = 0, left = content->len, n;

	do {
		n = dice(4) == 0 ? left : dice((unsigned)left + 1);
		if (n == 0 && left > 0)
			n = 1;
		buf_printf(out, "BDAT %zu%s\r\n", n, n == left ? " LAST" : "");
		buf_append(out, content->p + at, n);
		at += n;
		left -= n;
	} while (left > 0);
}

/* However it was cut, in chunks or on the way, it is the same message; and
 * what a client may say before and behind it is still understood. */
static void
test_random(void)
{
	static const char *const bits[] = { "\r\n", "\r\n", ".", "..", "x",
	    "QUIT\r\n", "BDAT 1\r\n", "RSET\r\n", "\r\n.\r\n", " y: " };
	struct buf content, said, want;
	unsigned round, i;

	buf_init(&content);
	buf_init(&said);
	buf_init(&want);
	for (round = 0; round < 2000; round++) {
		size_t piece = 1 + dice(60), at;

		buf_empty(&content);
		buf_empty(&said);
		buf_empty(&want);
		buf_puts(&content, "A: 1\r\n\r\n");
		for (i = dice(12); i > 0; i--)
			buf_puts(&content, bits[dice(10)]);
		buf_puts(&said, TWO);
		put_chunks(&content, &said);
		buf_puts(&said, QUIT);
		buf_printf(&want, "[%s%s]", fake_text(&content),
		    content.p[content.len - 1] == '\n' ? "" : "\r\n");
		fake_begin();
		fake.words = "";
		fake.late = round & 1;
		fake.conf.limits.commands = 0;
		fake_open();
		fake_say(EHLO, 1000);
		for (at = 0; at < said.len; at += piece)
			fake_send(said.p + at, said.len - at < piece ?
			    said.len - at : piece);
		test_str("the same message", fake_text(&fake.delivered),
		    fake_text(&want));
		test_ok("and QUIT is QUIT", strstr(fake_text(&fake.got),
		    TAKEN BYE) != NULL);
		fake_end();
	}
	buf_clear(&content);
	buf_clear(&said);
	buf_clear(&want);
}

int
main(void)
{
	run_all(scripts, sizeof scripts / sizeof scripts[0]);
	test_random();
	return test_done();
}
