#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <ev.h>

#include "relay.h"
#include "upstream.h"

struct nexthop;

/*
 * pool: the connections of one worker to one next hop.
 *
 * Who wants one takes a ticket: an idle connection at once, or a new one when
 * it is greeted, or, while `size` of them are busy, the next that comes back
 * within `wait`.  The one used last is given first, so that the others grow
 * old and are closed.  Idle connections are watched: what a next hop sends
 * unasked, its end included, drops them.  A pool stays while it is held or
 * has connections, and usually longer, for its breaker.
 */
struct pools {
	struct ev_loop *loop;
	struct dns *dns;
	const char *hostname;
	bool draining;		/* keep no idle connection */
	struct pool *first;
	unsigned count;
	struct relays_stats stats;
};

struct pool;

/* All zeroes but for loop, dns and hostname before the first pool_hold. */
struct pool *pool_hold(struct pools *, const struct nexthop *);
void pool_drop(struct pool *);
const char *pool_url(const struct pool *);
/* Is its breaker open: has it not been reached a few times in a row? */
bool pool_shunned(const struct pool *);
bool pools_shunned(const struct pools *, const char *url);
void pools_drain(struct pools *);
void pools_clear(struct pools *);	/* nobody holds any */

/* One connection in use, or idle. */
struct pool_link {
	struct pool *pool;
	struct upstream *up;
	bool reused;		/* it has served another transaction */
	/* private */
	struct pool_ticket *ticket;	/* for whom it is being opened */
	unsigned uses;
	enum pool_link_state {
		POOL_OPENING, POOL_IDLE, POOL_BUSY, POOL_RESETTING,
	} state;
	struct pool_link *next, **prev;
};

enum pool_fault { POOL_UNREACHED, POOL_FULL };

typedef void (*pool_fn)(void *arg, struct pool_link *, enum pool_fault);

/* Embedded by who waits; it is in use from a pool_take that returned NULL
 * until fn was called or pool_cancel. */
struct pool_ticket {
	struct pool *pool;
	pool_fn fn;		/* with a link, or with NULL and the fault */
	void *arg;
	struct relay_timeouts timeouts;
	const char *session;	/* for the log */
	/* private */
	struct pool_link *opening;
	ev_timer timer;
	struct pool_ticket *next, **prev;
};

/* fresh: no idle connection, a new one.  fn is never called from inside. */
struct pool_link *pool_take(struct pool *, struct pool_ticket *, bool fresh);
void pool_cancel(struct pool_ticket *);	/* harmless if not in use */
/* Give it back; one that is not in step is closed, and so is one that was
 * lost.  reset: a transaction may be open in it. */
void pool_return(struct pool_link *, bool reset);
void pool_close(struct pool_link *);	/* it is not to be used again */

/* event=relay_error for this next hop: at once, then gathered for a while. */
void pool_log(struct pool *, const char *session, const char *text);

#endif
