/* ehlo, queue_id: what a next hop says of itself, and of a message. */
#include "ehlo.h"
#include "queue_id.h"
#include "reply.h"

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
	{ "hub\nAUTH PIPELINING", 0, 0, 0 },
	{ "hub\nLIMITS RCPTMAX=5 MAILMAX=20", EHLO_LIMITS, 0, 20 },
	{ "hub\nLIMITS MAILMAX=20 x\nSTARTTLS", EHLO_LIMITS | EHLO_STARTTLS,
	    0, 20 },
	{ "hub\nLIMITS MAILMAX=99999999999", EHLO_LIMITS, 0, 0 },
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
	return test_done();
}
