#ifndef SHARED_H
#define SHARED_H

#include <stddef.h>

#include "conf.h"
#include "loader.h"
#include "policy.h"

struct rates;
struct tls_tickets;

/*
 * shared: memory of all workers, kept by the supervisor and mapped before they
 * are forked: the shared dictionaries of hooks, what is counted a minute, and
 * the keys of session tickets.  It lives on over reloads.
 *
 * A dictionary is a memfd of its own, there as long as a generation asks for
 * the same name and size; what it holds is with the workers that still map it.
 */
struct shared;

struct shared *shared_new(void);	/* NULL with errno */
/* Unmaps all and frees; NULL is fine. */
void shared_free(struct shared *);

/*
 * The dictionaries that a generation wants, those that are there and new ones,
 * as the policy takes them; *out lives in the generation's arena.  0, or -1
 * with one line in error.  shared_keep then says which generation counts, and
 * drops what it does not want: the new one, or after a failure the old one.
 */
int shared_open(struct shared *, const struct generation *,
    struct policy_shared **out, size_t *count, char error[CONF_ERROR_MAX]);
void shared_keep(struct shared *, const struct generation *);

struct rates *shared_rates(const struct shared *);

/* NULL: there is no randomness, and so no tickets; that has been logged. */
const struct tls_tickets *shared_tickets(const struct shared *);
/* Make a new key; the first is there from the beginning.  Each hour. */
void shared_turn_tickets(struct shared *);
/* While they are hidden, a process that is forked does not have them. */
void shared_hide_tickets(struct shared *, bool hide);

#endif
