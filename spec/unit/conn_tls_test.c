/* conn over TLS: both ends in one loop. */
#include <errno.h>
#include <unistd.h>

#include "linger.h"

#include "side.h"

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

/* Full records of short lines, taken a few at a time: what OpenSSL holds comes
 * although the descriptor has nothing more. */
static void
test_pending(size_t max, size_t take)
{
	enum { LINES = 40000 };
	struct side a, b;
	struct buf sent;

	buf_init(&sent);
	for (int i = 0; i < LINES; i++)
		buf_printf(&sent, "NOOP %d\r\n", i);
	open_both(&a, &b);
	conn_set_input_max(a.conn, max);
	a.take = take;
	conn_send(b.conn, sent.p, sent.len);
	while (a.got.len + conn_input(a.conn)->len < sent.len)
		ev_run(loop, EVRUN_ONCE);
	buf_append(&a.got, conn_input(a.conn)->p, conn_input(a.conn)->len);
	test_mem("all of it", a.got.p, a.got.len, sent.p, sent.len);
	buf_clear(&sent);
	close_both(&a, &b);
}

/* One record, read in part, then a pause: it comes when asked for. */
static void
test_pause(void)
{
	struct side a, b;
	char block[16000];

	memset(block, 'x', sizeof block);
	open_both(&a, &b);
	conn_set_input_max(a.conn, 1000);
	conn_send(b.conn, block, sizeof block);
	expect(&a, "a part", "SD");
	conn_pause(a.conn);
	turn(5);
	test_int("the part", (long long)a.got.len, 1000);
	conn_close(b.conn);
	b.conn = NULL;
	turn(5);
	test_int("no more", (long long)a.got.len, 1000);
	conn_resume(a.conn);
	expect(&a, "then the rest, and the end", "SDE");
	test_int("all of it", (long long)a.got.len, sizeof block);
	linger_end();
	close_both(&a, &b);
}

static void
act_echo(struct side *s)
{
	conn_send(s->conn, s->got.p, s->got.len);
	buf_empty(&s->got);
}

/* Much, both ways at once. */
static void
test_large(void)
{
	enum { BLOCK = 50000, COUNT = 100 };
	static char block[BLOCK];
	struct side a, b;
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = (char)(i * 7 % 251);
	open_both(&a, &b);
	a.act = act_echo;
	a.act_on = CONN_DATA;
	for (int i = 0; i < COUNT; i++)
		conn_send(b.conn, block, sizeof block);
	while (b.got.len < (size_t)BLOCK * COUNT)
		ev_run(loop, EVRUN_ONCE);
	for (size_t i = 0; i < b.got.len; i++)
		wrong += b.got.p[i] != block[i % BLOCK];
	test_int("all of it comes back", (long long)wrong, 0);
	close_both(&a, &b);
}

/* Carries octets between two plain descriptors, one at a time. */
static void
carry(int from, int to)
{
	char c;

	if (recv(from, &c, 1, MSG_DONTWAIT) == 1 && write(to, &c, 1) != 1)
		exit(1);
}

static void
test_pieces(void)
{
	struct side a, b;
	int left[2], right[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, left) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, right) < 0)
		exit(1);
	side_open(&a, left[0]);
	side_open(&b, right[0]);
	conn_secure_server(a.conn, server);
	conn_secure_client(b.conn, client);
	conn_puts(b.conn, "EHLO x\r\n");
	while (a.got.len < 8) {
		carry(left[1], right[1]);
		carry(right[1], left[1]);
		turn(1);
	}
	test_mem("octet by octet", a.got.p, a.got.len, "EHLO x\r\n", 8);
	close(right[1]);
	expect(&b, "FIN without close_notify", "SE");
	conn_puts(b.conn, "after");
	expect(&b, "is no reason to be silent", "SEX");
	test_int("errno", conn_errno(b.conn), EPIPE);
	close_both(&a, &b);
	close(left[1]);
}

int
main(void)
{
	side_begin();
	test_talk();
	test_starttls();
	test_pending(CONN_INPUT_MAX, 0);
	test_pending(20, 9);
	test_pending(2000, 1000);
	test_pending(16384, 16384);
	test_pause();
	test_large();
	test_pieces();
	return side_end();
}
