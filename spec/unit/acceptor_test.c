#include <errno.h>
#include <ev.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptor.h"
#include "addr.h"
#include "log.h"

#include "test.h"

/* Outcomes of accept and what is to be logged after each: "n error". */
static const struct {
	const char *name;
	int outcome[8], count;
	const char *want;
} errors[] = {
	{ "success", { 0, 0 }, 2, "" },
	{ "one, then success", { EMFILE, 0, 0 }, 3, "1xEMFILE " },
	{ "equal ones", { EMFILE, EMFILE, EMFILE, 0 }, 4, "3xEMFILE " },
	{ "another kind", { EMFILE, EMFILE, ENFILE, 0 }, 4,
	    "2xEMFILE 1xENFILE " },
	{ "to and fro", { EMFILE, ENFILE, EMFILE }, 3, "1xEMFILE 1xENFILE " },
};

static void
put(char *out, size_t size, const struct acceptor_errors *e)
{
	size_t n = strlen(out);

	snprintf(out + n, size - n, "%ux%s ", e->count,
	    e->error == EMFILE ? "EMFILE" : "ENFILE");
}

static void
test_errors(void)
{
	struct acceptor_errors e, due;
	char got[128];
	size_t i;
	int k;

	for (i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		memset(&e, 0, sizeof e);
		got[0] = '\0';
		for (k = 0; k < errors[i].count; k++)
			if (acceptor_errors_add(&e, errors[i].outcome[k], &due))
				put(got, sizeof got, &due);
		test_str(errors[i].name, got, errors[i].want);
	}
	memset(&e, 0, sizeof e);
	got[0] = '\0';
	for (k = 0; k < 120; k++)
		if (acceptor_errors_add(&e, EMFILE, &due))
			put(got, sizeof got, &due);
	if (acceptor_errors_add(&e, 0, &due))
		put(got, sizeof got, &due);
	test_str("every fifty", got, "50xEMFILE 50xEMFILE 20xEMFILE ");
}

enum { EACH = 4 };

struct taken {
	struct acceptor *acceptor;
	char order[32];
	unsigned count, limit;
};

static bool
on_go_on(void *arg)
{
	struct taken *t = arg;

	if (t->count < t->limit)
		return true;
	acceptor_switch(t->acceptor, false);
	return false;
}

static void
on_accepted(void *arg, size_t listener, int fd, const struct addr *client)
{
	struct taken *t = arg;

	t->order[t->count++] = (char)('a' + listener);
	close(fd);
}

static int
open_listener(struct listen_socket *s)
{
	socklen_t len = sizeof(struct sockaddr_storage);

	if (addr_parse("127.0.0.1", 0, &s->bound) < 0)
		return -1;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(s->fd, (struct sockaddr *)&s->bound.ss, s->bound.len) < 0 ||
	    listen(s->fd, 2 * EACH) < 0 ||
	    getsockname(s->fd, (struct sockaddr *)&s->bound.ss, &len) < 0)
		return -1;
	return 0;
}

/* Clients wait at two listeners: each has its turn. */
static void
test_fair(void)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct listen_socket socks[3] = { { .fd = -1 }, { .fd = -1 },
	    { .fd = -1 } };
	struct listen_set set = { 3, socks };
	struct taken t = { .limit = EACH };
	struct acceptor_owner owner = { on_go_on, on_accepted, &t };
	int clients[2 * EACH], i;

	test_int("listen", open_listener(&socks[0]) | open_listener(&socks[2]),
	    0);
	for (i = 0; i < 2 * EACH; i++) {
		const struct addr *to = &socks[i < EACH ? 0 : 2].bound;

		clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		test_int("dial", connect(clients[i],
		    (const struct sockaddr *)&to->ss, to->len), 0);
	}
	t.acceptor = acceptor_new(loop, &set, &owner);
	ev_run(loop, EVRUN_NOWAIT);
	test_int("off: nobody", t.count, 0);
	acceptor_switch(t.acceptor, true);
	ev_run(loop, 0);	/* until nothing is watched */
	test_str("half of them, in turn", t.order, "acac");
	t.limit = 2 * EACH;
	acceptor_switch(t.acceptor, true);
	ev_run(loop, 0);
	test_str("all", t.order, "acacacac");
	acceptor_switch(t.acceptor, true);
	acceptor_free(t.acceptor);
	test_int("nothing is watched", ev_run(loop, 0), 0);
	for (i = 0; i < 2 * EACH; i++)
		close(clients[i]);
	ev_loop_destroy(loop);
}

static void
limit_descriptors(rlim_t n)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = n;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Without descriptors it rests instead of spinning, and goes on by itself. */
static void
test_shortage(void)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct listen_socket sock = { .fd = -1 };
	struct listen_set set = { 1, &sock };
	struct taken t = { .limit = 1 };
	struct acceptor_owner owner = { on_go_on, on_accepted, &t };
	int client, turns = 0;

	log_set(LOG_LOGFMT, LOG_ERROR + 1);
	test_int("listen", open_listener(&sock), 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	test_int("dial", connect(client,
	    (const struct sockaddr *)&sock.bound.ss, sock.bound.len), 0);
	t.acceptor = acceptor_new(loop, &set, &owner);
	acceptor_switch(t.acceptor, true);
	limit_descriptors((rlim_t)client + 1);
	ev_run(loop, EVRUN_ONCE);
	test_int("cannot", t.count, 0);
	ev_run(loop, EVRUN_NOWAIT);
	test_ok("does not look", ev_pending_count(loop) == 0);
	limit_descriptors(256);
	while (t.count == 0 && turns++ < 10)
		ev_run(loop, EVRUN_ONCE);
	test_int("can again", t.count, 1);
	acceptor_free(t.acceptor);
	close(client);
	ev_loop_destroy(loop);
}

int
main(void)
{
	test_errors();
	test_fair();
	test_shortage();
	test_ok("shortage", acceptor_is_shortage(EMFILE) &&
	    !acceptor_is_shortage(ECONNABORTED));
	return test_done();
}
