#include <errno.h>
#include <ev.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "loader.h"
#include "log.h"
#include "pool.h"
#include "release.h"
#include "scoreboard.h"
#include "worker.h"

#include "test.h"

/*
 * The pool with workers of straw: forked like real ones, they say what the
 * test told them to say, and note what they were told.
 */
static struct script {
	_Atomic int fail, die;		/* at start */
	_Atomic int deaf;		/* this generation heeds nothing */
	_Atomic int accepting;		/* that were told to accept */
} *script;

static struct seen {
	unsigned started, swapped, empty;
	char error[256];
} seen;

static struct ev_loop *loop;
static struct scoreboard *board;
static struct pool *pool;
static ev_signal on_chld;

static bool
is_deaf(const struct worker_args *args)
{
	return script->deaf == (int)args->release->gen->number;
}

static bool
obey(const struct worker_args *args, const struct notice_message *m)
{
	static unsigned accept;

	if (m->kind == NOTICE_ACCEPT) {
		atomic_fetch_add(&script->accepting, (m->number == NOTICE_TAKE) -
		    (accept == NOTICE_TAKE));
		accept = (unsigned)m->number;
	}
	if (m->kind != NOTICE_DRAIN || is_deaf(args))
		return true;
	if (accept == NOTICE_TAKE)
		atomic_fetch_sub(&script->accepting, 1);
	notice_tell(args->channel, NOTICE_STOPPED, 0);
	return false;
}

int
worker_run(const struct worker_args *args)
{
	struct scoreboard_slot *slot = scoreboard_slot(args->board, args->slot);
	struct notice_message m = { .kind = NOTICE_FAILED, .text = "no luck" };
	struct pollfd p = { .fd = args->channel, .events = POLLIN };
	sigset_t none;
	int fd;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (script->die)
		return 3;
	if (script->fail) {
		notice_send(args->channel, &m, -1);
		return 78;
	}
	notice_tell(args->channel, NOTICE_READY, 0);
	for (;;) {
		if (!is_deaf(args))
			atomic_fetch_add(&slot->heartbeat, 1);
		poll(&p, 1, 10);
		switch (notice_receive(args->channel, &m, &fd)) {
		case NOTICE_OK:
			if (!obey(args, &m))
				return 0;
			break;
		case NOTICE_AGAIN:
			break;
		case NOTICE_EOF:
		case NOTICE_BROKEN:
			return 0;
		}
	}
}

static void
on_started(void *arg, const char *error)
{
	seen.started++;
	snprintf(seen.error, sizeof seen.error, "%s", error ? error : "");
	if (error)
		pool_cancel(pool);
	else
		pool_swap(pool);
}

static void
on_swapped(void *arg)
{
	seen.swapped++;
}

static void
on_empty(void *arg)
{
	seen.empty++;
}

static void
on_answer(void *arg, struct child *c, const struct notice_message *m, int fd)
{
	if (fd >= 0)
		close(fd);
}

static void
forget(void *arg)
{
	ev_signal_stop(loop, &on_chld);
}

static void
on_child(struct ev_loop *l, ev_signal *s, int revents)
{
	pool_reap(pool);
}

static struct release *
make(struct release *r, unsigned number)	/* 1 or 2 */
{
	static struct generation generation[2];
	static struct listen_set nothing;

	memset(r, 0, sizeof *r);
	r->gen = &generation[number - 1];
	memset(r->gen, 0, sizeof *r->gen);
	r->gen->number = number;
	r->gen->conf.workers.count = 2;
	r->gen->conf.workers.watchdog = 0.2;
	r->gen->conf.timeouts.drain = 1;
	r->listeners = &nothing;
	r->capacity = 10;
	return r;
}

static void
open_pool(void)
{
	struct pool_owner owner = { on_started, on_swapped, on_empty,
	    on_answer, forget, NULL };

	memset(&seen, 0, sizeof seen);
	memset(script, 0, sizeof *script);
	board = scoreboard_new(16);
	pool = pool_new(loop, board, &owner);
}

static void
close_pool(void)
{
	const struct child *c;

	while ((c = pool_first(pool))) {
		pool_kill(pool);
		ev_run(loop, EVRUN_ONCE);
	}
	pool_free(pool);
	scoreboard_free(board);
}

/* Run the loop until it is so; a minute is never reached. */
#define UNTIL(name, what) do {						\
		int64_t end_ = clock_ms() + 60000;			\
		while (!(what) && clock_ms() < end_)			\
			ev_run(loop, EVRUN_ONCE);			\
		test_ok(name, what);					\
	} while (0)

static unsigned
ready(void)
{
	struct pool_counts n;

	pool_count(pool, &n);
	return n.ready;
}

static unsigned
all(void)
{
	struct pool_counts n;

	pool_count(pool, &n);
	return n.ready + n.starting + n.draining;
}

static void
test_start(void)
{
	struct release one, two;
	pid_t pid;

	open_pool();
	pool_start(pool, make(&one, 1));
	UNTIL("both are ready", seen.started == 1);
	test_str("fine", seen.error, "");
	test_int("swapped at once: nobody was there", seen.swapped, 1);
	UNTIL("both accept", script->accepting == 2);

	pid = pool_first(pool)->pid;
	kill(pid, SIGKILL);
	UNTIL("noticed", pool_first(pool)->pid != pid);
	atomic_fetch_sub(&script->accepting, 1);
	UNTIL("replaced", ready() == 2);
	UNTIL("it accepts", script->accepting == 2);

	pool_pause(pool, true);
	UNTIL("a pause", script->accepting == 0);
	pool_pause(pool, false);
	UNTIL("and its end", script->accepting == 2);

	pool_start(pool, make(&two, 2));
	UNTIL("the next release", seen.started == 2);
	UNTIL("the old ones have stopped", seen.swapped == 2);
	UNTIL("and gone", all() == 2);
	test_int("all new", pool_first(pool)->generation, 2);
	UNTIL("the new ones accept", script->accepting == 2);

	pool_close(pool, 0);
	UNTIL("the end", seen.empty == 1);
	test_int("none is left", all(), 0);
	close_pool();
}

static void
test_failure(void)
{
	struct release one, two;
	pid_t pid;

	open_pool();
	pool_start(pool, make(&one, 1));
	UNTIL("ready", seen.swapped == 1);
	pid = pool_first(pool)->pid;

	script->fail = 1;
	pool_start(pool, make(&two, 2));
	UNTIL("cannot start", seen.started == 2);
	test_str("says why", seen.error, "no luck");
	UNTIL("they go", all() == 2);
	script->fail = 0;

	script->die = 1;
	pool_start(pool, make(&two, 2));
	UNTIL("dies", seen.started == 3);
	test_str("says how", seen.error,
	    "a worker ended before it was ready: status 3");
	UNTIL("gone", all() == 2);
	test_int("the old ones are there", pool_first(pool)->pid, pid);
	test_int("and serve", ready(), 2);
	test_int("nothing was swapped", seen.swapped, 1);
	close_pool();
}

/* One that ignores DRAIN has no heartbeat either: the watchdog ends it, and
 * only then is the swap done. */
static void
test_watchdog(void)
{
	struct release one, two;

	open_pool();
	make(&one, 1)->gen->conf.workers.count = 1;
	pool_start(pool, &one);
	UNTIL("ready", seen.swapped == 1);
	script->deaf = 1;
	UNTIL("replaced", pool_first(pool)->generation == 1 &&
	    pool_first(pool)->aborted);
	script->deaf = 0;
	UNTIL("by one that lives", ready() == 1 && !pool_first(pool)->aborted);

	script->deaf = 1;
	make(&two, 2)->gen->conf.workers.count = 1;
	pool_start(pool, &two);
	UNTIL("the new one is ready", seen.started == 2);
	test_int("the old one has not stopped", seen.swapped, 1);
	UNTIL("it is dead", seen.swapped == 2);
	test_int("only the new one is left", all(), 1);
	close_pool();
}

static void
test_ages(void)
{
	struct release one;
	pid_t pid;

	open_pool();
	make(&one, 1)->gen->conf.workers.count = 1;
	one.gen->conf.workers.max_age = 0.3;
	pool_start(pool, &one);
	UNTIL("ready", seen.swapped == 1);
	pid = pool_first(pool)->pid;
	UNTIL("old", pool_first(pool)->expiring);
	test_int("serves until there is another", ready(), 1);
	UNTIL("replaced", pool_first(pool)->pid != pid);
	close_pool();
}

static void
test_elastic(void)
{
	struct release one;
	const struct child *c;

	open_pool();
	make(&one, 1)->gen->conf.workers = (struct conf_workers){
		.min = 1, .max = 3, .spare = 1, .idle = 0.2, .watchdog = 5,
	};
	pool_start(pool, &one);
	UNTIL("the least", seen.swapped == 1 && ready() == 1);
	/* It has no room: a spare one comes. */
	c = pool_first(pool);
	atomic_store(&scoreboard_slot(board, c->slot)->sessions, 1);
	((struct child *)(uintptr_t)c)->received((struct child *)(uintptr_t)c,
	    &(struct notice_message){ .kind = NOTICE_ROOM, .number = 0 }, -1);
	UNTIL("one more", ready() == 2);
	atomic_store(&scoreboard_slot(board, c->slot)->sessions, 0);
	((struct child *)(uintptr_t)c)->received((struct child *)(uintptr_t)c,
	    &(struct notice_message){ .kind = NOTICE_ROOM, .number = 1 }, -1);
	UNTIL("one too many goes", all() == 1);
	close_pool();
}

/* A worker that talks nonsense is ended. */
static void
test_nonsense(void)
{
	struct release one;
	pid_t pid;

	open_pool();
	make(&one, 1)->gen->conf.workers.count = 1;
	pool_start(pool, &one);
	UNTIL("ready", seen.swapped == 1);
	pid = pool_first(pool)->pid;
	pool_first(pool)->received((struct child *)(uintptr_t)pool_first(pool),
	    &(struct notice_message){ .kind = NOTICE_DRAIN }, -1);
	UNTIL("replaced", pool_first(pool) && pool_first(pool)->pid != pid &&
	    ready() == 1);
	close_pool();
}

int
main(void)
{
	log_set(LOG_LOGFMT, LOG_ERROR + 1);
	script = mmap(NULL, sizeof *script, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	loop = ev_loop_new(EVBACKEND_POLL);
	ev_signal_init(&on_chld, on_child, SIGCHLD);
	ev_signal_start(loop, &on_chld);
	test_start();
	test_failure();
	test_watchdog();
	test_ages();
	test_elastic();
	test_nonsense();
	return test_done();
}
