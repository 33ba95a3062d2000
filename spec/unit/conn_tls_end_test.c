/* conn over TLS: how it ends, and peers that are no good. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "addr.h"
#include "linger.h"

#include "loopback.h"
#include "side.h"

/* A server that can write little at a time, and the plain descriptor of its
 * peer. */
static int
open_raw(struct side *a)
{
	int fd[2], least = 1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		exit(1);
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
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
	struct sockaddr_in sin;
	int fd = loopback_listen(&sin);

	addr_set((struct sockaddr *)&sin, sizeof sin, to);
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

/* A client of OpenSSL's that is done with its handshake. */
static SSL *
open_openssl(struct side *a, SSL_CTX *ctx)
{
	int fd = open_raw(a);
	SSL *ssl = SSL_new(ctx);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	SSL_set_fd(ssl, fd);
	while (SSL_connect(ssl) != 1)
		turn(1);
	expect(a, "secured", "S");
	return ssl;
}

/* A peer that asks for new keys all the time and reads no answer: we wait for
 * it, without turning in circles, and go on when it reads. */
static void
test_key_updates(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct side a;
	SSL *ssl = open_openssl(&a, ctx);
	unsigned before;
	char got[8];
	int fd = SSL_get_fd(ssl), i;

	for (i = 0; i < 100; i++) {
		if (SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) != 1 ||
		    SSL_do_handshake(ssl) != 1)
			break;
		turn(1);
	}
	test_int("asked", i, 100);
	before = ev_iteration(loop);
	conn_deadline(a.conn, 0.01);
	expect(&a, "waits", "ST");
	test_ok("and sleeps", ev_iteration(loop) - before < 10);
	test_int("command", SSL_write(ssl, "QUIT", 4), 4);
	turn(5);
	test_int("not read", (long long)a.got.len, 0);
	while (a.got.len < 4) {
		SSL_read(ssl, got, sizeof got);
		turn(1);
	}
	test_mem("goes on", a.got.p, a.got.len, "QUIT", 4);
	conn_puts(a.conn, "221");
	turn(2);
	while (SSL_read(ssl, got, sizeof got) != 3)
		turn(1);
	test_mem("both ways", got, 3, "221", 3);
	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(ctx);
	side_close(&a);
}

/* Another does nothing else. */
static void
test_key_flood(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct side a;
	SSL *ssl = open_openssl(&a, ctx);
	int fd = SSL_get_fd(ssl), i;

	for (i = 0; i < 100000 && a.count < 2; i++) {
		SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
		SSL_do_handshake(ssl);
		turn(1);
	}
	expect(&a, "ends", "SX");
	test_int("errno", conn_errno(a.conn), EPROTO);
	test_str("says why", conn_strerror(a.conn),
	    "TLS: too many handshake messages");
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(ctx);
	side_close(&a);
}

/* Row 83 of doc/hostile-input.md: TLS 1.2 can ask for a new handshake. */
static void
test_renegotiation(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct side a;
	SSL *ssl;
	int fd, result;

	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	ssl = open_openssl(&a, ctx);
	fd = SSL_get_fd(ssl);
	SSL_renegotiate(ssl);
	while ((result = SSL_do_handshake(ssl)) != 1 &&
	    SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ)
		turn(1);
	test_int("refused", result, -1);
	test_int("with an alert", ERR_GET_REASON(ERR_peek_error()),
	    SSL_R_NO_RENEGOTIATION);
	ERR_clear_error();
	test_str("and nothing else", a.events, "S");
	SSL_free(ssl);
	close(fd);
	while (a.count < 2)
		ev_run(loop, EVRUN_ONCE);
	SSL_CTX_free(ctx);
	side_close(&a);
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
	test_key_updates();
	test_key_flood();
	test_renegotiation();
	test_conf_goes();
	return side_end();
}
