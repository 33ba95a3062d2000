/* conn over TLS: both ends in one loop, and peers that are no good. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>

#include "buf.h"
#include "conn.h"
#include "linger.h"
#include "tls.h"

#include "cert.h"
#include "test.h"

static struct ev_loop *loop;
static ev_timer guard;
static struct tls_server *server;
static struct tls_client *client;

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

static void
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

static void
on_guard(struct ev_loop *l, ev_timer *w, int revents)
{
	fprintf(stderr, "conn_tls_test: waited too long\n");
	exit(1);
}

static void
side_open(struct side *s, int fd)
{
	memset(s, 0, sizeof *s);
	buf_init(&s->got);
	s->conn = conn_new(loop, fd, on_event, s);
}

static void
side_close(struct side *s)
{
	conn_free(s->conn);
	buf_clear(&s->got);
}

static void
expect(struct side *s, const char *name, const char *events)
{
	while (s->count < strlen(events))
		ev_run(loop, EVRUN_ONCE);
	test_str(name, s->events, events);
}

static void
expect_got(struct side *s, const char *name, const char *text)
{
	while (s->got.len < strlen(text))
		ev_run(loop, EVRUN_ONCE);
	test_mem(name, s->got.p, s->got.len, text, strlen(text));
}

static void
turn(unsigned n)
{
	while (n--)
		ev_run(loop, EVRUN_NOWAIT);
}

/* A pair of ends, both secured. */
static void
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

static void
close_both(struct side *a, struct side *b)
{
	side_close(a);
	side_close(b);
}

static void
test_talk(void)
{
	struct side a, b;

	open_both(&a, &b);
	test_ok("info", conn_tls(a.conn) != NULL);
	test_str("version", conn_tls(a.conn)->version, "TLSv1.3");
	test_str("sni", conn_tls(a.conn)->sni, "mx.example.org");
	conn_puts(a.conn, "220 hello\r\n");
	expect_got(&b, "greeting", "220 hello\r\n");
	conn_puts(b.conn, "EHLO");
	conn_flush(b.conn);
	conn_puts(b.conn, " x\r\n");
	expect_got(&a, "command", "EHLO x\r\n");
	test_int("in", (long long)conn_bytes_in(a.conn), 8);
	test_int("out", (long long)conn_bytes_out(a.conn), 11);
	conn_close(b.conn);
	b.conn = NULL;
	expect(&a, "close_notify is the end", "SDE");
	conn_close(a.conn);
	a.conn = NULL;
	while (linger_count())
		ev_run(loop, EVRUN_ONCE);
	close_both(&a, &b);
}

/* The reply to STARTTLS goes in the clear, what is sent after it does not, and
 * input from before is gone. */
static void
test_starttls(void)
{
	struct side a, b;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		exit(1);
	side_open(&a, fd[0]);
	side_open(&b, fd[1]);
	conn_set_input_max(a.conn, 4);
	a.take = 1;
	conn_puts(b.conn, "STLS");
	expect(&a, "command", "D");
	conn_puts(a.conn, "220 go\r\n");
	conn_secure_server(a.conn, server);
	buf_empty(&a.got);
	test_int("emptied", (long long)conn_input(a.conn)->len, 0);
	test_ok("not yet", conn_tls(a.conn) == NULL);
	conn_puts(a.conn, "250 secret\r\n");
	turn(4);
	test_mem("clear", b.got.p, b.got.len, "220 go\r\n", 8);
	buf_empty(&b.got);
	conn_secure_client(b.conn, client);
	conn_puts(b.conn, "QUIT\r\n");
	a.take = 0;
	expect_got(&b, "after it", "250 secret\r\n");
	test_str("order", b.events, "DSD");
	expect_got(&a, "the client's", "QUIT\r\n");
	close_both(&a, &b);
}

int
main(void)
{
	struct cert ca = cert_make(&(struct cert_ask){ .cn = "CA",
	    .ca = true });
	struct cert leaf = cert_make(&(struct cert_ask){ .cn = "mx",
	    .names = "DNS:mx.example.org", .issuer = &ca });
	struct tls_pair pair = { NULL, leaf.cert_pem, leaf.key_pem };
	struct tls_server_conf sc = { .context = "a", .pair = &pair,
	    .pairs = 1 };
	struct tls_client_conf cc = { .trust = TLS_TRUST_CA,
	    .name = "mx.example.org", .ca = ca.cert_pem };
	char error[TLS_ERROR_MAX] = "";

	signal(SIGPIPE, SIG_IGN);
	loop = ev_default_loop(0);
	ev_timer_init(&guard, on_guard, 3, 0);
	ev_timer_start(loop, &guard);
	ev_unref(loop);
	server = tls_server_new(&sc, error);
	test_str("server", error, "");
	client = tls_client_new(&cc, error);
	test_str("client", error, "");
	test_talk();
	test_starttls();
	tls_server_free(server);
	tls_client_free(client);
	cert_free(&ca);
	cert_free(&leaf);
	return test_done();
}
