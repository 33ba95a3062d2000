#ifndef LIFECYCLE_H
#define LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>

struct policy;

/* lifecycle: the hooks' start and stop, and what goes with them. */

/* While files and start are run, code that does not end is stopped at
 * conf.start_timeout. */
void lifecycle_limit(struct policy *, bool on);
/* Run every start, the loop included while one waits; 0, or -1 with error. */
int lifecycle_start(struct policy *, char *error, size_t size);
/* Globals, libraries, hooks and settings cannot be changed from now on. */
int lifecycle_freeze(struct policy *, char *error, size_t size);
void lifecycle_close(struct policy *);

#endif
