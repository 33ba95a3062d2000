#ifndef BREAKER_H
#define BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * breaker: leave a next hop alone that could not be reached a few times in a
 * row: for a second, then twice as long each time, at most a minute.  All
 * zeroes is a fresh one.  now is clock_ms.
 */
struct breaker {
	unsigned failures;	/* in a row */
	int64_t pause;		/* ms */
	int64_t until;
};

enum { BREAKER_FAILURES = 3 };

bool breaker_open(const struct breaker *, int64_t now);
void breaker_failed(struct breaker *, int64_t now);
void breaker_trip(struct breaker *, int64_t now);	/* at the first one */
void breaker_worked(struct breaker *);

#endif
