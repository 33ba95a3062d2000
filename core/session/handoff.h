#ifndef HANDOFF_H
#define HANDOFF_H

#include <stdbool.h>

struct relay_result;
struct reply;
struct session;

/*
 * handoff: from end-of-data to the client's answer: the core's own rules, the
 * `message` hooks, the next hop.  Only the next hop's 250 gives a 250, or a
 * discard that policy asked for.
 */
void handoff_start(struct session *);
/* timeouts.after_data is over. */
void handoff_expired(struct session *);
void handoff_result(struct session *, const struct relay_result *);

/* Make t->handoff a relay for the route of that name (NULL: the listener's);
 * one for another route is ended.  False, and logged, if there is no such
 * route. */
bool handoff_relay(struct session *, const char *name);
/* A next hop's reply, made fit for a client that trusts ours: a code of a
 * class that we may send, an enhanced code of that class.  enhanced is for
 * 2xx. */
void handoff_clean(struct reply *, const char *enhanced);

#endif
