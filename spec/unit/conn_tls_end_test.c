/* conn over TLS: how it ends, and peers that are no good. */
#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "addr.h"
#include "linger.h"

#include "side.h"

/* A server, and the plain descriptor of its peer. */
static int
open_raw(struct side *a)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		exit(1);
	side_open(a, fd[0]);
	conn_secure_server(a->conn, server);
	return fd[1];
}

static void
test_bad_peers(void)
{
	static const struct {
		const char *words;
		int alert;		/* octets; OpenSSL sends none to HTTP */
	} cases[] = {
		{ "EHLO example.org\r\n", 0 },
		{ "GET / HTTP/1.0\r\n\r\n", 0 },
		{ "\x16\3\1\xff\xff\xff\xff", 7 },
	};
	struct side a;
	char got[64];
	int fd;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fd = open_raw(&a);
		if (write(fd, cases[i].words, strlen(cases[i].words)) < 0)
			exit(1);
		conn_puts(a.conn, "220 secret");
		expect(&a, "garbage", "X");
		test_int("errno", conn_errno(a.conn), EPROTO);
		test_ok("says why", strncmp(conn_strerror(a.conn), "TLS: ",
		    5) == 0);
		conn_close(a.conn);
		a.conn = NULL;
		test_int("an alert", read(fd, got, sizeof got),
		    cases[i].alert);
		test_int("and no more", read(fd, got, sizeof got), 0);
		close(fd);
		while (linger_count())
			ev_run(loop, EVRUN_ONCE);
		side_close(&a);
	}
	fd = open_raw(&a);
	shutdown(fd, SHUT_WR);
	expect(&a, "EOF", "X");
	test_str("EOF", conn_strerror(a.conn),
	    "TLS: the connection ended in the handshake");
	conn_free(a.conn);
	a.conn = NULL;
	close(fd);
	side_close(&a);
}

static void
test_timeout(void)
{
	struct side a;
	int fd = open_raw(&a);
	char got[8];

	conn_puts(a.conn, "220 secret");
	conn_deadline(a.conn, 0.01);
	expect(&a, "stalls", "T");
	conn_close(a.conn);
	a.conn = NULL;
	test_int("nothing in the clear", read(fd, got, sizeof got), 0);
	close(fd);
	linger_end();
	side_close(&a);
}

static int
listen_loopback(struct addr *to)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&sin, sizeof sin) < 0 ||
	    listen(fd, 4) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) < 0)
		exit(1);
	addr_set((struct sockaddr *)&sin, len, to);
	return fd;
}

/* A client's conn that is secured before it is connected; then the peer
 * resets. */
static void
test_reset(void)
{
	const struct linger hard = { 1, 0 };
	struct side b = { 0 };
	struct addr to;
	int lfd = listen_loopback(&to), fd;
	char c;

	b.conn = conn_connect(loop, &to, NULL, on_event, &b);
	conn_secure_client(b.conn, client);
	expect(&b, "connected", "C");
	fd = accept(lfd, NULL, NULL);
	turn(2);
	test_int("hello", read(fd, &c, 1), 1);
	test_int("is TLS", c, 0x16);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(fd);
	expect(&b, "reset", "CX");
	test_int("errno", conn_errno(b.conn), ECONNRESET);
	conn_free(b.conn);
	close(lfd);
}

static void
act_free(struct side *s)
{
	conn_free(s->conn);
	s->conn = NULL;
}

/* The owner frees it in each of its events. */
static void
test_free_inside(void)
{
	static const enum conn_event events[] = {
		CONN_SECURED, CONN_DATA, CONN_EOF, CONN_ERROR,
	};
	struct side a, b;
	int fd[2];

	for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
			exit(1);
		side_open(&a, fd[0]);
		side_open(&b, fd[1]);
		a.act = act_free;
		a.act_on = events[i];
		conn_secure_server(a.conn, server);
		if (events[i] == CONN_ERROR) {
			conn_puts(b.conn, "garbage");
		} else {
			conn_secure_client(b.conn, client);
			conn_puts(b.conn, "hello");
			expect(&b, "secured", "S");
			conn_close(b.conn);
			b.conn = NULL;
		}
		while (a.conn)
			ev_run(loop, EVRUN_ONCE);
		test_ok("freed", 1);
		linger_end();
		close_both(&a, &b);
	}
}

/* What is unsent when it is closed goes by TLS, and close_notify behind it. */
static void
test_close(void)
{
	static char block[1024 * 1024];
	struct side a, b;

	open_both(&a, &b);
	conn_pause(b.conn);
	conn_send(a.conn, block, sizeof block);
	conn_close(a.conn);
	a.conn = NULL;
	turn(3);
	test_int("lingers", linger_count(), 1);
	conn_resume(b.conn);
	expect(&b, "whole", "SDE");
	test_int("all of it", (long long)b.got.len, sizeof block);
	close_both(&a, &b);
	linger_end();
}

/* Handles that are gone serve those that use them. */
static void
test_conf_goes(void)
{
	struct side a, b;

	open_both(&a, &b);
	tls_server_free(server);
	tls_client_free(client);
	server = NULL;
	client = NULL;
	conn_puts(a.conn, "hello");
	expect_got(&b, "still there", "hello");
	close_both(&a, &b);
}

int
main(void)
{
	side_begin();
	test_bad_peers();
	test_timeout();
	test_reset();
	test_free_inside();
	test_close();
	test_conf_goes();
	return side_end();
}
