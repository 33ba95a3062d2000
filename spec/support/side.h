#ifndef SIDE_H
#define SIDE_H

#include <signal.h>
#include <sys/socket.h>

#include <ev.h>

#include "buf.h"
#include "conn.h"
#include "tls.h"

#include "cert.h"
#include "test.h"

/* side: both ends of a stream in one loop, for what is to be seen of TLS. */
static struct ev_loop *loop;
static ev_timer guard;
static struct tls_server *server;
static struct tls_client *client;
static struct cert side_ca, side_leaf;

/* One end: what it saw, one letter for each event, D only once in a row. */
struct side {
	struct conn *conn;
	char events[64];
	size_t count;
	struct buf got;
	size_t take;		/* octets taken for each event; 0: all */
	enum conn_event act_on;
	void (*act)(struct side *);
	struct side *peer;
};

static inline void
on_event(void *arg, enum conn_event event)
{
	struct side *s = arg;
	char letter = "CSDE-TX"[event];

	if (letter != 'D' || s->count == 0 || s->events[s->count - 1] != 'D')
		s->events[s->count++] = letter;
	if (s->count == sizeof s->events - 1)
		exit(1);
	if (event == CONN_DATA) {
		struct buf *in = conn_input(s->conn);
		size_t n = s->take && s->take < in->len ? s->take : in->len;

		buf_append(&s->got, in->p, n);
		buf_consume(in, n);
	}
	if (s->act && event == s->act_on)
		s->act(s);
}

static inline void
on_guard(struct ev_loop *l, ev_timer *w, int revents)
{
	fprintf(stderr, "waited too long\n");
	exit(1);
}

static inline void
side_open(struct side *s, int fd)
{
	memset(s, 0, sizeof *s);
	buf_init(&s->got);
	s->conn = conn_new(loop, fd, on_event, s);
}

static inline void
side_close(struct side *s)
{
	conn_free(s->conn);
	buf_clear(&s->got);
}

static inline void
expect(struct side *s, const char *name, const char *events)
{
	while (s->count < strlen(events))
		ev_run(loop, EVRUN_ONCE);
	test_str(name, s->events, events);
}

static inline void
expect_got(struct side *s, const char *name, const char *text)
{
	while (s->got.len < strlen(text))
		ev_run(loop, EVRUN_ONCE);
	test_mem(name, s->got.p, s->got.len, text, strlen(text));
}

static inline void
turn(unsigned n)
{
	while (n--)
		ev_run(loop, EVRUN_NOWAIT);
}

/* A pair of ends, both secured. */
static inline void
open_both(struct side *a, struct side *b)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		exit(1);
	side_open(a, fd[0]);
	side_open(b, fd[1]);
	a->peer = b;
	b->peer = a;
	conn_secure_server(a->conn, server);
	conn_secure_client(b->conn, client);
	expect(a, "server", "S");
	expect(b, "client", "S");
}

static inline void
close_both(struct side *a, struct side *b)
{
	side_close(a);
	side_close(b);
}

/* One certificate for mx.example.org, a server that has it and a client that
 * trusts it. */
static inline void
side_begin(void)
{
	struct tls_pair pair = { NULL };
	struct tls_server_conf sc = { .context = "a", .pair = &pair,
	    .pairs = 1 };
	struct tls_client_conf cc = { .trust = TLS_TRUST_CA,
	    .name = "mx.example.org" };
	char error[TLS_ERROR_MAX] = "";

	signal(SIGPIPE, SIG_IGN);
	side_ca = cert_make(&(struct cert_ask){ .cn = "CA", .ca = true });
	side_leaf = cert_make(&(struct cert_ask){ .cn = "mx",
	    .names = "DNS:mx.example.org", .issuer = &side_ca });
	pair.cert = side_leaf.cert_pem;
	pair.key = side_leaf.key_pem;
	cc.ca = side_ca.cert_pem;
	loop = ev_default_loop(0);
	ev_timer_init(&guard, on_guard, 20, 0);
	ev_timer_start(loop, &guard);
	ev_unref(loop);
	server = tls_server_new(&sc, error);
	test_str("server", error, "");
	client = tls_client_new(&cc, error);
	test_str("client", error, "");
}

static inline int
side_end(void)
{
	tls_server_free(server);
	tls_client_free(client);
	cert_free(&side_ca);
	cert_free(&side_leaf);
	return test_done();
}

#endif
