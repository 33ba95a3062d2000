#ifndef WATCH_H
#define WATCH_H

#include <ev.h>

#include "linkpool.h"

/*
 * watch: keep up to date what a next hop offers.
 *
 * It is asked soon after the start (not by all workers in the same moment),
 * and again when no connection has told anything for five minutes; sooner if
 * it could not be reached, less and less so.  To ask is to connect, get ready
 * and quit; nothing is asked while the breaker is open or the pool is full.
 */
struct watch {
	struct linkpool *pool;		/* held */
	struct watch *next;		/* the owner's */
	/* private */
	struct linkpools *pools;
	struct linkpool_ticket ticket;
	ev_timer timer;
	double pause;			/* after the next failure */
};

struct watch *watch_new(struct linkpools *, const struct nexthop *);
void watch_free(struct watch *);

#endif
