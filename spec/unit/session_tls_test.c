/* session: STARTTLS and TLS from the start, the client in the same loop. */
#include "session_fake.h"

#include "conn.h"
#include "tls.h"

#include "cert.h"
#include "test.h"

#include "fake_log.h"

#define BANNER "220 mx.test ESMTP\r\n"
#define TELL "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 10000\r\n" \
	"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n" \
	"250-CHUNKING\r\n250-LIMITS MAILMAX=5 RCPTMAX=4\r\n"
#define START BANNER TELL "250-STARTTLS\r\n250 HELP\r\n"
#define READY "220 2.0.0 ready for TLS\r\n"
#define SYNC "554 5.5.0 synchronisation violation\r\n"
#define NOT_YET "530 5.7.0 say STARTTLS first\r\n"
#define REFUSED "554 5.7.1 refused by policy\r\n"
#define SAFE TELL "250 HELP\r\n"
#define BYE "221 2.0.0 bye\r\n"
#define HEADER "PROXY TCP4 192.0.2.99 192.0.2.1 4000 465\r\n"

static struct tls_server *server;
static struct tls_client *client;
static unsigned handshakes, readdressed;
static const char *full;

/* The client's end, once it speaks TLS. */
static struct conn *peer;
static bool secured, over;

static void
on_peer(void *arg, enum conn_event event)
{
	struct buf *in = conn_input(peer);

	secured |= event == CONN_SECURED;
	over |= event == CONN_EOF || event == CONN_ERROR;
	buf_append(&fake.got, in->p, in->len);
	buf_consume(in, in->len);
}

static bool
admit(struct session *s, enum session_rate rate)
{
	handshakes += rate == SESSION_RATE_HANDSHAKES;
	return full == NULL;
}

static const char *
readdress(struct session *s)
{
	readdressed++;
	return full;
}

static void
prepare(const char *words, enum session_tls tls)
{
	begin(words);
	handshakes = readdressed = 0;
	full = NULL;
	secured = over = false;
	fake.conf.tls = tls;
	fake.conf.tls_server = server;
	fake.env.rate_admit = admit;
	fake.env.readdress = readdress;
}

/* Let it run until the client has it all. */
static void
settle(void)
{
	int quiet;

	for (quiet = 0; quiet < 20; quiet++)
		ev_run(fake.loop, EVRUN_NOWAIT);
}

static void
shake(void)
{
	peer = conn_new(fake.loop, fake.fd, on_peer, NULL);
	fake.fd = -1;
	conn_secure_client(peer, client);
	while (!secured && !over)
		ev_run(fake.loop, EVRUN_ONCE);
	settle();
}

/* What "|" divides comes in turns. */
static void
speak(const char *script)
{
	while (*script != '\0') {
		size_t len = strcspn(script, "|");

		conn_send(peer, script, len);
		conn_flush(peer);
		settle();
		script += len + (script[len] == '|');
	}
}

static void
finish(void)
{
	conn_free(peer);
	peer = NULL;
	settle();
	fake_end();
}

static void
check_got(const char *name, const char *want)
{
	test_str(name, fake_text(&fake.got), want);
	buf_empty(&fake.got);
}

static const struct {
	const char *name;
	enum session_tls tls;
	const char *say, *want;
} clear[] = {
	{ "not offered", SESSION_TLS_OFF, EHLO "STARTTLS\r\n|STARTTLS x\r\n|",
	    BANNER SAFE "502 5.5.1 not implemented\r\n"
	    "502 5.5.1 not implemented\r\n" },
	{ "an argument", SESSION_TLS_OFFERED, EHLO "STARTTLS now\r\n|",
	    START "501 5.5.4 no argument is allowed\r\n" },
	{ "in a transaction", SESSION_TLS_OFFERED,
	    EHLO "MAIL FROM:<s@a.test>\r\n|STARTTLS\r\n|",
	    START "250 2.1.0 ok\r\n503 5.5.1 not in a transaction\r\n" },
	{ "bytes behind it", SESSION_TLS_OFFERED, EHLO "STARTTLS\r\nNOOP\r\n",
	    START SYNC },
	{ "one byte behind it", SESSION_TLS_OFFERED, EHLO "STARTTLS\r\n\x16",
	    START SYNC },
	{ "in a group", SESSION_TLS_OFFERED, EHLO "NOOP\r\nSTARTTLS\r\nNOOP\r\n",
	    START "250 2.0.0 ok\r\n" SYNC },
	{ "required", SESSION_TLS_REQUIRED, "MAIL FROM:<s@a.test>\r\n|" EHLO
	    "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n|RSET\r\n"
	    "NOOP\r\nVRFY x\r\n|AUTH PLAIN x\r\n|WHAT\r\n|HELP\r\n|QUIT\r\n",
	    BANNER NOT_YET TELL "250-STARTTLS\r\n250 HELP\r\n"
	    NOT_YET NOT_YET NOT_YET NOT_YET "250 2.0.0 ok\r\n" NOT_YET NOT_YET
	    NOT_YET NOT_YET BYE },
	{ "no one greets here", SESSION_TLS_IMPLICIT, "", "" },
	{ "clear text here", SESSION_TLS_IMPLICIT, EHLO "QUIT\r\n", "" },
	{ "HTTP here", SESSION_TLS_IMPLICIT, "GET / HTTP/1.0\r\n\r\n", "" },
};

static void
in_the_clear(void)
{
	size_t i;

	for (i = 0; i < sizeof clear / sizeof clear[0]; i++) {
		prepare("", clear[i].tls);
		fake.conf.limits.errors = 0;
		fake.conf.limits.soft_errors = 0;
		fake.conf.limits.commands = 0;
		fake_open();
		fake_say(clear[i].say, 1000);
		/* An alert of TLS is all that can be said. */
		if (clear[i].tls == SESSION_TLS_IMPLICIT)
			test_ok(clear[i].name, !said("220") && !said("421") &&
			    !said("5"));
		else
			test_str(clear[i].name, fake_text(&fake.got),
			    clear[i].want);
		fake_end();
	}
}

static void
starttls(void)
{
	prepare("", SESSION_TLS_OFFERED);
	fake_open();
	fake_say(EHLO "STARTTLS\r\n|", 1000);
	check_got("said in the clear", START READY);
	shake();
	test_ok("it is known", fake.s->tls != NULL &&
	    strcmp(fake.s->tls->version, "TLSv1.3") == 0);
	test_int("counted", handshakes, 1);
	speak("MAIL FROM:<s@a.test>\r\n|" EHLO "STARTTLS\r\n|"
	    "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n|" CONTENT
	    "QUIT\r\n");
	check_got("under TLS", "503 5.5.1 say HELO or EHLO first\r\n" SAFE
	    "503 5.5.1 TLS is there already\r\n250 2.1.0 ok\r\n"
	    "250 2.1.5 ok\r\n354 end data with <CR><LF>.<CR><LF>\r\n"
	    "250 2.6.0 Hop took it\r\n" BYE);
	test_str("asked", fake_text(&fake.events), "pre_connection connect "
	    "helo(c.test) starttls helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	    "data headers message +relay(hop) deliver(1) -relay relayed(250) "
	    "reset disconnect ");
	test_ok("closing line", logged(" tls=TLSv1.3 ") &&
	    logged(" starttls=1/2 "));
	finish();
}

/* Pipelining was offered in the clear, and must be offered again. */
static void
forgotten(void)
{
	prepare("connect=no.later", SESSION_TLS_OFFERED);
	fake_open();
	fake_say("EHLO no.later\r\n|STARTTLS\r\n|", 1000);
	shake();
	buf_empty(&fake.got);
	test_ok("the name", fake.s->helo == NULL && !fake.s->esmtp);
	speak("NOOP\r\nNOOP\r\n");
	check_got("pipelining", SYNC);
	test_ok("and closed", over);
	finish();

	prepare("connect=no.later", SESSION_TLS_OFFERED);
	fake_open();
	fake_say(EHLO "STARTTLS\r\n|", 1000);
	shake();
	buf_empty(&fake.got);
	speak(EHLO RCPT);
	check_got("who came, stays", SAFE "250 2.1.0 ok\r\n"
	    "550 5.7.1 refused by policy\r\n");
	finish();
}

static void
the_hooks_object(void)
{
	prepare("starttls=no", SESSION_TLS_OFFERED);
	fake_open();
	fake_say(EHLO "STARTTLS\r\n|", 1000);
	shake();
	buf_empty(&fake.got);
	speak(EHLO "MAIL FROM:<s@a.test>\r\n|QUIT\r\n");
	check_got("refused", REFUSED REFUSED BYE);
	finish();

	prepare("starttls=drop", SESSION_TLS_OFFERED);
	fake_open();
	fake_say(EHLO "STARTTLS\r\n|", 1000);
	buf_empty(&fake.got);
	shake();
	check_got("dropped", "");
	test_ok("at once", over && logged("reason=dropped"));
	finish();

	prepare("", SESSION_TLS_OFFERED);
	full = "421 4.7.0 too many\r\n";
	talk(EHLO "STARTTLS\r\n|NOOP\r\n");
	check_got("too many", START "454 4.7.0 too many TLS handshakes\r\n"
	    "250 2.0.0 ok\r\n");
	fake_end();
}

static void
implicit(void)
{
	prepare("", SESSION_TLS_IMPLICIT);
	fake_open();
	fake_run();
	test_str("asked before", fake_text(&fake.events), "pre_connection ");
	shake();
	check_got("greeted", BANNER);
	speak(EHLO "STARTTLS\r\n|QUIT\r\n");
	check_got("spoken", SAFE "503 5.5.1 TLS is there already\r\n" BYE);
	test_str("asked", fake_text(&fake.events),
	    "pre_connection connect helo(c.test) disconnect ");
	finish();

	prepare("pre_connection=no", SESSION_TLS_IMPLICIT);
	fake_open();
	shake();
	check_got("refused before", "");
	test_ok("the log says why", logged("code=554") &&
	    logged("reason=refused"));
	finish();

	prepare("", SESSION_TLS_IMPLICIT);
	full = "421 4.7.0 too many\r\n";
	fake_open();
	shake();
	check_got("too many", "");
	test_ok("closed unheard", over && logged("reason=refused"));
	finish();

	prepare("connect=no", SESSION_TLS_IMPLICIT);
	fake_open();
	shake();
	check_got("refused after", REFUSED);
	finish();
}

/* It does not come to an end by itself. */
static void
no_handshake(void)
{
	prepare("", SESSION_TLS_IMPLICIT);
	talk(EHLO);
	test_ok("clear text", fake.s == NULL &&
	    logged("text=\"TLS handshake: ") && logged("reason=tls"));
	fake_end();

	prepare("", SESSION_TLS_OFFERED);
	talk(EHLO "STARTTLS\r\n|NOOP\r\n");
	test_ok("nor here", fake.s == NULL && logged("reason=tls"));
	test_ok("nothing said", !said("250 2.0.0"));
	fake_end();

	prepare("", SESSION_TLS_IMPLICIT);
	fake.conf.timeouts.tls = 0.02;
	fake_open();
	fake_run_to_end();
	test_ok("in time", logged("text=\"TLS handshake: timed out\"") &&
	    logged("reason=tls"));
	test_int("nothing said", (long long)fake.got.len, 0);
	fake_end();

	prepare("", SESSION_TLS_IMPLICIT);
	talk("\x16\x03\x01");
	fake_hang_up();
	settle();
	test_ok("left", fake.s == NULL && logged("reason=tls"));
	fake_end();
}

static void
interrupted(void)
{
	prepare("", SESSION_TLS_OFFERED);
	talk(EHLO "STARTTLS\r\n|");
	session_kill(fake.s);
	fake_run();
	check_got("killed", START READY);
	test_ok("killed", fake.s == NULL && logged("reason=killed"));
	fake_end();

	prepare("", SESSION_TLS_OFFERED);
	talk(EHLO "STARTTLS\r\n|\x16");
	fake_end();			/* freed where it stands */

	prepare("", SESSION_TLS_OFFERED);
	talk(EHLO "STARTTLS\r\n|");
	session_drain(fake.s);
	shake();
	check_got("drained", START READY "421 4.3.2 shutting down\r\n");
	finish();
}

/* What follows a PROXY header in the same packet is the handshake. */
static void
behind_a_proxy(void)
{
	struct cidr net;

	cidr_parse("192.0.2.7", &net);
	prepare("", SESSION_TLS_IMPLICIT);
	fake.conf.proxy = true;
	fake.conf.proxy_clients = (struct cidr_list){ &net, 1 };
	fake_open();
	if (write(fake.fd, HEADER, strlen(HEADER)) < 0)
		exit(1);
	shake();
	check_got("greeted", BANNER);
	test_int("counted", readdressed, 1);
	test_ok("for whom", logged("client=192.0.2.99:4000 listener=test "
	    "server=192.0.2.1:465 proxy=192.0.2.7:4025"));
	speak("QUIT\r\n");
	finish();

	prepare("", SESSION_TLS_IMPLICIT);
	fake.conf.proxy = true;
	fake.conf.proxy_clients = (struct cidr_list){ &net, 1 };
	full = "421 4.7.0 too many\r\n";
	talk(HEADER);
	fake_run_to_end();
	check_got("too many", "");
	test_ok("closed", fake.s == NULL && logged("reason=refused"));
	fake_end();
}

int
main(void)
{
	struct cert cert = cert_make(&(struct cert_ask){ .cn = "mx.test" });
	const struct tls_pair pair = { NULL, cert.cert_pem, cert.key_pem };
	const struct tls_server_conf sc = {
		.context = "test", .pair = &pair, .pairs = 1,
	};
	const struct tls_client_conf cc = { .trust = TLS_TRUST_ANY };
	char error[TLS_ERROR_MAX];

	open_log();
	alarm(60);
	server = tls_server_new(&sc, error);
	client = tls_client_new(&cc, error);
	in_the_clear();
	starttls();
	forgotten();
	the_hooks_object();
	implicit();
	no_handshake();
	interrupted();
	behind_a_proxy();
	tls_client_free(client);
	tls_server_free(server);
	cert_free(&cert);
	return test_done();
}
