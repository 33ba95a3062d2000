/* conn: every event, and what the owner may do inside one. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>

#include "addr.h"
#include "buf.h"
#include "conn.h"
#include "linger.h"

#include "loopback.h"
#include "test.h"

static struct ev_loop *loop;
static ev_timer guard;

/* What an owner saw, one letter for each event. */
struct seen {
	struct conn *conn;
	char events[64];
	size_t count;
	bool in_call;		/* the test is inside a function of conn */
	enum conn_event act_on;
	void (*act)(struct seen *);
};

static const char letters[] = "CSDE-TX";

static void
on_event(void *arg, enum conn_event event)
{
	struct seen *s = arg;

	if (s->in_call)
		test_ok("no event inside a call", 0);
	if (s->count < sizeof s->events - 1)
		s->events[s->count++] = letters[event];
	if (s->act && event == s->act_on)
		s->act(s);
}

static void
on_guard(struct ev_loop *l, ev_timer *w, int revents)
{
	fprintf(stderr, "conn_test: waited too long\n");
	exit(1);
}

/* Turn the loop until the events are those. */
static void
expect(struct seen *s, const char *name, const char *events)
{
	size_t want = strlen(events);

	while (s->count < want)
		ev_run(loop, EVRUN_ONCE);
	test_str(name, s->events, events);
}

static void
turn(unsigned n)
{
	while (n--)
		ev_run(loop, EVRUN_NOWAIT);
}

static int
open_pair(struct seen *s)
{
	int fd[2];

	memset(s, 0, sizeof *s);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		exit(1);
	s->conn = conn_new(loop, fd[0], on_event, s);
	return fd[1];
}

static void
test_data_and_eof(void)
{
	struct seen s;
	int fd = open_pair(&s);
	char got[8] = "";

	if (write(fd, "hello", 5) != 5)
		exit(1);
	expect(&s, "data", "D");
	test_mem("input", conn_input(s.conn)->p, conn_input(s.conn)->len,
	    "hello", 5);
	shutdown(fd, SHUT_WR);
	expect(&s, "eof once", "DE");
	turn(3);
	test_str("and no more than once", s.events, "DE");
	test_ok("conn_eof", conn_eof(s.conn));
	conn_puts(s.conn, "ab");
	conn_puts(s.conn, "cd");
	test_int("unsent", (long long)conn_unsent(s.conn), 4);
	turn(1);
	test_int("sent", (long long)conn_unsent(s.conn), 0);
	test_int("output works after EOF", read(fd, got, 8), 4);
	test_mem("gathered", got, 4, "abcd", 4);
	test_int("in", (long long)conn_bytes_in(s.conn), 5);
	test_int("out", (long long)conn_bytes_out(s.conn), 4);
	conn_free(s.conn);
	close(fd);
}

static void
test_limit_and_pause(void)
{
	struct seen s;
	int fd = open_pair(&s);
	char junk[64] = "";

	conn_set_input_max(s.conn, 16);
	if (write(fd, junk, 40) != 40)
		exit(1);
	expect(&s, "first", "D");
	turn(3);
	test_str("stops at the limit", s.events, "D");
	test_int("limit", (long long)conn_input(s.conn)->len, 16);
	buf_consume(conn_input(s.conn), 16);
	expect(&s, "goes on when consumed outside an event", "DD");
	conn_pause(s.conn);
	buf_empty(conn_input(s.conn));
	turn(3);
	test_str("paused", s.events, "DD");
	conn_resume(s.conn);
	expect(&s, "resumed", "DDD");
	test_int("the rest", (long long)conn_input(s.conn)->len, 8);
	conn_free(s.conn);
	close(fd);
}

static void
test_broken_pipe(void)
{
	struct seen s;
	int fd = open_pair(&s);

	conn_pause(s.conn);
	close(fd);
	s.in_call = true;
	conn_puts(s.conn, "x");
	conn_flush(s.conn);
	s.in_call = false;
	expect(&s, "told later", "X");
	test_int("errno", conn_errno(s.conn), EPIPE);
	conn_puts(s.conn, "y");
	conn_flush(s.conn);
	turn(3);
	test_str("once", s.events, "X");
	conn_free(s.conn);
}

/* The peer answers and breaks the connection while we still send. */
static void
test_last_words(void)
{
	struct seen s;
	int fd = open_pair(&s);

	if (write(fd, "421 no", 6) != 6)
		exit(1);
	close(fd);
	conn_puts(s.conn, "x");
	conn_flush(s.conn);
	expect(&s, "input before the error", "DX");
	test_mem("last words", conn_input(s.conn)->p, conn_input(s.conn)->len,
	    "421 no", 6);
	conn_free(s.conn);
}

static void
act_free(struct seen *s)
{
	conn_free(s->conn);
	s->conn = NULL;
}

static void
act_close(struct seen *s)
{
	conn_puts(s->conn, "bye");
	conn_close(s->conn);
	s->conn = NULL;
}

static void
test_free_inside(void)
{
	struct seen s;
	int fd = open_pair(&s);
	char got[8];

	s.act = act_free;
	s.act_on = CONN_DATA;
	if (write(fd, "x", 1) != 1)
		exit(1);
	expect(&s, "free in data", "D");
	test_int("closed", read(fd, got, 8), 0);
	close(fd);

	fd = open_pair(&s);
	s.act = act_close;
	s.act_on = CONN_TIMEOUT;
	conn_deadline(s.conn, 0.001);
	expect(&s, "close in timeout", "T");
	test_int("bye", read(fd, got, 8), 3);
	test_int("half closed", read(fd, got, 8), 0);
	test_int("lingers", linger_count(), 1);
	close(fd);
	while (linger_count())
		ev_run(loop, EVRUN_ONCE);
}

static void
test_deadline(void)
{
	struct seen s;
	int fd = open_pair(&s);
	double before = ev_time();

	conn_deadline(s.conn, 100);
	conn_deadline(s.conn, 0.002);
	expect(&s, "shortened", "T");
	conn_deadline(s.conn, 0.001);
	conn_deadline(s.conn, 0);
	while (ev_time() < before + 0.01)
		turn(1);
	test_str("switched off", s.events, "T");
	conn_deadline(s.conn, 0.001);
	conn_deadline(s.conn, 0.02);
	before = ev_time();
	expect(&s, "lengthened", "TT");
	test_ok("not too soon", ev_time() - before > 0.015);
	conn_free(s.conn);
	close(fd);
}

static void
act_more(struct seen *s)
{
	static char block[300 * 1024];

	if (s->count > 4) {
		conn_close(s->conn);
		s->conn = NULL;
		return;
	}
	conn_send(s->conn, block, sizeof block);
	test_ok("full", conn_output_full(s->conn));
	conn_want_drained(s->conn);
}

static void
test_drained(void)
{
	struct seen s;
	int fd = open_pair(&s);
	char block[64 * 1024];
	size_t total = 0;
	ssize_t n;

	s.act = act_more;
	s.act_on = CONN_DRAINED;
	s.in_call = true;
	conn_want_drained(s.conn);
	s.in_call = false;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		ev_run(loop, EVRUN_NOWAIT);
		n = read(fd, block, sizeof block);
		if (n == 0)
			break;
		if (n > 0)
			total += (size_t)n;
	}
	test_str("drained each time", s.events, "-----");
	test_int("all of it", (long long)total, 4 * 300 * 1024);
	close(fd);
	while (linger_count())
		ev_run(loop, EVRUN_ONCE);
}

static void
test_linger(void)
{
	struct seen s;
	int fd = open_pair(&s), sum = 0;
	char got[64];
	ssize_t n;

	conn_puts(s.conn, "221 bye\r\n");
	conn_close(s.conn);
	if (write(fd, "more", 4) != 4)
		exit(1);
	turn(2);
	while ((n = read(fd, got, sizeof got)) > 0)
		sum += (int)n;
	test_int("the reply arrives whole", sum, 9);
	test_int("without a reset", (int)n, 0);
	test_int("waits for the peer", linger_count(), 1);
	linger_end();
	test_int("ended", linger_count(), 0);
	close(fd);

	fd = open_pair(&s);
	shutdown(fd, SHUT_WR);
	expect(&s, "eof", "E");
	conn_close(s.conn);
	test_int("nothing to wait for", linger_count(), 0);
	close(fd);
}

/* Peers that never close cannot keep more than so many descriptors. */
static void
test_lingers(void)
{
	struct seen s;
	int fd[300];
	char c;

	for (int i = 0; i < 300; i++) {
		fd[i] = open_pair(&s);
		conn_puts(s.conn, "221 bye\r\n");
		conn_close(s.conn);
	}
	test_int("at most", linger_count(), 256);
	linger_end();
	test_int("all ended", linger_count(), 0);
	for (int i = 0; i < 300; i++) {
		if (read(fd[i], &c, 1) != 1 || c != '2')
			test_int("its reply is there", i, -1);
		close(fd[i]);
	}
}

static int
listen_loopback(struct addr *to)
{
	struct sockaddr_in sin;
	int fd = loopback_listen(&sin);

	addr_set((struct sockaddr *)&sin, sizeof sin, to);
	return fd;
}

static void
test_connect(void)
{
	struct seen s = { 0 };
	struct addr to;
	int lfd = listen_loopback(&to), fd;
	char got[8];

	s.in_call = true;
	s.conn = conn_connect(loop, &to, NULL, on_event, &s);
	conn_puts(s.conn, "first");
	s.in_call = false;
	expect(&s, "connected", "C");
	fd = accept(lfd, NULL, NULL);
	test_int("sent before it was connected", read(fd, got, 8), 5);
	conn_free(s.conn);
	test_int("freed is closed", read(fd, got, 8), 0);
	close(fd);
	close(lfd);

	memset(&s, 0, sizeof s);
	s.in_call = true;
	s.conn = conn_connect(loop, &to, NULL, on_event, &s);
	s.in_call = false;
	expect(&s, "refused", "X");
	test_int("refused", conn_errno(s.conn), ECONNREFUSED);
	conn_free(s.conn);

	memset(&s, 0, sizeof s);
	addr_parse("unix:/nonexistent/socket", 0, &to);
	s.in_call = true;
	s.conn = conn_connect(loop, &to, NULL, on_event, &s);
	s.in_call = false;
	s.act = act_free;
	s.act_on = CONN_ERROR;
	expect(&s, "no such socket", "X");
}

/* A file as standard input, a pipe and a file as standard output. */
static void
test_files(void)
{
	struct seen s = { 0 };
	FILE *in = tmpfile(), *out = tmpfile();
	char got[8];
	int fd[2];

	fputs("QUIT\r\n", in);
	fflush(in);
	rewind(in);
	s.conn = conn_new_pair(loop, dup(fileno(in)), dup(fileno(out)),
	    on_event, &s);
	expect(&s, "file", "DE");
	conn_puts(s.conn, "221");
	conn_close(s.conn);
	test_int("no lingering", linger_count(), 0);
	rewind(out);
	test_int("written", (long long)fread(got, 1, 8, out), 3);
	fclose(in);
	fclose(out);

	if (pipe(fd) < 0)
		exit(1);
	memset(&s, 0, sizeof s);
	s.conn = conn_new_pair(loop, open("/dev/null", O_RDONLY), fd[1],
	    on_event, &s);
	close(fd[0]);
	expect(&s, "null device", "E");
	conn_puts(s.conn, "x");
	expect(&s, "closed pipe", "EX");
	test_int("closed pipe", conn_errno(s.conn), EPIPE);
	conn_free(s.conn);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	loop = ev_loop_new(EVBACKEND_EPOLL);
	ev_timer_init(&guard, on_guard, 20, 0);
	ev_timer_start(loop, &guard);
	test_data_and_eof();
	test_limit_and_pause();
	test_broken_pipe();
	test_last_words();
	test_free_inside();
	test_deadline();
	test_drained();
	test_linger();
	test_lingers();
	test_connect();
	test_files();
	ev_timer_stop(loop, &guard);
	test_ok("nothing is left in the loop", !ev_run(loop, EVRUN_NOWAIT));
	ev_loop_destroy(loop);
	return test_done();
}
