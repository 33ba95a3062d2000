#include <string.h>

#include "breaker.h"

enum { PAUSE_MIN = 1000, PAUSE_MAX = 60 * 1000 };

bool
breaker_open(const struct breaker *b, int64_t now)
{
	return now < b->until;
}

/* Failures that come while it is open belong to attempts begun before. */
void
breaker_failed(struct breaker *b, int64_t now)
{
	b->failures++;
	if (b->failures < BREAKER_FAILURES || breaker_open(b, now))
		return;
	b->pause = b->pause ? b->pause * 2 : PAUSE_MIN;
	if (b->pause > PAUSE_MAX)
		b->pause = PAUSE_MAX;
	b->until = now + b->pause;
}

void
breaker_trip(struct breaker *b, int64_t now)
{
	if (b->failures < BREAKER_FAILURES)
		b->failures = BREAKER_FAILURES - 1;
	breaker_failed(b, now);
}

void
breaker_worked(struct breaker *b)
{
	memset(b, 0, sizeof *b);
}
