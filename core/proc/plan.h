#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_workers;

/*
 * plan: how many workers, which of them accept, and when a dead one is
 * replaced.  Arithmetic only: no process, no clock.
 */

/* How many workers there should be while busy of them have no room. */
unsigned plan_workers(const struct conf_workers *, unsigned busy);
/* The most there can be. */
unsigned plan_most(const struct conf_workers *);

/*
 * Sessions of one worker that fit in so many descriptors: each may need one to
 * the client, one to the next hop and one for its message, and what a worker
 * has besides is left alone.
 */
unsigned plan_capacity(unsigned sessions, size_t descriptors, unsigned others);

/* With more workers than this, only the least loaded accept. */
enum { PLAN_ACCEPTING = 4 };

struct plan_worker {
	bool room;
	unsigned sessions;
	bool accept;		/* set here; on entry: what it does now */
	bool chosen;		/* scratch */
};

/* All that have room, or the least loaded of them if they are many; among
 * equals those that accept already. */
void plan_accept(struct plan_worker *, size_t count);

/*
 * Back-off.  A worker that dies young (before it was ready, or in its first
 * half second) makes the next start wait twice as long, 0.1 s to 60 s; one
 * that did its work for a while is replaced at once; a minute without such a
 * death forgets them all.
 */
struct plan_backoff {
	unsigned level;
	int64_t last;		/* ms: when one died young */
};

/* Milliseconds to wait before the next start. */
unsigned plan_died(struct plan_backoff *, int64_t now, int64_t lived,
    bool was_ready);

#endif
