#ifndef SHARED_H
#define SHARED_H

#include <stddef.h>

#include "conf.h"
#include "loader.h"
#include "policy.h"

/*
 * shared: the memory of the shared dictionaries, kept by the supervisor.
 *
 * Each is a memfd of its own, mapped before the workers are forked.  It lives
 * on over reloads as long as a generation asks for the same name and size;
 * what holds is with the workers that still map it.
 */
struct shared;

struct shared *shared_new(void);
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

#endif
