#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <stddef.h>

/*
 * descriptors: which a process has, and how many it may have.
 */

/* After a fork: close everything from 3 on except those listed (any order,
 * -1 is skipped). */
void descriptors_keep(const int *keep, size_t count);
/* Raise the soft limit to the hard one; returns it. */
size_t descriptors_raise(void);

#endif
