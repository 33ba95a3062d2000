#ifndef LINKPOOL_H
#define LINKPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include <ev.h>

#include "relay.h"
#include "upstream.h"

struct log_line;
struct nexthop;

/*
 * linkpool: the connections of one worker to one next hop.
 *
 * Who wants one takes a ticket: an idle connection at once, or a new one when
 * it is greeted, or, while `size` of them are busy, the next that comes back
 * within `wait`.  The one used last is given first, so that the others grow
 * old and are closed.  Idle connections are watched: what a next hop sends
 * unasked, its end included, drops them.  A pool stays while it is held or
 * has connections, and usually longer, for its breaker.
 */
struct linkpools {
	struct ev_loop *loop;
	struct dns *dns;
	const char *hostname;
	bool draining;		/* keep no idle connection */
	struct linkpool *first;
	unsigned count;
	struct relays_stats stats;
};

struct linkpool;

/* All zeroes but for loop, dns and hostname before the first linkpool_hold. */
struct linkpool *linkpool_hold(struct linkpools *, const struct nexthop *);
void linkpool_drop(struct linkpool *);
/* Is its breaker open: has it not been reached a few times in a row? */
bool linkpool_shunned(const struct linkpool *);
bool linkpools_shunned(const struct linkpools *, const char *url);
void linkpools_drain(struct linkpools *);
void linkpools_clear(struct linkpools *);	/* nobody holds any */

/* One connection in use, or idle. */
struct link {
	struct linkpool *pool;
	struct upstream *up;
	bool reused;		/* it was idle: it may have gone stale */
	/* private */
	struct linkpool_ticket *ticket;	/* for whom it is being opened */
	unsigned uses;
	enum link_state {
		LINK_OPENING, LINK_IDLE, LINK_BUSY, LINK_RESETTING,
	} state;
	struct link *next, **prev;
};

enum linkpool_fault { LINKPOOL_UNREACHED, LINKPOOL_FULL };

typedef void (*linkpool_fn)(void *arg, struct link *, enum linkpool_fault);

/* Embedded by who waits; it is in use from a linkpool_take that returned NULL
 * until fn was called or linkpool_cancel. */
struct linkpool_ticket {
	struct linkpool *pool;
	linkpool_fn fn;		/* with a link, or with NULL and the fault */
	void *arg;
	struct relay_timeouts timeouts;
	const struct relay_session *session;	/* for the log */
	/* private */
	struct link *opening;
	ev_timer timer;
	struct linkpool_ticket *next, **prev;
};

/* fresh: no idle connection, a new one.  fn is never called from inside. */
struct link *linkpool_take(struct linkpool *, struct linkpool_ticket *,
    bool fresh);
void linkpool_cancel(struct linkpool_ticket *);	/* harmless if not in use */
/* Give it back; one that is not in step is closed, and so is one that was
 * lost.  reset: a transaction may be open in it. */
void linkpool_return(struct link *, bool reset);
void linkpool_close(struct link *);	/* it is not to be used again */

/* event=relay_error for this next hop: at once, then gathered for a while.
 * session: about whom it is; NULL: nobody. */
void linkpool_log(struct linkpool *, const struct relay_session *,
    const char *text);
/* Begin such a line. */
void linkpool_log_begin(struct log_line *, const struct relay_session *,
    int level);

#endif
