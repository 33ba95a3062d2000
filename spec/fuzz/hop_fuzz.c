#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <ev.h>
#include <openssl/evp.h>

#include "addr.h"
#include "linger.h"
#include "log.h"
#include "mem.h"
#include "message.h"
#include "nexthop.h"
#include "relay.h"
#include "txn.h"

#include "fuzz.h"

/*
 * A whole next hop: the input is what it says.  Its first octet chooses how it
 * is configured; 0xfe ends a piece, which is sent in one go, 0xff ends the
 * connection as well.  Two messages of two clients are handed on.
 *
 * Whatever it says: each step has one answer; a 250 to a message only once its
 * end has been sent; no password and no MAIL in the clear where TLS must be; no
 * mail under the other client's name.
 */
enum { CONNS = 64, TURNS = 3000 };

static const char secret[] = "secretword";

static struct ev_loop *loop;
static struct sockaddr_un un = { .sun_family = AF_UNIX };
static int listener = -1;

static struct hop {
	const uint8_t *p;
	size_t left;
	int fd[CONNS];
	struct buf said[CONNS];	/* to us, by the relay */
	size_t count;
	bool drained;
} hop;

static struct nexthop conf;
static bool told;
static struct reply last;

static const char *
find_secret(void *arg, const char *ref, size_t *len)
{
	*len = sizeof secret - 1;
	return secret;
}

static void
on_result(void *arg, const struct relay_result *r)
{
	assert(!told);
	told = true;
	last = r->reply;
}

static void
hang_up(size_t i)
{
	if (hop.fd[i] >= 0)
		close(hop.fd[i]);
	hop.fd[i] = -1;
}

static void
hear(size_t i)
{
	char p[65536];
	ssize_t n = 0;

	while (hop.fd[i] >= 0 &&
	    (n = recv(hop.fd[i], p, sizeof p, MSG_DONTWAIT)) > 0)
		buf_append(&hop.said[i], p, (size_t)n);
	if (n == 0)
		hang_up(i);
}

/* The next piece, to the connection that was made last. */
static void
say(void)
{
	size_t n = 0, i = hop.count - 1;
	bool end;

	if (!hop.count || hop.fd[i] < 0)
		return;
	while (n < hop.left && hop.p[n] < 0xfe)
		n++;
	end = n == hop.left || hop.p[n] == 0xff;
	if (n)
		(void)!send(hop.fd[i], hop.p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	n += n < hop.left;
	hop.p += n;
	hop.left -= n;
	if (end)
		hang_up(i);
}

static void
turn(void)
{
	size_t i;
	int fd;

	if (hop.count < CONNS &&
	    (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		buf_init(&hop.said[hop.count]);
		hop.fd[hop.count++] = fd;
	}
	for (i = 0; i < hop.count; i++)
		hear(i);
	say();
	ev_run(loop, EVRUN_NOWAIT);
}

static void
wait_told(void)
{
	int turns = 0;

	while (!told) {
		turn();
		assert(++turns < TURNS);
	}
	told = false;
}

static bool
was_sent(const char *what)
{
	size_t i;

	for (i = 0; i < hop.count; i++) {
		hear(i);
		if (hop.said[i].len && memmem(hop.said[i].p, hop.said[i].len,
		    what, strlen(what)))
			return true;
	}
	return false;
}

static void
hand_on(struct relays *relays, const struct relay_session *s, const char *from,
    bool check)
{
	static const struct relay_timeouts timeouts = { 60, 60, 60 };
	static const struct message_conf mc = { "/tmp", 4096, 4096 };
	const struct route route = { "hop", &conf, 1 };
	struct txn_rcpt *r;
	struct path path;
	struct txn t;
	char end[64];

	txn_init(&t);
	snprintf(t.id, sizeof t.id, "%s", s->id);
	path_parse_address(from, strlen(from), false, &t.sender.path);
	t.message = message_new(&mc);
	snprintf(end, sizeof end, "\r\nend of %s\r\n", from);
	message_append(t.message, end, strlen(end));
	message_end(t.message);
	t.handoff = relay_new(relays, &route, &timeouts, s, on_result, NULL);
	path_parse_address("c@d", 3, false, &path);
	r = txn_add_rcpt(&t, &path);
	last.code = 250;
	if (check) {
		relay_rcpt(t.handoff, &t, r);
		wait_told();
	}
	if (last.code < 300) {
		r->state = TXN_RCPT_ACCEPTED;
		relay_deliver(t.handoff, &t, t.message);
		wait_told();
		snprintf(end, sizeof end, "\r\nend of %s\r\n.\r\n", from);
		assert(last.code >= 300 || was_sent(end));
	}
	assert(last.code >= 200 && last.code <= 599);
	txn_clear(&t);
}

/* Of each connection: MAIL of a client comes with no other client's XCLIENT
 * before it, nor with another's XFORWARD since the last MAIL. */
static void
check_names(const struct buf *said)
{
	const char *p = said->p, *eol, *stop = p ? p + said->len : p;
	char x = 0, f = 0;

	for (; p < stop && (eol = memchr(p, '\n', (size_t)(stop - p)));
	    p = eol + 1) {
		const char *addr = memmem(p, (size_t)(eol - p), "192.0.2.", 8);

		if (strncmp(p, "XCLIENT", 7) == 0 && addr)
			x = addr[8];
		if (strncmp(p, "XFORWARD", 8) == 0 && addr)
			f = addr[8];
		if (strncmp(p, "MAIL FROM:<", 11) != 0)
			continue;
		assert(!x || x == p[11] - 'a' + '1');
		assert(!f || f == p[11] - 'a' + '1');
		f = 0;
	}
}

static void
check_said(void)
{
	static const unsigned char plain[] = "\0us\0secretword";
	char base64[64];
	size_t i;

	EVP_EncodeBlock((unsigned char *)base64, plain, sizeof plain - 1);
	for (i = 0; i < hop.count; i++)
		check_names(&hop.said[i]);
	if (conf.tls != NEXTHOP_TLS_OFF) {
		assert(!was_sent(base64));
		assert(!was_sent("c2VjcmV0d29yZA"));
	}
	if (conf.tls == NEXTHOP_TLS_REQUIRED)
		assert(!was_sent("MAIL"));
}

static void
begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	loop = ev_loop_new(EVBACKEND_EPOLL);
	log_set(LOG_LOGFMT, LOG_ERROR);
	snprintf(un.sun_path, sizeof un.sun_path, "/tmp/lunette-hop-%d",
	    (int)getpid());
	unlink(un.sun_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert(bind(listener, (struct sockaddr *)&un, sizeof un) == 0);
	assert(listen(listener, 128) == 0);
}

static void
configure(unsigned how)
{
	static const enum nexthop_identity identities[] = {
		NEXTHOP_IDENTITY_NONE, NEXTHOP_IDENTITY_BEST,
		NEXTHOP_IDENTITY_XFORWARD, NEXTHOP_IDENTITY_PROXY,
	};

	conf = (struct nexthop){
		.kind = how & 1 ? NEXTHOP_LMTP : NEXTHOP_SMTP,
		.url = "fuzz", .path = un.sun_path,
		.tls = (enum nexthop_tls)(how >> 1 & 3) % NEXTHOP_TLS_VERIFY,
		.identity = identities[how >> 3 & 3],
		.user = how & 32 ? "us" : NULL, .password = "secret:1",
		.pool_size = 3, .pool_uses = 10, .pool_idle = 60,
		.pool_wait = 60,
	};
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addr a, b, server;
	const struct relay_session one = {
		.id = "s1", .client = &a, .server = &server, .name = "one.test",
		.helo = "one.test", .esmtp = true, .hostname = "us",
	}, two = {
		.id = "s2", .client = &b, .server = &server,
		.helo = "two.test", .login = "x", .hostname = "us",
	};
	struct relays_conf rc = { .hostname = "us", .secret = find_secret };
	struct relays *relays;
	size_t i;

	if (!loop)
		begin();
	if (size == 0)
		return 0;
	configure(data[0]);
	hop.p = data + 1;
	hop.left = size - 1;
	hop.count = 0;
	told = false;
	addr_parse("192.0.2.1", 25, &a);
	addr_parse("192.0.2.2", 25, &b);
	addr_parse("192.0.2.9", 25, &server);
	rc.loop = loop;
	relays = relays_new(&rc);
	hand_on(relays, &one, "a@d", data[0] & 64);
	hand_on(relays, &two, "b@d", data[0] & 64);
	relays_drain(relays);
	relays_free(relays);
	check_said();
	linger_end();
	for (i = 0; i < hop.count; i++) {
		hang_up(i);
		buf_clear(&hop.said[i]);
	}
	while ((i = (size_t)accept(listener, NULL, NULL)) != (size_t)-1)
		close((int)i);
	return 0;
}
