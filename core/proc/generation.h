#ifndef GENERATION_H
#define GENERATION_H

#include "loader.h"
#include "policy.h"

/*
 * generation: from a sealed bundle to what the processes work with.
 */

/* Takes fd over, also when it fails.  NULL with one line in error. */
struct generation *generation_open(int fd, unsigned number,
    char error[CONF_ERROR_MAX]);

/* What a policy needs of a configuration; find, env and what is shared are
 * the caller's to fill in. */
void generation_policy_conf(const struct conf *, struct arena *,
    struct policy_conf *out);

#endif
