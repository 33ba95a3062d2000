#ifndef NEAREST_H
#define NEAREST_H

#include <stddef.h>

/*
 * nearest: of the names that exist, the one that was probably meant.
 *
 * Offer candidates one by one.  A name is near if a third of its letters, and
 * at most three, were changed, left out, added or swapped with a neighbour.
 */
enum { NEAREST_MAX = 64 };

struct nearest {
	const char *name;
	char best[NEAREST_MAX];
	size_t distance;
};

void nearest_init(struct nearest *, const char *name);
void nearest_offer(struct nearest *, const char *candidate);
/* " (did you mean "x"?)", or "" if nothing is near; valid as long as out. */
const char *nearest_hint(const struct nearest *, char out[NEAREST_MAX + 32]);

#endif
