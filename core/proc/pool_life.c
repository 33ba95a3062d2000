#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "release.h"
#include "scoreboard.h"

#include "pool_state.h"

static void on_notice(struct child *, const struct notice_message *, int fd);

bool
pool_is_incoming(const struct pool *p, const struct child *c)
{
	return p->incoming && c->batch == p->incoming_batch;
}

/* What fails again and again in the same way is said once. */
static void
log_fork(struct pool *p, int error)
{
	if (error != p->fork_error)
		log_event(LOG_ERROR, "worker_start",
		    "cannot start a worker: %s", error == ENOSPC ?
		    "too many are still draining" : strerror(error));
	p->fork_error = error;
	errno = error;
}

/* Fork one of that release.  False, logged, if that cannot be. */
bool
pool_spawn(struct pool *p, const struct release *r, unsigned batch)
{
	const struct conf_workers *w = &r->gen->conf.workers;
	struct child_args args = {
		.loop = p->loop,
		.board = p->board,
		.release = r,
		.report_room = w->count == 0 || w->count > PLAN_ACCEPTING,
		.received = on_notice,
		.owner = p,
		.forget = p->owner.forget,
		.forget_arg = p->owner.arg,
	};
	struct child *c = child_start(&args), **at;

	if (!c) {
		log_fork(p, errno);
		return false;
	}
	p->fork_error = 0;
	c->batch = batch;
	c->deadline = clock_ms() + POOL_READY_MS;
	for (at = &p->first; *at; at = &(*at)->next)
		continue;
	*at = c;
	return true;
}

void
pool_check_swapped(struct pool *p)
{
	const struct child *c;

	if (!p->swapping)
		return;
	for (c = p->first; c; c = c->next)
		if (c->batch != p->current_batch && c->state < CHILD_STOPPED)
			return;
	p->swapping = false;
	p->owner.swapped(p->owner.arg);
}

/* The owner may do anything with the pool in this call. */
void
pool_report_started(struct pool *p, const char *error)
{
	ev_timer_stop(p->loop, &p->barrier);
	if (p->incoming)
		p->owner.started(p->owner.arg, error);
}

static void
on_ready(struct pool *p, struct child *c)
{
	struct log_line l;
	const struct child *o;
	unsigned ready = 0;

	c->state = CHILD_READY;
	c->deadline = 0;
	log_begin(&l, LOG_INFO, "worker_start");
	log_int(&l, "worker", c->slot + 1);
	log_int(&l, "pid", c->pid);
	log_int(&l, "generation", c->generation);
	log_end(&l);

	if (!pool_is_incoming(p, c)) {
		pool_balance(p);
		return;
	}
	for (o = p->first; o; o = o->next)
		ready += pool_is_incoming(p, o) && o->state == CHILD_READY;
	if (ready == p->incoming_wanted)
		pool_report_started(p, NULL);
}

static void
on_notice(struct child *c, const struct notice_message *m, int fd)
{
	struct pool *p = c->owner;

	switch ((enum notice_kind)m->kind) {
	case NOTICE_READY:
		if (c->state == CHILD_STARTING)
			on_ready(p, c);
		return;
	case NOTICE_FAILED:
		log_event(LOG_ERROR, "worker_start", "%s", m->text);
		c->why = "start";
		if (pool_is_incoming(p, c))
			pool_report_started(p, m->text);
		return;
	case NOTICE_STOPPED:
		if (!c->why)
			c->why = "terminated";
		c->state = CHILD_STOPPED;
		pool_check_swapped(p);
		pool_balance(p);
		return;
	case NOTICE_ROOM:
		c->room = m->number != 0;
		pool_balance(p);
		return;
	case NOTICE_SPENT:
		if (c->state == CHILD_READY && p->current && !p->closing)
			pool_drain(c, c->drain_ms, m->number == 0 ?
			    "lifetime" : "memory");
		pool_balance(p);
		return;
	case NOTICE_LIST:
	case NOTICE_KILLED:
		p->owner.answer(p->owner.arg, c, m, fd);
		return;
	case NOTICE_ACCEPT:
	case NOTICE_DRAIN:
	case NOTICE_LOG:
	case NOTICE_SESSIONS:
	case NOTICE_KILL:
	case NOTICE_KINDS:
		break;
	}
	if (fd >= 0)
		close(fd);
	child_kill(c, SIGKILL, "protocol");
}

static void
log_exit(const struct pool *p, const struct child *c, int status)
{
	const struct scoreboard_slot *s = scoreboard_slot(p->board, c->slot);
	bool fine = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char hook[SCOREBOARD_HOOK_MAX];
	struct log_line l;

	memcpy(hook, s->running, sizeof hook);
	hook[sizeof hook - 1] = '\0';
	log_begin(&l, fine && c->why ? LOG_INFO : LOG_ERROR, "worker_exit");
	log_int(&l, "worker", c->slot + 1);
	log_int(&l, "pid", c->pid);
	log_int(&l, "generation", c->generation);
	if (WIFSIGNALED(status)) {
		log_int(&l, "status", 128 + WTERMSIG(status));
		log_fmt(&l, "signal", "SIG%s", sigabbrev_np(WTERMSIG(status)) ?
		    sigabbrev_np(WTERMSIG(status)) : "?");
	} else {
		log_int(&l, "status", WEXITSTATUS(status));
	}
	if (c->why)
		log_str(&l, "why", c->why);
	if (!fine && hook[0])
		log_str(&l, "hook", hook);
	log_int(&l, "sessions", atomic_load(&s->sessions));
	log_end(&l);
}

static void
on_dead(struct pool *p, struct child *c, int status)
{
	bool incoming = pool_is_incoming(p, c), live = pool_is_live(p, c);
	bool was_ready = c->state >= CHILD_READY;
	char error[128];
	int64_t now = clock_ms(), at;

	log_exit(p, c, status);
	scoreboard_reclaim(p->board, c->slot);
	if (live && !p->closing) {
		at = now + plan_died(&p->backoff, now, now - c->born,
		    was_ready);
		if (at > now)
			pool_retry_at(p, at);
	}
	snprintf(error, sizeof error, "a worker ended before it was ready: "
	    "%s %d", WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	child_free(p->loop, c);
	if (incoming && was_ready)
		p->incoming_started--;
	else if (incoming)
		pool_report_started(p, error);
	pool_check_swapped(p);
	pool_grow(p);
	pool_balance(p);
}

static bool
is_dead(const struct child *c)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)c->pid, &info,
	    WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == c->pid;
}

/* What it said last, why it could not start for one, comes before its end. */
void
pool_reap(struct pool *p)
{
	struct child **at = &p->first, *c;
	int status;

	while ((c = *at)) {
		if (!is_dead(c)) {
			at = &c->next;
			continue;
		}
		child_finish(p->loop, c);
		if (waitpid(c->pid, &status, 0) != c->pid)
			status = 0;
		*at = c->next;
		on_dead(p, c, status);
		at = &p->first;		/* the list may be another now */
	}
}
