#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "mem.h"
#include "pool_state.h"
#include "release.h"
#include "scoreboard.h"

#include "pool.h"

static const double TICK = 1.;
static const double TICK_MANY = .25;	/* when not all workers accept */
static const double TICK_LEAST = .05;

bool
pool_is_live(const struct pool *p, const struct child *c)
{
	return p->current && c->batch == p->current_batch &&
	    c->state <= CHILD_READY;
}

/* Sessions and hooks have their own deadlines inside the worker; this one is
 * for a worker that does not keep them.  It may only come nearer. */
void
pool_drain(struct child *c, uint64_t ms, const char *why)
{
	int64_t end = clock_ms() + (int64_t)ms + c->grace_ms;

	if (c->state == CHILD_STARTING) {
		child_kill(c, SIGKILL, why);
		return;
	}
	if (!c->why)
		c->why = why;
	c->expiring = false;
	c->accept = NOTICE_PAUSE;
	if (c->state == CHILD_READY)
		c->state = CHILD_DRAINING;
	if (ms != UINT64_MAX && (c->deadline == 0 || end < c->deadline))
		c->deadline = end;
	child_tell(c, NOTICE_DRAIN, ms);
}

/* No slot is free: those that drain longest must come to an end. */
static void
hasten(struct pool *p)
{
	struct child *c;
	unsigned oldest = p->batches + 1;

	for (c = p->first; c; c = c->next)
		if (c->state >= CHILD_DRAINING && c->batch < oldest)
			oldest = c->batch;
	for (c = p->first; c; c = c->next)
		if (c->state >= CHILD_DRAINING && c->batch == oldest)
			pool_drain(c, 0, "hastened");
}

void
pool_grow(struct pool *p)
{
	while (p->incoming && p->incoming_started < p->incoming_wanted) {
		if (!pool_spawn(p, p->incoming, p->incoming_batch)) {
			if (errno == ENOSPC)
				hasten(p);
			return;		/* again at the next tick or death */
		}
		p->incoming_started++;
	}
}

static unsigned
count_busy(const struct pool *p)
{
	const struct child *c;
	unsigned n = 0;

	for (c = p->first; c; c = c->next)
		n += pool_is_live(p, c) && c->state == CHILD_READY && !c->room;
	return n;
}

static void
tell_accept(struct child *c, unsigned how)
{
	if (c->accept == how)
		return;
	c->accept = how;
	child_tell(c, NOTICE_ACCEPT, how);
}

/* Tell the workers which of them accept. */
static void
choose_accepting(struct pool *p)
{
	struct plan_worker w[SCOREBOARD_WORKERS];
	struct child *who[SCOREBOARD_WORKERS], *c;
	size_t n = 0, i;

	for (c = p->first; c && n < SCOREBOARD_WORKERS; c = c->next) {
		if (!pool_is_live(p, c) || c->state != CHILD_READY)
			continue;
		who[n] = c;
		w[n].room = c->room;
		w[n].accept = c->accept == NOTICE_TAKE;
		w[n].sessions = atomic_load(&scoreboard_slot(p->board,
		    c->slot)->sessions);
		n++;
	}
	plan_accept(w, n);
	for (i = 0; i < n; i++)
		tell_accept(who[i], p->paused ? NOTICE_PAUSE :
		    w[i].accept ? NOTICE_TAKE : NOTICE_LEAVE);
}

void
pool_retry_at(struct pool *p, int64_t when)
{
	double in = (double)(when - clock_ms()) / 1000.;

	p->not_before = when;
	ev_timer_stop(p->loop, &p->retry);
	ev_now_update(p->loop);
	ev_timer_set(&p->retry, in > 0 ? in : 0., 0.);
	ev_timer_start(p->loop, &p->retry);
}

/* Start what is missing. */
static void
replace(struct pool *p)
{
	unsigned wanted = plan_workers(&p->current->gen->conf.workers,
	    count_busy(p)), live = 0;
	const struct child *c;
	int64_t now = clock_ms();

	for (c = p->first; c; c = c->next)
		live += pool_is_live(p, c) && !c->expiring;
	for (; live < wanted && now >= p->not_before; live++)
		if (!pool_spawn(p, p->current, p->current_batch)) {
			pool_retry_at(p, now +
			    plan_died(&p->backoff, now, 0, false));
			return;
		}
}

/* A worker whose time is over goes when another has taken its place. */
static void
retire_expiring(struct pool *p)
{
	unsigned wanted = plan_workers(&p->current->gen->conf.workers,
	    count_busy(p)), ready = 0;
	struct child *c;

	for (c = p->first; c; c = c->next)
		ready += pool_is_live(p, c) && c->state == CHILD_READY &&
		    !c->expiring;
	for (c = p->first; c; c = c->next)
		if (c->expiring && ready >= wanted)
			pool_drain(c, c->drain_ms, "max_age");
}

void
pool_balance(struct pool *p)
{
	if (p->closing) {
		if (!p->first && !p->told_empty) {
			p->told_empty = true;
			p->owner.empty(p->owner.arg);
		}
		return;
	}
	if (p->current) {
		replace(p);
		retire_expiring(p);
		choose_accepting(p);
	}
}

static void
on_tick(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct pool *p = t->data;

	pool_reap(p);			/* should a SIGCHLD have been lost */
	pool_watch(p, t->repeat);
	pool_grow(p);
	pool_balance(p);
}

static void
on_retry(struct ev_loop *loop, ev_timer *t, int revents)
{
	pool_balance(t->data);
}

/* late is one that is not ready; NULL: there is none at all. */
static void
give_up(struct pool *p, const struct child *late)
{
	char hook[SCOREBOARD_HOOK_MAX] = "", error[160];

	if (late)
		memcpy(hook, scoreboard_slot(p->board, late->slot)->running,
		    sizeof hook - 1);
	if (late)
		snprintf(error, sizeof error, "the workers were not ready in "
		    "%d seconds%s%s", POOL_READY_MS / 1000,
		    *hook ? ", in hook " : "", hook);
	else
		snprintf(error, sizeof error, "no worker could be started");
	pool_report_started(p, error);
}

/* Time is up.  If all that could be forked are ready, they will do. */
static void
on_barrier(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct pool *p = t->data;
	const struct child *c, *late = NULL;
	unsigned ready = 0;

	for (c = p->first; c; c = c->next) {
		if (!pool_is_incoming(p, c))
			continue;
		ready += c->state == CHILD_READY;
		if (c->state == CHILD_STARTING)
			late = c;
	}
	if (ready > 0 && !late)
		pool_report_started(p, NULL);
	else
		give_up(p, late);
}

struct pool *
pool_new(struct ev_loop *loop, struct scoreboard *board,
    const struct pool_owner *owner)
{
	struct pool *p = mem_alloc(sizeof *p);

	p->loop = loop;
	p->board = board;
	p->owner = *owner;
	ev_timer_init(&p->tick, on_tick, 0., 0.);
	ev_timer_init(&p->retry, on_retry, 0., 0.);
	ev_timer_init(&p->barrier, on_barrier, 0., 0.);
	p->tick.data = p->retry.data = p->barrier.data = p;
	return p;
}

void
pool_free(struct pool *p)
{
	struct child *c;

	if (!p)
		return;
	ev_timer_stop(p->loop, &p->tick);
	ev_timer_stop(p->loop, &p->retry);
	ev_timer_stop(p->loop, &p->barrier);
	while ((c = p->first)) {
		p->first = c->next;
		child_free(p->loop, c);
	}
	mem_free(p);
}

static void
set_tick(struct pool *p)
{
	const struct release *r = p->current ? p->current : p->incoming;
	const struct conf_workers *w = &r->gen->conf.workers;
	double most = plan_most(w) > PLAN_ACCEPTING ? TICK_MANY : TICK;
	double every = w->watchdog / 4;

	if (every <= 0 || every > most)
		every = most;
	if (every < TICK_LEAST)
		every = TICK_LEAST;
	p->tick.repeat = every;
	ev_timer_again(p->loop, &p->tick);
}

void
pool_start(struct pool *p, const struct release *r)
{
	assert(!p->incoming && !p->closing);
	p->incoming = r;
	p->incoming_batch = ++p->batches;
	p->incoming_started = 0;
	p->incoming_wanted = plan_workers(&r->gen->conf.workers, count_busy(p));
	ev_now_update(p->loop);
	ev_timer_set(&p->barrier, (double)POOL_READY_MS / 1000., 0.);
	ev_timer_start(p->loop, &p->barrier);
	set_tick(p);
	pool_grow(p);
}

void
pool_cancel(struct pool *p)
{
	struct child *c;

	if (!p->incoming)
		return;
	ev_timer_stop(p->loop, &p->barrier);
	for (c = p->first; c; c = c->next)
		if (pool_is_incoming(p, c))
			child_kill(c, SIGKILL, c->why ? c->why : "cancelled");
	p->incoming = NULL;
	if (!p->current)
		ev_timer_stop(p->loop, &p->tick);
}

/* First the new ones accept, then the old ones stop. */
void
pool_swap(struct pool *p)
{
	struct child *c;

	assert(p->incoming);
	p->current = p->incoming;
	p->current_batch = p->incoming_batch;
	p->incoming = NULL;
	p->not_before = 0;
	memset(&p->backoff, 0, sizeof p->backoff);
	p->swapping = true;
	set_tick(p);
	pool_balance(p);
	for (c = p->first; c; c = c->next)
		if (c->batch != p->current_batch && c->state <= CHILD_READY)
			pool_drain(c, c->drain_ms, "reload");
	pool_check_swapped(p);
}

void
pool_pause(struct pool *p, bool paused)
{
	p->paused = paused;
	pool_balance(p);
}

void
pool_close(struct pool *p, uint64_t ms)
{
	struct child *c;

	pool_cancel(p);
	p->closing = true;
	p->swapping = false;
	ev_timer_stop(p->loop, &p->retry);
	for (c = p->first; c; c = c->next)
		pool_drain(c, ms, "stop");
	pool_balance(p);
}

void
pool_kill(struct pool *p)
{
	struct child *c;

	for (c = p->first; c; c = c->next)
		child_kill(c, SIGKILL, "stop");
}

size_t
pool_tell_all(struct pool *p, const struct notice_message *m, int fd)
{
	struct child *c;
	size_t n = 0;

	for (c = p->first; c; c = c->next) {
		if (c->state == CHILD_STARTING && m->kind != NOTICE_LOG)
			continue;
		child_send(c, m, fd);
		n++;
	}
	return n;
}

const struct child *
pool_first(const struct pool *p)
{
	return p->first;
}

void
pool_count(const struct pool *p, struct pool_counts *out)
{
	const struct child *c;

	memset(out, 0, sizeof *out);
	for (c = p->first; c; c = c->next) {
		if (c->state == CHILD_STARTING)
			out->starting++;
		else if (c->state == CHILD_READY)
			out->ready++;
		else
			out->draining++;
	}
}
