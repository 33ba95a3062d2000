#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "mem.h"
#include "release.h"
#include "scoreboard.h"
#include "worker.h"

#include "child.h"

enum {
	GONE = 5000,	/* ms from the end of the channel to SIGKILL */
	BATCH = 64,	/* notices of one child before others have their turn */
};

static const double SLACK = 15.;	/* seconds over what a worker may take */

/* The next notice; false if there is none. */
static bool
take_notice(struct ev_loop *loop, struct child *c)
{
	struct notice_message m;
	int fd;

	switch (notice_receive(c->fd, &m, &fd)) {
	case NOTICE_OK:
		c->received(c, &m, fd);
		return true;
	case NOTICE_AGAIN:
		return false;
	case NOTICE_EOF:
		break;
	case NOTICE_BROKEN:
		child_kill(c, SIGKILL, "protocol");
		break;
	}
	/* It is about to die, or should be. */
	ev_io_stop(loop, &c->io);
	if (c->deadline == 0)
		c->deadline = clock_ms() + GONE;
	return false;
}

static void
on_channel(struct ev_loop *loop, ev_io *io, int revents)
{
	int n;

	for (n = 0; n < BATCH && take_notice(loop, io->data); n++)
		continue;
}

void
child_finish(struct ev_loop *loop, struct child *c)
{
	while (take_notice(loop, c))
		continue;
}

static void
prepare_slot(const struct child_args *args, unsigned slot)
{
	struct scoreboard_slot *s = scoreboard_slot(args->board, slot);

	atomic_store(&s->generation, args->release->gen->number);
	atomic_store(&s->capacity, args->release->capacity);
	atomic_store(&s->started_ms, clock_ms());
	atomic_store(&s->state, SCOREBOARD_STARTING);
}

/* In the new process.  Nothing of the parent's stdio may be written twice. */
static void
be_worker(const struct child_args *args, unsigned slot, int fd, pid_t parent)
{
	struct worker_args w = {
		.release = args->release,
		.board = args->board,
		.slot = slot,
		.channel = fd,
		.parent = parent,
		.report_room = args->report_room,
	};

	args->forget(args->forget_arg);
	atomic_store(&scoreboard_slot(args->board, slot)->pid, (int)getpid());
	_exit(worker_run(&w));
}

static pid_t
fork_worker(const struct child_args *args, unsigned slot, const int fds[2])
{
	pid_t parent = getpid(), pid;
	sigset_t all, old;
	int saved;

	fflush(NULL);
	/* No handler of ours may run in the child before it has its own. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	pid = fork();
	if (pid == 0)
		be_worker(args, slot, fds[1], parent);
	saved = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return pid;
}

static void
set_limits(struct child *c, const struct conf *conf)
{
	const struct session_timeouts *t = &conf->timeouts;

	c->watchdog = conf->workers.watchdog;
	c->drain_ms = (uint64_t)(t->drain * 1000);
	c->grace_ms = (int64_t)((t->drain + t->hook + SLACK) * 1000);
}

struct child *
child_start(const struct child_args *args)
{
	int slot = scoreboard_claim(args->board), fds[2], saved;
	struct child *c;
	pid_t pid = -1;

	if (slot < 0) {
		errno = ENOSPC;
		return NULL;
	}
	prepare_slot(args, (unsigned)slot);
	if (notice_open(fds) == 0) {
		pid = fork_worker(args, (unsigned)slot, fds);
		saved = errno;
		close(fds[1]);
		if (pid < 0)
			close(fds[0]);
		errno = saved;
	}
	if (pid < 0) {
		saved = errno;
		scoreboard_reclaim(args->board, (unsigned)slot);
		errno = saved;
		return NULL;
	}
	c = mem_alloc(sizeof *c);
	c->received = args->received;
	c->owner = args->owner;
	c->pid = pid;
	c->slot = (unsigned)slot;
	c->generation = args->release->gen->number;
	c->room = true;
	set_limits(c, &args->release->gen->conf);
	c->born = c->idle_since = clock_ms();
	c->fd = fds[0];
	ev_io_init(&c->io, on_channel, c->fd, EV_READ);
	c->io.data = c;
	ev_io_start(args->loop, &c->io);
	return c;
}

void
child_free(struct ev_loop *loop, struct child *c)
{
	ev_io_stop(loop, &c->io);
	close(c->fd);
	mem_free(c);
}

void
child_send(struct child *c, const struct notice_message *m, int fd)
{
	switch (notice_send(c->fd, m, fd)) {
	case NOTICE_OK:
	case NOTICE_EOF:	/* it is dead already */
		break;
	case NOTICE_AGAIN:	/* it has not read for hundreds of messages */
	case NOTICE_BROKEN:
		child_kill(c, SIGKILL, "channel");
		break;
	}
}

void
child_tell(struct child *c, enum notice_kind kind, uint64_t number)
{
	struct notice_message m;

	memset(&m, 0, sizeof m);
	m.kind = kind;
	m.number = number;
	child_send(c, &m, -1);
}

void
child_kill(struct child *c, int signum, const char *why)
{
	c->why = why;
	kill(c->pid, signum);
}
