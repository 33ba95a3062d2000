#ifndef WORKER_STATE_H
#define WORKER_STATE_H

#include <ev.h>
#include <stdint.h>

#include "notice.h"
#include "scoreboard.h"
#include "worker.h"

struct conf;
struct door;
struct engine;

/* The inside of a worker, for the two files of it. */
enum worker_phase {
	WORKER_SERVING,
	WORKER_DRAINING,		/* accepts no more */
	WORKER_ENDING,			/* 421 4.3.2 at the next command */
	WORKER_CUTTING,		/* sessions are killed */
	WORKER_EMPTY,			/* none is left */
	WORKER_STOPPING,		/* the stop hooks run */
	WORKER_CLOSING,		/* last replies linger */
};

struct worker {
	const struct worker_args *args;
	const struct conf *conf;
	struct ev_loop *loop;
	struct scoreboard_slot *slot;
	struct engine *engine;
	struct door *door;
	enum worker_phase phase;
	ev_io channel;
	ev_signal term;
	ev_prepare turn;
	ev_timer tick, limit;	/* limit: the end of this phase */
	double lingered;
	char title[128];
};

/* Tell the supervisor.  If it cannot be told it is gone or stuck, and the
 * channel will say so. */
void worker_tell(struct worker *, enum notice_kind, uint64_t number);

/* worker_drain.c: the way to the end.  ms: until clients are told 421;
 * UINT64_MAX: never.  A later call may only shorten it. */
void worker_drain(struct worker *, uint64_t ms);
/* A session has ended. */
void worker_advance(struct worker *);
/* The time of the present phase is up. */
void worker_on_limit(struct ev_loop *, ev_timer *, int revents);

#endif
