#include <stdatomic.h>

#include "linger.h"
#include "policy.h"
#include "relay.h"
#include "session.h"
#include "conf.h"
#include "door.h"
#include "engine.h"
#include "roster.h"

#include "worker_state.h"

static const double LINGER = 5.0;	/* for last replies to be read */
static const double LINGER_POLL = 0.05;
static const double CUT = 5.0;		/* from the kill of sessions on */

static void
set_limit(struct worker *w, double seconds)
{
	ev_timer_stop(w->loop, &w->limit);
	ev_now_update(w->loop);
	ev_timer_set(&w->limit, seconds, 0.);
	ev_timer_start(w->loop, &w->limit);
}

static void
on_stopped(void *arg)
{
	struct worker *w = arg;

	if (w->phase != WORKER_STOPPING)
		return;
	w->phase = WORKER_CLOSING;
	set_limit(w, 0.);
}

static void
start_stopping(struct worker *w)
{
	w->phase = WORKER_STOPPING;
	set_limit(w, w->conf->timeouts.hook + 1.);
	policy_stop(w->engine->policy, on_stopped, w);
}

static void
start_cutting(struct worker *w)
{
	w->phase = WORKER_CUTTING;
	set_limit(w, CUT);
	roster_cut_all(door_roster(w->door));
}

static void
start_ending(struct worker *w)
{
	w->phase = WORKER_ENDING;
	w->engine->env.draining = true;
	set_limit(w, w->conf->timeouts.drain);
	roster_drain_all(door_roster(w->door));
	worker_advance(w);
}

/* Last replies have been read by now, or never will be. */
static void
linger(struct worker *w)
{
	if (linger_count() == 0 || w->lingered >= LINGER) {
		linger_end();
		ev_break(w->loop, EVBREAK_ALL);
		return;
	}
	w->lingered += LINGER_POLL;
	set_limit(w, LINGER_POLL);
}

void
worker_on_limit(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct worker *w = t->data;

	switch (w->phase) {
	case WORKER_SERVING:
		break;
	case WORKER_DRAINING:
		start_ending(w);
		break;
	case WORKER_ENDING:
		start_cutting(w);
		break;
	case WORKER_CUTTING:
		roster_free_all(door_roster(w->door));
		break;
	case WORKER_EMPTY:
		start_stopping(w);
		break;
	case WORKER_STOPPING:
		w->phase = WORKER_CLOSING;
		linger(w);
		break;
	case WORKER_CLOSING:
		linger(w);
		break;
	}
}

/* A session has ended, or none was there.  Not from inside the session that
 * ends: its memory is still in use. */
void
worker_advance(struct worker *w)
{
	if (w->phase < WORKER_DRAINING || w->phase > WORKER_CUTTING ||
	    roster_count(door_roster(w->door)) > 0)
		return;
	w->phase = WORKER_EMPTY;
	set_limit(w, 0.);
}

void
worker_drain(struct worker *w, uint64_t ms)
{
	if (w->phase == WORKER_SERVING) {
		w->phase = WORKER_DRAINING;
		atomic_store(&w->slot->state, SCOREBOARD_DRAINING);
		door_close(w->door);
		relays_drain(w->engine->env.relays);
		worker_tell(w, NOTICE_STOPPED, 0);
		if (ms != UINT64_MAX && ms > 0)
			set_limit(w, (double)ms / 1000.);
	}
	if (w->phase == WORKER_DRAINING && ms == 0)
		start_ending(w);
	else
		worker_advance(w);
}
