#ifndef POOL_STATE_H
#define POOL_STATE_H

#include <ev.h>

#include "plan.h"
#include "pool.h"

/* The inside of a pool, for the three files of it. */
enum { POOL_READY_MS = 10000 };	/* a worker that needs longer is given up */

struct pool {
	struct ev_loop *loop;
	struct scoreboard *board;
	struct pool_owner owner;
	struct child *first;
	const struct release *current, *incoming;
	unsigned current_batch, incoming_batch, batches;
	unsigned incoming_wanted, incoming_started;
	bool paused, closing, swapping, told_empty;
	int fork_error;		/* of the last try; 0: it went well */
	struct plan_backoff backoff;
	int64_t not_before;	/* ms: no replacement before */
	ev_timer tick, retry, barrier;
};

/* pool.c: how many there are, and which of them accept */
bool pool_is_live(const struct pool *, const struct child *);	/* in force */
void pool_drain(struct child *, uint64_t ms, const char *why);
void pool_grow(struct pool *);
void pool_balance(struct pool *);
void pool_retry_at(struct pool *, int64_t when);

/* pool_life.c: from the fork of one to its death */
bool pool_spawn(struct pool *, const struct release *, unsigned batch);
bool pool_is_incoming(const struct pool *, const struct child *);
void pool_check_swapped(struct pool *);
/* The owner may do anything with the pool in this call. */
void pool_report_started(struct pool *, const char *error);

/* pool_watch.c: heartbeats, ages and deadlines */
void pool_watch(struct pool *, double seconds);	/* since the last time */

#endif
