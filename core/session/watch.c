#include <unistd.h>

#include "clock.h"
#include "mem.h"

#include "nexthop.h"

#include "watch.h"

static const double spread = 0.2;	/* of workers at the start, seconds */
static const double fresh_for = 5 * 60;
static const double pause_min = 1, pause_max = 5 * 60;
static const struct relay_timeouts patience = { 10, 60, 60 };

static void
wait_for(struct watch *w, double seconds)
{
	struct ev_loop *loop = w->pools->conf.loop;

	ev_timer_stop(loop, &w->timer);
	ev_timer_set(&w->timer, seconds, 0);
	ev_timer_start(loop, &w->timer);
}

/* The pool has noted what it offers. */
static void
on_link(void *arg, struct link *l, enum linkpool_fault fault)
{
	struct watch *w = arg;

	if (l) {
		linkpool_quit(l);
		w->pause = pause_min;
		wait_for(w, fresh_for);
		return;
	}
	wait_for(w, w->pause);
	w->pause *= 2;
	if (w->pause > pause_max)
		w->pause = pause_max;
}

/* Seconds since a connection got ready; as good as for ever if none has. */
static double
age(const struct watch *w)
{
	struct ehlo offer;
	int64_t when;

	if (!linkpool_offer(w->pool, &offer, &when))
		return fresh_for;
	return (double)(clock_ms() - when) / 1000;
}

static void
on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct watch *w = t->data;
	double old = age(w), timeout = linkpool_hop(w->pool)->timeout;

	if (old < fresh_for) {
		wait_for(w, fresh_for - old + 0.001);
		return;
	}
	if (linkpool_shunned(w->pool) || !linkpool_has_room(w->pool)) {
		wait_for(w, w->pause);
		return;
	}
	w->ticket.fn = on_link;
	w->ticket.arg = w;
	w->ticket.timeouts = timeout > 0 ?
	    (struct relay_timeouts){ timeout, timeout, timeout } : patience;
	linkpool_take(w->pool, &w->ticket, true);
}

struct watch *
watch_new(struct linkpools *pools, const struct nexthop *hop)
{
	struct watch *w = mem_alloc(sizeof *w);
	unsigned share = (unsigned)getpid() * 2654435761u >> 16;

	w->pools = pools;
	w->pool = linkpool_hold(pools, hop);
	w->pause = pause_min;
	ev_timer_init(&w->timer, on_timer, 0, 0);
	w->timer.data = w;
	wait_for(w, spread * share / 65536);
	return w;
}

void
watch_free(struct watch *w)
{
	ev_timer_stop(w->pools->conf.loop, &w->timer);
	linkpool_cancel(&w->ticket);
	linkpool_drop(w->pool);
	mem_free(w);
}
