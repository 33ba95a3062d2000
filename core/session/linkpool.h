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
 * linkpool: the connections of one worker to one next hop: one URL with one
 * set of TLS, AUTH and identity, so that none is used for what another was
 * opened for.
 *
 * Who wants one takes a ticket: an idle connection at once, or a new one when
 * it is ready, or, while `size` of them are busy, the next that comes back
 * within `wait`.  The one used last is given first, so that the others grow
 * old and are closed.  Where the hop is told by XCLIENT who the client is, one
 * that knows another is told first; one that is opened with a PROXY header is
 * used once.  Idle connections are watched: what a next hop sends unasked, its
 * end included, drops them.  A pool stays while it is held or has connections,
 * and usually longer, for its breaker.
 *
 * Where TLS is only to be tried and a handshake fails, another connection is
 * made without it, and for a while nothing else.  Where AUTH is refused, there
 * is none at all for a while.
 */
struct linkpools {
	struct relays_conf conf;
	bool draining;		/* keep no idle connection */
	struct linkpool *first;
	unsigned count;
	struct relays_stats stats;
};

struct linkpool;

/* All zeroes but for conf before the first linkpool_hold. */
struct linkpool *linkpool_hold(struct linkpools *, const struct nexthop *);
void linkpool_drop(struct linkpool *);
const struct nexthop *linkpool_hop(const struct linkpool *);
/* Is its breaker open: has it not been reached a few times in a row? */
bool linkpool_shunned(const struct linkpool *);
bool linkpools_shunned(const struct linkpools *, const struct nexthop *);
void linkpools_drain(struct linkpools *);
void linkpools_clear(struct linkpools *);	/* nobody holds any */

/* What it offered to the last connection that got ready, and when (clock_ms);
 * false if none ever has. */
bool linkpool_offer(const struct linkpool *, struct ehlo *out, int64_t *when);
bool linkpools_offer(const struct linkpools *, const struct nexthop *,
    struct ehlo *out);

/* One connection in use, or idle. */
struct link {
	struct linkpool *pool;
	struct upstream *up;
	bool reused;		/* it was idle: it may have gone stale */
	/* private */
	struct linkpool_ticket *ticket;	/* for whom it is being made ready */
	unsigned uses;
	bool clear;		/* without TLS, because that had failed */
	enum link_state {
		LINK_OPENING, LINK_INTRODUCED, LINK_IDLE, LINK_BUSY,
		LINK_RESETTING,
	} state;
	struct link *next, **prev;
};

enum linkpool_fault {
	LINKPOOL_UNREACHED, LINKPOOL_FULL,
	LINKPOOL_INSECURE,	/* no TLS as it must be */
	LINKPOOL_DENIED,	/* it does not take our AUTH */
};

typedef void (*linkpool_fn)(void *arg, struct link *, enum linkpool_fault);

/* Embedded by who waits; it is in use from a linkpool_take that returned NULL
 * until fn was called or linkpool_cancel. */
struct linkpool_ticket {
	struct linkpool *pool;
	linkpool_fn fn;		/* with a link, or with NULL and the fault */
	void *arg;
	struct relay_timeouts timeouts;
	/* For the log, and for the next hop if it is to be told; NULL: for
	 * nobody but us. */
	const struct relay_session *session;
	/* private */
	struct link *opening;
	enum linkpool_fault fault;	/* when the timer is over */
	ev_timer timer;
	struct linkpool_ticket *next, **prev;
};

/* fresh: no idle connection, a new one.  fn is never called from inside. */
struct link *linkpool_take(struct linkpool *, struct linkpool_ticket *,
    bool fresh);
void linkpool_cancel(struct linkpool_ticket *);	/* harmless if not in use */
bool linkpool_has_room(const struct linkpool *);	/* for one more */
/* Give it back; one that is not in step is closed, and so is one that was
 * lost.  reset: a transaction may be open in it. */
void linkpool_return(struct link *, bool reset);
void linkpool_close(struct link *);	/* it is not to be used again */
void linkpool_quit(struct link *);	/* the same, politely */

/* event=relay_error for this next hop: at once, then gathered for a while.
 * session: about whom it is; NULL: nobody. */
void linkpool_log(struct linkpool *, const struct relay_session *,
    const char *text);
/* Begin such a line. */
void linkpool_log_begin(struct log_line *, const struct relay_session *,
    int level);

#endif
