#include "conf.h"

#include "plan.h"

enum {
	YOUNG = 500,		/* ms */
	BACKOFF_FIRST = 100,	/* ms */
	BACKOFF_MOST = 60 * 1000,
	HEALTHY = 60 * 1000,
	DESCRIPTORS_EACH = 3,	/* of a session */
	DESCRIPTORS_OTHER = 64,	/* log, channel, resolver, idle relays */
};

unsigned
plan_most(const struct conf_workers *w)
{
	return w->count > 0 ? w->count : w->max;
}

unsigned
plan_workers(const struct conf_workers *w, unsigned busy)
{
	unsigned n;

	if (w->count > 0)
		return w->count;
	n = busy + w->spare;
	if (n < w->min)
		n = w->min;
	if (n > w->max)
		n = w->max;
	return n > 0 ? n : 1;
}

unsigned
plan_capacity(unsigned sessions, size_t descriptors, unsigned others)
{
	size_t taken = DESCRIPTORS_OTHER + (size_t)others, fit;

	if (taken > descriptors / 2)
		taken = descriptors / 2;
	fit = (descriptors - taken) / DESCRIPTORS_EACH;
	if (fit < 1)
		fit = 1;
	return sessions < fit ? sessions : (unsigned)fit;
}

/* Does a go before b? */
static bool
is_better(const struct plan_worker *a, const struct plan_worker *b)
{
	if (a->sessions != b->sessions)
		return a->sessions < b->sessions;
	return a->accept && !b->accept;
}

void
plan_accept(struct plan_worker *w, size_t count)
{
	size_t i, j, better, with_room = 0;

	for (i = 0; i < count; i++)
		with_room += w[i].room;
	for (i = 0; i < count; i++) {
		better = 0;
		for (j = 0; j < count && with_room > PLAN_ACCEPTING; j++)
			if (j != i && w[j].room && (is_better(&w[j], &w[i]) ||
			    (j < i && !is_better(&w[i], &w[j]))))
				better++;
		w[i].chosen = w[i].room && better < PLAN_ACCEPTING;
	}
	for (i = 0; i < count; i++)
		w[i].accept = w[i].chosen;
}

unsigned
plan_died(struct plan_backoff *b, int64_t now, int64_t lived, bool was_ready)
{
	unsigned delay, i;

	if (b->level > 0 && now - b->last >= HEALTHY)
		b->level = 0;
	if (was_ready && lived >= YOUNG) {
		if (b->level > 0)
			b->level--;
		return 0;
	}
	b->last = now;
	delay = BACKOFF_FIRST;
	for (i = 0; i < b->level && delay < BACKOFF_MOST; i++)
		delay *= 2;
	if (delay >= BACKOFF_MOST)
		return BACKOFF_MOST;
	b->level++;
	return delay;
}
