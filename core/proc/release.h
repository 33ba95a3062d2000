#ifndef RELEASE_H
#define RELEASE_H

#include <stddef.h>

#include "listen.h"
#include "loader.h"
#include "policy.h"

struct rates;
struct shared;
struct tls_tickets;

/*
 * release: a generation with all that its workers need from the supervisor:
 * sockets, shared memory, and how many sessions there may be.
 */
struct release {
	struct generation *gen;		/* owned */
	struct listen_set *listeners;	/* owned */
	struct policy_shared *dict;	/* in the generation's arena */
	size_t dicts;
	struct rates *rates;		/* of the supervisor, as tickets */
	const struct tls_tickets *tickets;	/* NULL: no resumption */
	unsigned capacity;		/* sessions of one worker */
	unsigned total;			/* sessions over all workers */
};

/*
 * Owns gen in any case.  old is the release in force, or NULL at start-up:
 * only then is an address in use waited for.  What does not fit the
 * descriptors is lowered with a warning.  NULL with one line in error.
 */
struct release *release_new(struct generation *gen, const struct release *old,
    struct shared *, char error[CONF_ERROR_MAX]);
/* The new one is in force: close what only old had, free old (or NULL). */
void release_commit(struct release *old, const struct release *in_force,
    struct shared *);
/* It is not: close what only it has, free it. */
void release_abandon(struct release *, const struct release *in_force,
    struct shared *);
/* Close the sockets now: nobody accepts any more. */
void release_close(struct release *);
void release_free(struct release *);	/* with its sockets; NULL is fine */

#endif
