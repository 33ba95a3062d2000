/* session: peers that say who the client is: PROXY, XCLIENT, XFORWARD; and
 * what a worker that is nearly full has no patience for. */
#include "session_fake.h"

#include "proxy.h"
#include "test.h"

#include "fake_log.h"

#define BANNER "220 mx.test ESMTP\r\n"
#define TELL "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 10000\r\n" \
	"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n" \
	"250-CHUNKING\r\n250-LIMITS MAILMAX=5 RCPTMAX=4\r\n"
#define START BANNER TELL "250 HELP\r\n"
#define OFFER "250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR " \
	"DESTPORT REVERSE_NAME\r\n" \
	"250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE\r\n"
#define TOLD BANNER TELL OFFER "250 HELP\r\n"
#define V1 "PROXY TCP4 192.0.2.99 192.0.2.1 4000 25\r\n"
#define BAD "501 5.5.4 bad attribute\r\n"
#define OK "250 2.0.0 ok\r\n"

static struct cidr peer;
static const char *full;

static const char *
readdress(struct session *s)
{
	char text[ADDR_TEXT_MAX];

	fake_event("count", addr_text(&s->client, text));
	return full;
}

static void
prepare(const char *words, bool proxy)
{
	begin(words);
	full = NULL;
	fake.env.readdress = readdress;
	fake.conf.proxy = proxy;
	if (proxy)
		fake.conf.proxy_clients = (struct cidr_list){ &peer, 1 };
	else
		fake.conf.xclient_clients = (struct cidr_list){ &peer, 1 };
}

static const char *
client(void)
{
	static char text[ADDR_TEXT_MAX];

	return addr_text(&fake.s->client, text);
}

/* Whole, and in pieces of every size; with EHLO behind it, and without. */
static void
proxied(void)
{
	size_t step;

	for (step = 1; step <= sizeof V1; step++) {
		prepare("", true);
		fake_open();
		fake_say(V1, step);
		test_str("banner", fake_text(&fake.got), BANNER);
		test_str("client", client(), "192.0.2.99:4000");
		test_ok("proxy", addr_port(&fake.s->proxy) == 4025 &&
		    fake.s->proxy_header != NULL && fake.s->io != NULL);
		test_str("asked", fake_text(&fake.events),
		    "count(192.0.2.99:4000) pre_connection connect ");
		fake_say(EHLO "QUIT\r\n", 1000);
		test_ok("talk", said("221 2.0.0 bye"));
		test_ok("log", logged("client=192.0.2.99:4000 listener=test "
		    "server=192.0.2.1:25 proxy=192.0.2.7:4025"));
		fake_end();
	}
}

static void
proxied_early(void)
{
	prepare("", true);
	fake.late = true;
	fake_open();
	fake_send(V1 "EHLO c.test\r\n", strlen(V1) + 13);
	test_str("what is behind it stays", fake_text(&fake.got), START);
	fake_end();

	prepare("pre_connection=no", true);
	fake_open();
	fake_send(V1, strlen(V1));
	test_str("refused", fake_text(&fake.got),
	    "554 5.7.1 refused by policy\r\n");
	fake_end();

	prepare("", true);
	full = "421 4.7.0 too many\r\n";
	fake_open();
	fake_send(V1, strlen(V1));
	test_str("no room", fake_text(&fake.got), "421 4.7.0 too many\r\n");
	test_str("nobody asked", fake_text(&fake.events),
	    "count(192.0.2.99:4000) ");
	test_ok("log", logged("reason=refused"));
	fake_end();
}

static const struct {
	const char *name, *say;
	size_t len;
} junk[] = {
	{ "a client that greets", "EHLO c.test\r\n", 13 },
	{ "a port that is none", "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
	    40 },
	{ "no end", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2                       "
	    "                                                          ", 110 },
	{ "a NUL", "PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n", 37 },
	{ "version 1 of 2", "\r\n\r\n\0\r\nQUIT\n\x11\x11\0\0", 16 },
};

static void
no_proxy(void)
{
	size_t i;

	for (i = 0; i < sizeof junk / sizeof junk[0]; i++) {
		prepare("", true);
		fake_open();
		fake_send(junk[i].say, junk[i].len);
		test_ok(junk[i].name, fake.s == NULL && fake.got.len == 0 &&
		    fake.events.len == 0);
		test_ok("log", logged("event=verdict") &&
		    logged("event=end") && logged("reason=refused"));
		fake_end();
	}
	prepare("", true);
	fake.conf.proxy_clients.count = 0;
	fake_open();
	fake_send(V1, strlen(V1));
	test_ok("not listed", fake.s == NULL && fake.got.len == 0 &&
	    logged("reason=refused"));
	fake_end();

	prepare("", true);
	fake_open();
	fake_send(V1, 20);
	fake_hang_up();
	test_ok("left in the middle", fake.s == NULL &&
	    logged("reason=lost"));
	fake_end();

	prepare("", true);
	fake_open();
	fake_send(V1, 20);
	session_drain(fake.s);
	fake_run();
	test_ok("drained", fake.s == NULL && fake.got.len == 0 &&
	    logged("reason=drain"));
	fake_end();

	prepare("", true);
	fake_open();
	fake_send(V1, 20);
	fake_end();

	prepare("", false);
	talk(V1 "EHLO c.test\r\n");
	test_str("where none is wanted", fake_text(&fake.got), BANNER);
	fake_end();
}

static void
local(void)
{
	static const char v2[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

	prepare("", true);
	fake_open();
	fake_send(v2, sizeof v2 - 1);
	test_str("banner", fake_text(&fake.got), BANNER);
	test_str("the proxy itself", client(), "192.0.2.7:4025");
	test_ok("through nobody", addr_family(&fake.s->proxy) == 0);
	test_str("counted", fake_text(&fake.events),
	    "count(192.0.2.7:4025) pre_connection connect ");
	fake_end();
}

static const struct {
	const char *name, *say, *want, *client;
} claims[] = {
	{ "name and address", "XCLIENT NAME=mail.x.test ADDR=198.51.100.1\r\n",
	    BANNER, "198.51.100.1:0 mail.x.test -" },
	{ "port", "xclient addr=198.51.100.1 port=77\r\n", BANNER,
	    "198.51.100.1:77 - -" },
	{ "port alone", "XCLIENT PORT=77\r\n", BANNER, "192.0.2.7:77 - -" },
	{ "IPv6", "XCLIENT ADDR=IPv6:2001:db8::1\r\n", BANNER,
	    "[2001:db8::1]:0 - -" },
	{ "IPv4 in IPv6", "XCLIENT ADDR=IPV6:::ffff:198.51.100.1\r\n", BANNER,
	    "198.51.100.1:0 - -" },
	{ "unknown", "XCLIENT NAME=[UNAVAILABLE] ADDR=[TEMPUNAVAIL]\r\n",
	    BANNER, "0.0.0.0:0 - -" },
	{ "login", "XCLIENT LOGIN=user+40x.test\r\n", BANNER,
	    "192.0.2.7:4025 - user@x.test" },
	{ "no login", "XCLIENT LOGIN=[unavailable]\r\n", BANNER,
	    "192.0.2.7:4025 - -" },
	{ "nothing", "XCLIENT\r\n", BAD, NULL },
	{ "no such attribute", "XCLIENT WHO=me\r\n", BAD, NULL },
	{ "of the other one", "XCLIENT SOURCE=LOCAL\r\n", BAD, NULL },
	{ "no value", "XCLIENT NAME\r\n", BAD, NULL },
	{ "an empty one", "XCLIENT NAME=\r\n", BAD, NULL },
	{ "bad xtext", "XCLIENT NAME=a+4\r\n", BAD, NULL },
	{ "lower-case xtext", "XCLIENT NAME=a+2e\r\n", BAD, NULL },
	{ "NUL", "XCLIENT NAME=a+00b\r\n", BAD, NULL },
	{ "a line end", "XCLIENT LOGIN=a+0D+0Ab\r\n", BAD, NULL },
	{ "a space in HELO", "XCLIENT HELO=a+20b\r\n", BAD, NULL },
	{ "no address", "XCLIENT ADDR=here\r\n", BAD, NULL },
	{ "with a port", "XCLIENT ADDR=198.51.100.1:25\r\n", BAD, NULL },
	{ "IPv6 as IPv4", "XCLIENT ADDR=2001:db8::1\r\n", BAD, NULL },
	{ "IPv4 as IPv6", "XCLIENT ADDR=IPV6:198.51.100.1\r\n", BAD, NULL },
	{ "a port that is none", "XCLIENT PORT=65536\r\n", BAD, NULL },
	{ "nor this", "XCLIENT PORT=0\r\n", BAD, NULL },
	{ "no protocol", "XCLIENT PROTO=HTTP\r\n", BAD, NULL },
	{ "good, then bad", "XCLIENT ADDR=198.51.100.1 PORT=x\r\n", BAD, NULL },
	{ "8-bit", "XCLIENT NAME=\xc3\xa9.test\r\n",
	    "500 5.5.2 syntax error\r\n", NULL },
};

static void
check_client(const char *name, const char *want)
{
	const struct session *s = fake.s;
	char got[400];

	snprintf(got, sizeof got, "%s %s %s", client(),
	    s->client_name ? s->client_name : "-",
	    s->auth_user ? s->auth_user : "-");
	test_str(name, got, want);
}

static void
claimed(void)
{
	size_t i;

	for (i = 0; i < sizeof claims / sizeof claims[0]; i++) {
		prepare("", false);
		talk(EHLO);
		test_str("offered", fake_text(&fake.got), TOLD);
		buf_empty(&fake.got);
		fake_say(claims[i].say, 1000);
		test_str(claims[i].name, fake_text(&fake.got),
		    claims[i].want);
		check_client(claims[i].name, claims[i].client != NULL ?
		    claims[i].client : "192.0.2.7:4025 - -");
		test_ok("the peer is kept", claims[i].client == NULL ||
		    addr_port(&fake.s->proxy) == 4025);
		fake_end();
	}
}

/* 256 octets are one too many. */
static void
claimed_at_length(void)
{
	char line[400] = "XCLIENT LOGIN=";

	prepare("", false);
	talk(EHLO);
	buf_empty(&fake.got);
	memset(line + 14, 'a', 256);
	memcpy(line + 14 + 256, "\r\n", 3);
	fake_say(line, 1000);
	memcpy(line + 14 + 255, "\r\n", 3);
	fake_say(line, 1000);
	test_str("too long", fake_text(&fake.got), BAD BANNER);
	fake_end();
}

static void
begins_anew(void)
{
	prepare("connect=no.later", false);
	talk(EHLO "XCLIENT ADDR=198.51.100.1\r\n|MAIL FROM:<s@a.test>\r\n");
	test_str("the greeting is gone", fake_text(&fake.got), TOLD BANNER
	    "503 5.5.1 say HELO or EHLO first\r\n");
	test_str("asked once more", fake_text(&fake.events),
	    "pre_connection connect helo(c.test) count(198.51.100.1:0) "
	    "pre_connection connect ");
	test_ok("logged", logged("client=198.51.100.1:0 listener=test "
	    "server=192.0.2.1:25 proxy=192.0.2.7:4025"));
	fake_end();

	prepare("", false);
	talk(EHLO "XCLIENT ADDR=198.51.100.1 HELO=x.test PROTO=ESMTP\r\n|"
	    "XCLIENT ADDR=198.51.100.2 HELO=no.test\r\n|"
	    "MAIL FROM:<s@a.test>\r\n");
	test_str("a name comes with it", fake_text(&fake.got),
	    TOLD BANNER BANNER "503 5.5.1 say HELO or EHLO first\r\n");
	test_ok("and is asked about", happened("connect helo(x.test) ") &&
	    happened("connect helo(no.test) "));
	fake_say("XCLIENT HELO=x.test PROTO=ESMTP\r\n|MAIL FROM:<s@a.test>"
	    "\r\n|RCPT TO:<r@b.test>\r\n|", 1000);
	test_ok("no EHLO is needed", fake.s->esmtp && fake.s->txn.open &&
	    strcmp(fake.s->helo, "x.test") == 0);
	fake_say("XCLIENT ADDR=198.51.100.1\r\n|XFORWARD NAME=x\r\n|", 1000);
	test_ok("not in a transaction", said("250 2.1.5 ok\r\n"
	    "503 5.5.1 not in a transaction\r\n"
	    "503 5.5.1 not in a transaction\r\n") && fake.s->txn.open);
	fake_end();

	prepare("", false);
	talk(EHLO "XCLIENT ADDR=198.51.100.1\r\nEHLO c.test\r\n");
	test_str("not before its answer", fake_text(&fake.got),
	    TOLD "554 5.5.0 synchronisation violation\r\n");
	fake_end();

	prepare("", false);
	talk(EHLO);
	full = "421 4.7.0 too many\r\n";
	fake_say("XCLIENT ADDR=198.51.100.1\r\n|", 1000);
	test_str("no room", fake_text(&fake.got),
	    TOLD "421 4.7.0 too many\r\n");
	test_ok("closed", fake.s == NULL && happened("disconnect"));
	fake_end();
}

/* What is kept of each is kept until the end. */
static void
not_for_ever(void)
{
	int i;

	prepare("", false);
	talk(EHLO);
	for (i = 0; i < 1000 && fake.s != NULL; i++)
		fake_say("XCLIENT ADDR=198.51.100.1 NAME=x.test\r\n|", 1000);
	test_ok("a thousand", fake.s != NULL && !said("421"));
	fake_say("XCLIENT ADDR=198.51.100.1 NAME=x.test\r\n|", 1000);
	test_ok("and no more", fake.s == NULL &&
	    said("421 4.3.2 too many clients for one connection\r\n"));
	fake_end();
}

/* Errors of the one are not those of the other. */
static void
errors_are_its_own(void)
{
	prepare("", false);
	talk(EHLO "XX\r\nXX\r\nXX\r\n|XCLIENT ADDR=198.51.100.1\r\n|");
	test_int("forgiven", fake.s->errors, 0);
	fake_end();

	prepare("", false);
	talk(EHLO);
	fake.s->limits.errors = 77;
	fake_say("XCLIENT ADDR=198.51.100.1\r\n|", 1000);
	test_int("nor are the limits that hooks gave it",
	    fake.s->limits.errors, fake.conf.limits.errors);
	fake_end();
}

static void
not_for_all(void)
{
	prepare("", false);
	fake.conf.xclient_clients.count = 0;
	talk(EHLO "XCLIENT ADDR=198.51.100.1\r\n|XFORWARD NAME=x\r\n");
	test_str("refused", fake_text(&fake.got), START
	    "550 5.7.0 not from this client\r\n"
	    "550 5.7.0 not from this client\r\n");
	check_client("and nothing changed", "192.0.2.7:4025 - -");
	fake_end();
}

static void
forwarded(void)
{
	prepare("", false);
	talk(EHLO "XFORWARD NAME=x.test ADDR=198.51.100.1\r\n"
	    "XFORWARD HELO=a+20b SOURCE=WEB\r\n"
	    "XFORWARD PROTO=ESMTP SOURCE=REMOTE IDENT=[UNAVAILABLE]\r\n"
	    ENVELOPE CONTENT "QUIT\r\n");
	test_ok("answered", said(OFFER) && said(OK BAD OK "250 2.1.0"));
	test_ok("logged", logged("xforward=\"NAME=x.test ADDR=198.51.100.1 "
	    "PROTO=ESMTP SOURCE=REMOTE\""));
	test_ok("for the log alone", logged("event=message") &&
	    logged("event=connect") &&
	    strstr(fake_text(&fake.trace), "192.0.2.7"));
	fake_end();
}

/* A tenth of the time, and no more than half a minute. */
static void
in_a_hurry(void)
{
	prepare("", false);
	fake.env.stress = true;
	fake.conf.timeouts.greeting = fake.conf.timeouts.command = 0.1;
	fake_open();
	fake_run_to_end();
	test_ok("a greeting", said("421 4.4.2") && logged("seconds=0.0"));
	fake_end();
}

int
main(void)
{
	open_log();
	alarm(60);
	cidr_parse("192.0.2.7", &peer);
	proxied();
	proxied_early();
	no_proxy();
	local();
	claimed();
	claimed_at_length();
	begins_anew();
	not_for_ever();
	errors_are_its_own();
	not_for_all();
	forwarded();
	in_a_hurry();
	return test_done();
}
