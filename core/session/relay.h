#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reply.h"

#include "ehlo.h"

struct addr;
struct dns;
struct ev_loop;
struct message;
struct offload;
struct route;
struct txn;
struct txn_rcpt;

/*
 * relay: hand a transaction to the next hop, and bring back its answers.
 *
 * One struct relays per worker holds the pools of connections, the breakers
 * and what they need.  One struct relay is one transaction in progress, for
 * one session.  At most one step is open; its result comes by the callback,
 * never before the starting function has returned.  relay_free cancels from
 * any state, returns the connection to its pool only if that is in step (or
 * can be brought there by RSET), and otherwise closes it without sending an
 * end of data.
 *
 * The 250 of relay_deliver is the only licence for a 250 to end-of-data.  A
 * doubt of any kind comes back as a 4xx reply: 451 4.4.1 not reached, 451
 * 4.4.2 lost or timed out or malformed, 451 4.3.2 no connection free in time.
 */
struct relay_timeouts {		/* seconds */
	double connect, command, data;
};

struct relays_conf {
	struct ev_loop *loop;
	struct dns *dns;
	struct offload *offload;
	const char *hostname;	/* for EHLO and LHLO */
	/* Bytes that a nexthop names: CA certificates by path, passwords by
	 * reference; NULL if there are none.  find_arg is handed on. */
	const char *(*certificate)(void *find_arg, const char *path,
	    size_t *len);
	const char *(*secret)(void *find_arg, const char *ref, size_t *len);
	void *find_arg;
};

struct relays;
struct relays *relays_new(const struct relays_conf *);
void relays_free(struct relays *);	/* no relay may be left */
void relays_drain(struct relays *);	/* close idle connections, keep none */

struct relay_result {
	struct reply reply;	/* what to tell the client */
	const char *relay;	/* URL of the next hop; "" if none was reached */
	char id[64];		/* queue id the next hop named, or "" */
	char tls[16];		/* "TLSv1.3", or "" in the clear */
	bool discarded;		/* discard: took it */
	double seconds;
	bool unknown;		/* lost after the final dot: may have been delivered */
};

struct relay_session {		/* for whom; all outlives the relay */
	const char *id;
	const struct addr *client, *server;
	const char *name, *helo;	/* of the client; NULL: unknown */
	const char *login;		/* by AUTH; NULL */
	bool esmtp, secured;		/* it said EHLO; it speaks TLS */
	const char *hostname;	/* how we call ourselves there */
};

struct relay;
/* The result is valid during the call.  The owner may free the relay in it. */
typedef void (*relay_fn)(void *arg, const struct relay_result *);

struct relay *relay_new(struct relays *, const struct route *,
    const struct relay_timeouts *, const struct relay_session *, relay_fn,
    void *arg);
void relay_free(struct relay *);	/* NULL is fine */
const struct route *relay_route(const struct relay *);
/* Does it ask the next hop about recipients (SMTP, LMTP), or just store? */
bool relay_can_check(const struct relay *);

/* Put one recipient to the next hop, MAIL first if it has not been sent.  The
 * result is the answer to RCPT, or the refusal of MAIL (then the next
 * relay_rcpt begins anew).  For a next hop that only stores: 250 at once. */
void relay_rcpt(struct relay *, const struct txn *, struct txn_rcpt *);

/*
 * Deliver: the message to every accepted recipient of txn.  If the open
 * transaction is whole and txn has not been edited, DATA follows at once;
 * otherwise, or if the connection has gone, one fresh transaction is made with
 * the sender and recipients as they are now (hop by hop over the route).  A
 * recipient refused there, with nobody told yet, means nothing is delivered:
 * 4xx if any refusal was temporary, else 5xx that names them.  LMTP: the same
 * rule over the replies after the final dot.
 */
void relay_deliver(struct relay *, const struct txn *, const struct message *);

/* Are we past the point where the next hop may have taken the message? */
bool relay_committed(const struct relay *);

/*
 * What every hop of the route is known to offer, size and limits the smallest.
 * A hop that only stores offers all.  False if one has never been asked, and
 * then *out is what any server can be expected to take.
 *
 * relays_watch has them asked, now and whenever what is known has grown old.
 */
bool relays_offer(struct relays *, const struct route *, struct ehlo *out);
void relays_watch(struct relays *, const struct route *);

struct relays_stats {
	unsigned connections, idle, waiting;
	uint64_t opened, reused, failed;
};
void relays_stats(const struct relays *, struct relays_stats *out);

#endif
