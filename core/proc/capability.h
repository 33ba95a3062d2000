#ifndef CAPABILITY_H
#define CAPABILITY_H

/*
 * capability: what root may still do once the supervisor runs.
 *
 * It binds low ports, sets ids, changes root and nice of a worker, signals,
 * and opens and owns files.  All else goes, from the bounding set too, so that
 * no child can have it either.
 */

/* 0, or -1 with errno.  Not root: nothing to do, 0. */
int capability_drop(void);
/* Workers: not even what the first exec would give.  0, or -1 with errno. */
int capability_none(void);

#endif
