/* ehlo, queue_id: what a next hop says of itself, and of a message. */
#include "ehlo.h"
#include "queue_id.h"
#include "reply.h"
#include "sasl.h"

#include "test.h"

static const struct {
	const char *text;
	unsigned offers;
	unsigned long long size;
	unsigned mail_max;
} greetings[] = {
	{ "hub", 0, 0, 0 },
	{ "PIPELINING", 0, 0, 0 },
	{ "hub\npipelining\n8BITMIME", EHLO_PIPELINING | EHLO_8BITMIME, 0, 0 },
	{ "hub\nSIZE", EHLO_SIZE, 0, 0 },
	{ "hub\nSIZE 1000\nDSN", EHLO_SIZE | EHLO_DSN, 1000, 0 },
	{ "hub\nSIZE 1x", EHLO_SIZE, 0, 0 },
	{ "hub\nSIZE 99999999999999999999", EHLO_SIZE, 0, 0 },
	{ "hub\nSIZED\nPIPELINING2\n\n", 0, 0, 0 },
	{ "hub\nAUTH PIPELINING", EHLO_AUTH, 0, 0 },
	{ "hub\nREQUIRETLS\nrequiretl", EHLO_REQUIRETLS, 0, 0 },
	{ "hub\nLIMITS RCPTMAX=5 MAILMAX=20", EHLO_LIMITS, 0, 20 },
	{ "hub\nLIMITS MAILMAX=20 x\nSTARTTLS", EHLO_LIMITS | EHLO_STARTTLS,
	    0, 20 },
	{ "hub\nLIMITS MAILMAX=99999999999", EHLO_LIMITS, 0, 0 },
};

/* Words behind a keyword: bits of mechanisms, XCLIENT, XFORWARD. */
static const struct {
	const char *text;
	unsigned auth, xclient, xforward;
} words[] = {
	{ "hub\nAUTH PLAIN login CRAM-MD5", 1 << SASL_PLAIN | 1 << SASL_LOGIN,
	    0, 0 },
	{ "hub\nAUTH=PLAIN\nAUTHPLAIN\nAUTH", 0, 0, 0 },
	{ "hub\nAUTH  PLAINER PLAIN ", 1 << SASL_PLAIN, 0, 0 },
	{ "hub\nAUTH PLAIN\nAUTH EXTERNAL", 1 << SASL_PLAIN |
	    1 << SASL_EXTERNAL, 0, 0 },
	{ "hub\nXCLIENT NAME ADDR x\nXFORWARD SOURCE", 0,
	    1 << EHLO_X_NAME | 1 << EHLO_X_ADDR, 1 << EHLO_X_SOURCE },
	{ "hub\nXCLIENT\nXFORWARD ADDRESS NAM REVERSE_NAME", 0, 0,
	    1 << EHLO_X_REVERSE_NAME },
};

static const struct { const char *text, *want; } replies[] = {
	{ "Ok: queued as 4VabcD0x1z2", "4VabcD0x1z2" },
	{ "OK id=1qXyZa-0001Bc-2d", "1qXyZa-0001Bc-2d" },
	{ "1a2b3c4d Message accepted for delivery", "1a2b3c4d" },
	{ "49ABCDEF012345 Message accepted for delivery", "49ABCDEF012345" },
	{ "<a@b> [InternalId=123456, Hostname=x.y] Queued mail for delivery",
	    "123456" },
	{ "ok 1700000000 qp 12345", "12345" },
	{ "Message Queued (ABC-1.2)", "ABC-1.2" },
	{ "ok: stored as 17.M1P2Q3.host", "17.M1P2Q3.host" },
	{ "queued as a;b", "a" },
	{ "Queued as <evil\r\n>", "" },
	{ "two words Message accepted for delivery", "" },
	{ "ok", "" },
	{ "", "" },
	{ "queued as 0123456789012345678901234567890123456789",
	    "0123456789012345678901234567890" },
};

static void
test_words(void)
{
	struct reply reply;
	struct ehlo e;
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		reply_set(&reply, 250, "", "%s", words[i].text);
		ehlo_parse(&reply, &e);
		test_int(words[i].text, e.auth, words[i].auth);
		test_int(words[i].text, e.xclient, words[i].xclient);
		test_int(words[i].text, e.xforward, words[i].xforward);
	}
	reply_set(&reply, 250, "", "hub\nLIMITS RCPTMAX=5 MAILMAX=20 x");
	ehlo_parse(&reply, &e);
	test_int("RCPTMAX", e.rcpt_max, 5);
}

static void
test_meet(void)
{
	struct ehlo a = { .offers = EHLO_DSN | EHLO_SIZE, .size = 100,
		.rcpt_max = 7, .auth = 3 };
	const struct ehlo b = { .offers = EHLO_SIZE, .size = 50, .auth = 1,
		.mail_max = 9 };
	const struct ehlo c = { .offers = EHLO_SIZE };

	ehlo_meet(&a, &b);
	test_int("offers", a.offers, EHLO_SIZE);
	test_int("size", (long long)a.size, 50);
	test_int("rcpt_max", a.rcpt_max, 7);
	test_int("mail_max", a.mail_max, 9);
	test_int("auth", a.auth, 1);
	ehlo_meet(&a, &c);
	test_int("no size is no limit", (long long)a.size, 50);
	ehlo_modest(&a);
	test_ok("8 bits can be expected", a.offers & EHLO_8BITMIME);
	test_ok("DSN cannot", !(a.offers & EHLO_DSN));
}

int
main(void)
{
	struct reply reply;
	struct ehlo ehlo;
	char id[32];
	size_t i;

	for (i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
		reply_set(&reply, 250, "", "%s", greetings[i].text);
		ehlo_parse(&reply, &ehlo);
		test_int(greetings[i].text, ehlo.offers, greetings[i].offers);
		test_int("size", (long long)ehlo.size,
		    (long long)greetings[i].size);
		test_int("mail_max", ehlo.mail_max, greetings[i].mail_max);
	}
	for (i = 0; i < sizeof replies / sizeof replies[0]; i++) {
		queue_id_parse(replies[i].text, id, sizeof id);
		test_str(replies[i].text, id, replies[i].want);
	}
	test_words();
	test_meet();
	return test_done();
}
