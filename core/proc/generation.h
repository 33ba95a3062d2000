#ifndef GENERATION_H
#define GENERATION_H

#include "loader.h"
#include "policy.h"

/*
 * generation: from a sealed bundle to what the processes work with.
 */

/* Takes the bundles over, the public one and the secret one, also when it
 * fails.  NULL with one line in error. */
struct generation *generation_open(const int fds[2], unsigned number,
    char error[CONF_ERROR_MAX]);
/* The decoded tree, made into the struct; what `user` is by default.  p, as
 * conf_read says, lives as long as the arena.  0, or -1 with one line. */
int generation_read_conf(const char *p, size_t len, const char *path,
    struct arena *, struct conf *out, char error[CONF_ERROR_MAX]);
/* Map the secret bundle and close its descriptor: in a process that serves.
 * 0, or -1 with errno. */
int generation_reveal(struct generation *);

/* What a policy needs of a configuration; find, env and what is shared are
 * the caller's to fill in. */
void generation_policy_conf(const struct conf *, struct arena *,
    struct policy_conf *out);

#endif
