/* identity, envelope: what a next hop is told of the client and the mail. */
#include "addr.h"
#include "buf.h"
#include "ehlo.h"
#include "envelope.h"
#include "identity.h"
#include "mem.h"
#include "message.h"
#include "path.h"
#include "relay.h"
#include "reply.h"
#include "txn.h"

#include "test.h"

enum { ALL = (1 << EHLO_X) - 1 };

static struct addr four, six, local, nowhere;

static const char *
text_of(struct buf *b)
{
	buf_append(b, "", 1);
	b->len--;
	return b->p;
}

static void
test_xclient(void)
{
	struct relay_session s = {
		.client = &four, .server = &six, .name = "mail.one.test",
		.helo = "[IPv6:::1]", .login = "a b+c=d\xc3\xa9", .esmtp = true,
	};
	struct buf b;

	buf_init(&b);
	identity_xclient(&b, &s, ALL);
	test_str("all", text_of(&b), "XCLIENT NAME=mail.one.test "
	    "ADDR=192.0.2.7 PORT=4025 PROTO=ESMTP HELO=[IPv6:::1] "
	    "REVERSE_NAME=mail.one.test LOGIN=a+20b+2Bc+3Dd+C3+A9 "
	    "DESTADDR=IPV6:2001:db8::1 DESTPORT=25\n");
	buf_empty(&b);
	identity_xclient(&b, &s, 1 << EHLO_X_ADDR | 1 << EHLO_X_HELO);
	test_str("two", text_of(&b), "XCLIENT ADDR=192.0.2.7 "
	    "HELO=[IPv6:::1]\n");
	buf_empty(&b);
	identity_xclient(&b, &s, 1 << EHLO_X_IDENT);
	test_str("none that it has", text_of(&b), "");
	s = (struct relay_session){ .client = &nowhere, .server = &nowhere };
	buf_empty(&b);
	identity_xclient(&b, &s, 1 << EHLO_X_ADDR | 1 << EHLO_X_PORT);
	test_str("no address", text_of(&b),
	    "XCLIENT ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE]\n");
	buf_empty(&b);
	s = (struct relay_session){ .client = &local, .server = &local };
	identity_xclient(&b, &s, ALL);
	test_str("nothing is known", text_of(&b), "XCLIENT NAME=[UNAVAILABLE] "
	    "ADDR=[UNAVAILABLE] PORT=[UNAVAILABLE] PROTO=SMTP "
	    "HELO=[UNAVAILABLE] REVERSE_NAME=[UNAVAILABLE] "
	    "LOGIN=[UNAVAILABLE] DESTADDR=[UNAVAILABLE] "
	    "DESTPORT=[UNAVAILABLE]\n");
	buf_clear(&b);
}

/* It is one line of at most 510 octets, whatever the client says of itself; of
 * what does not fit, the login is the last to go. */
static void
test_lines(void)
{
	static char name[400], helo[400], login[400];
	struct relay_session s = {
		.client = &six, .server = &six, .name = name, .helo = helo,
		.login = login,
	};
	bool rev, hello, named;
	struct buf b;
	size_t n;

	for (n = 1; n < sizeof helo; n++) {
		memset(name, 'n', n);
		memset(helo, 'h', n);
		memset(login, '=', n);
		buf_init(&b);
		identity_xclient(&b, &s, ALL);
		text_of(&b);
		test_ok("a line", b.len <= 511 &&
		    strchr(b.p, '\n') == b.p + b.len - 1);
		rev = strstr(b.p, "_NAME=n") != NULL;
		hello = strstr(b.p, "HELO=h") != NULL;
		named = strstr(b.p, " NAME=n") != NULL;
		test_ok("REVERSE_NAME goes first", !rev || hello);
		test_ok("then HELO", !hello || named || n > 255);
		test_ok("then NAME", !named || n > 85 ||
		    strstr(b.p, "LOGIN=+3D"));
		test_ok("not before it must", n > 40 || rev);
		buf_clear(&b);
	}
}

static void
test_xforward(void)
{
	const struct relay_session s = {
		.client = &six, .server = &six, .helo = "one.test",
	};
	struct buf b;

	buf_init(&b);
	identity_xforward(&b, &s, ALL, "s1.1");
	test_str("XFORWARD", text_of(&b), "XFORWARD NAME=[UNAVAILABLE] "
	    "ADDR=IPV6:2001:db8::1 PORT=25 PROTO=SMTP HELO=one.test "
	    "IDENT=s1.1 SOURCE=REMOTE\n");
	buf_clear(&b);
}

static struct message *
new_message(const char *content)
{
	static const struct message_conf conf = { "/tmp", 65536, 65536 };
	struct message *m = message_new(&conf);

	message_append(m, content, strlen(content));
	message_end(m);
	return m;
}

static void
test_parameters(void)
{
	const struct ehlo none = { 0 }, some = { .offers = EHLO_DSN },
	    all = { .offers = ~0u };
	struct envelope_hop hop = { &none, false, false };
	struct txn t;
	struct txn_rcpt *r;
	struct path path;
	struct buf b;

	txn_init(&t);
	path_parse_address("a@one.test", 10, false, &t.sender.path);
	t.sender.eight_bit = t.sender.utf8 = t.sender.require_tls = true;
	t.sender.ret = "HDRS";
	t.sender.envid = "x+20y";
	t.sender.auth = "<>";
	path_parse_address("b@two.test", 10, false, &path);
	r = txn_add_rcpt(&t, &path);
	r->notify = "SUCCESS,DELAY";
	r->orcpt = "rfc822;b@two.test";
	buf_init(&b);
	envelope_mail(&b, &t, 99, &hop);
	test_str("nothing offered", text_of(&b), "MAIL FROM:<a@one.test>");
	hop.ehlo = &some;
	buf_empty(&b);
	envelope_mail(&b, &t, 99, &hop);
	test_str("DSN", text_of(&b),
	    "MAIL FROM:<a@one.test> RET=HDRS ENVID=x+20y");
	hop = (struct envelope_hop){ &all, true, true };
	buf_empty(&b);
	envelope_mail(&b, &t, 99, &hop);
	test_str("all", text_of(&b), "MAIL FROM:<a@one.test> SIZE=99 "
	    "BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+20y AUTH=<> REQUIRETLS");
	buf_empty(&b);
	envelope_rcpt(&b, r, &hop);
	test_str("RCPT", text_of(&b), "RCPT TO:<b@two.test> "
	    "NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b@two.test");
	r->orcpt = "utf-8;\303\251\342\202\254\360\237\230\200+2B@two.test";
	buf_empty(&b);
	envelope_rcpt(&b, r, &hop);
	test_str("ORCPT", text_of(&b), "RCPT TO:<b@two.test> NOTIFY=SUCCESS,"
	    "DELAY ORCPT=utf-8;\303\251\342\202\254\360\237\230\200+2B@two.test");
	hop.ehlo = &some;
	buf_empty(&b);
	envelope_rcpt(&b, r, &hop);
	test_str("ORCPT in ASCII", text_of(&b), "RCPT TO:<b@two.test> NOTIFY="
	    "SUCCESS,DELAY ORCPT=utf-8;\\x{E9}\\x{20AC}\\x{1F600}+2B@two.test");
	hop.authenticated = false;
	hop.ehlo = &none;
	buf_empty(&b);
	envelope_rcpt(&b, r, &hop);
	test_str("RCPT without", text_of(&b), "RCPT TO:<b@two.test>");
	buf_clear(&b);
	txn_clear(&t);
}

/* What a hop that lacks something cannot have. */
static const struct {
	const char *name;
	unsigned offers;
	bool verified, utf8, require_tls, eight_bit;
	const char *rcpt, *content;	/* content NULL: not there yet */
	const char *want;
} lacks[] = {
	{ "nothing needed", 0, 0, 0, 0, 0, "b@two.test", "\r\n\351", "" },
	{ "7-bit, announced as 8-bit", 0, 0, 0, 0, 1, "b@two.test", "\r\nx", "" },
	{ "8-bit", 0, 0, 0, 0, 1, "b@two.test", "\r\n\351", "554 5.6.3" },
	{ "8-bit, offered", EHLO_8BITMIME, 0, 0, 0, 1, "b@two.test",
	    "\r\n\351", "" },
	{ "8-bit, to come", 0, 0, 0, 0, 1, "b@two.test", NULL, "" },
	{ "ASCII all over", 0, 0, 1, 0, 0, "b@two.test", "A: x\r\n\r\n\351", "" },
	{ "header", 0, 0, 1, 0, 0, "b@two.test", "A: \303\251\r\n\r\n",
	    "550 5.6.7" },
	{ "header, not announced", 0, 0, 0, 0, 0, "b@two.test",
	    "A: \303\251\r\n\r\n", "" },
	{ "address", 0, 0, 1, 0, 0, "\303\251@two.test", NULL, "553 5.6.7" },
	{ "address, at the end", 0, 0, 1, 0, 0, "\303\251@two.test", "\r\n",
	    "550 5.6.7" },
	{ "SMTPUTF8 offered", EHLO_SMTPUTF8, 0, 1, 0, 0, "\303\251@two.test",
	    "A: \303\251\r\n\r\n", "" },
	{ "REQUIRETLS", EHLO_REQUIRETLS, 1, 0, 1, 0, "b@two.test", NULL, "" },
	{ "REQUIRETLS, not verified", EHLO_REQUIRETLS, 0, 0, 1, 0,
	    "b@two.test", NULL, "550 5.7.30" },
	{ "REQUIRETLS, not offered", 0, 1, 0, 1, 0, "b@two.test", NULL,
	    "550 5.7.30" },
};

static void
test_fits(void)
{
	size_t i;

	for (i = 0; i < sizeof lacks / sizeof lacks[0]; i++) {
		const struct ehlo e = { .offers = lacks[i].offers };
		struct envelope_hop hop = { &e, lacks[i].verified, false };
		const char *to = lacks[i].rcpt, *content = lacks[i].content;
		struct message *m = content ? new_message(content) : NULL;
		struct reply reply;
		struct txn_rcpt *r;
		struct path path;
		char got[32] = "";
		struct txn t;

		txn_init(&t);
		t.sender.utf8 = lacks[i].utf8;
		t.sender.require_tls = lacks[i].require_tls;
		t.sender.eight_bit = lacks[i].eight_bit;
		test_int(to, path_parse_address(to, strlen(to), true, &path),
		    PATH_OK);
		r = txn_add_rcpt(&t, &path);
		r->state = TXN_RCPT_ACCEPTED;
		if (!envelope_fits(&t, m ? NULL : r, m, &hop, &reply))
			snprintf(got, sizeof got, "%d %s", reply.code,
			    reply.enhanced);
		test_str(lacks[i].name, got, lacks[i].want);
		txn_clear(&t);
		message_free(m);
	}
}

int
main(void)
{
	addr_parse("192.0.2.7:4025", 0, &four);
	addr_parse("[2001:db8::1]:25", 0, &six);
	addr_parse("unix:/run/x", 0, &local);
	addr_parse("0.0.0.0", 0, &nowhere);
	test_xclient();
	test_lines();
	test_xforward();
	test_parameters();
	test_fits();
	return test_done();
}
