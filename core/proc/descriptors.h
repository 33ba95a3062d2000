#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stddef.h>

/*
 * descriptors: which a process has, and how many it may have.
 */

/* Make sure that 0, 1 and 2 are open, so that no socket can become one. */
int descriptors_guard(void);
/* After a fork: close everything from 3 on except those listed (any order,
 * -1 is skipped). */
void descriptors_keep(const int *keep, size_t count);
/* Raise the soft limit to the hard one; returns it. */
size_t descriptors_raise(void);

#endif
