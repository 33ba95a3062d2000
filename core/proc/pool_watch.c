#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "release.h"
#include "scoreboard.h"

#include "pool_state.h"

enum { ABORT_GRACE = 2000 };	/* ms from SIGABRT to SIGKILL */

/*
 * Seconds are counted in ticks of ours, not by the clock: a machine that was
 * suspended makes one tick late, and no worker old.
 */
static void
watch_heartbeat(struct pool *p, struct child *c, double seconds)
{
	struct scoreboard_slot *s = scoreboard_slot(p->board, c->slot);
	uint64_t beat = atomic_load(&s->heartbeat);
	char hook[SCOREBOARD_HOOK_MAX];
	struct log_line l;

	if (beat != c->heartbeat) {
		c->heartbeat = beat;
		c->silent = 0;
		return;
	}
	c->silent += seconds;
	if (c->watchdog <= 0 || c->silent < c->watchdog || c->aborted)
		return;
	memcpy(hook, s->running, sizeof hook);
	hook[sizeof hook - 1] = '\0';
	log_begin(&l, LOG_ERROR, "worker_stuck");
	log_int(&l, "worker", c->slot + 1);
	log_int(&l, "pid", c->pid);
	log_int(&l, "generation", c->generation);
	log_str(&l, "hook", hook);
	log_secs(&l, "seconds", c->silent);
	log_end(&l);
	c->aborted = true;
	child_kill(c, SIGABRT, "watchdog");
	c->deadline = clock_ms() + ABORT_GRACE;
}

static void
watch_idle(struct pool *p, struct child *c, int64_t now)
{
	struct scoreboard_slot *s = scoreboard_slot(p->board, c->slot);
	uint64_t served = atomic_load(&s->served);

	if (served == c->served && atomic_load(&s->sessions) == 0)
		return;
	c->served = served;
	c->idle_since = now;
}

/* One at a time, so that a pool that was started at once does not end at
 * once. */
static void
find_expired(struct pool *p, const struct conf_workers *w, int64_t now)
{
	struct child *c, *oldest = NULL;

	for (c = p->first; c; c = c->next) {
		if (c->expiring)
			return;
		if (pool_is_live(p, c) && c->state == CHILD_READY &&
		    (!oldest || c->born < oldest->born))
			oldest = c;
	}
	if (oldest && (double)(now - oldest->born) >= w->max_age * 1000.)
		oldest->expiring = true;
}

/* An elastic pool lets go of one that has been idle for long, if enough with
 * room are left. */
static void
shrink(struct pool *p, const struct conf_workers *w, int64_t now)
{
	struct child *c, *idle = NULL;
	unsigned live = 0, busy = 0;

	for (c = p->first; c; c = c->next) {
		if (!pool_is_live(p, c) || c->expiring)
			continue;
		live++;
		busy += c->state == CHILD_READY && !c->room;
		if (c->state == CHILD_READY && c->room &&
		    (double)(now - c->idle_since) >= w->idle * 1000. &&
		    (!idle || c->idle_since < idle->idle_since))
			idle = c;
	}
	if (idle && live > plan_workers(w, busy))
		pool_drain(idle, idle->drain_ms, "idle");
}

void
pool_watch(struct pool *p, double seconds)
{
	int64_t now = clock_ms();
	struct child *c;

	for (c = p->first; c; c = c->next) {
		if (c->state != CHILD_STARTING)
			watch_heartbeat(p, c, seconds);
		watch_idle(p, c, now);
		if (c->deadline > 0 && now >= c->deadline)
			child_kill(c, SIGKILL, c->why ? c->why : "late");
	}
	if (!p->current || p->closing)
		return;
	if (p->current->gen->conf.workers.max_age > 0)
		find_expired(p, &p->current->gen->conf.workers, now);
	if (p->current->gen->conf.workers.count == 0)
		shrink(p, &p->current->gen->conf.workers, now);
}
