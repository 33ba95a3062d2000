#include <stdio.h>
#include <string.h>

#include "nearest.h"

void
nearest_init(struct nearest *n, const char *name)
{
	size_t len = strlen(name);

	n->name = name;
	n->best[0] = '\0';
	n->distance = len >= NEAREST_MAX ? 0 : len / 3 + 1;
	if (n->distance > 4)
		n->distance = 4;
}

static size_t
min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment, three rows. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[3][NEAREST_MAX + 1], la = strlen(a), lb = strlen(b), i, j;

	for (j = 0; j <= lb; j++)
		row[0][j] = j;
	for (i = 1; i <= la; i++) {
		size_t *now = row[i % 3], *up = row[(i + 2) % 3];
		size_t *upper = row[(i + 1) % 3];

		now[0] = i;
		for (j = 1; j <= lb; j++) {
			now[j] = min(min(up[j] + 1, now[j - 1] + 1),
			    up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				now[j] = min(now[j], upper[j - 2] + 1);
		}
	}
	return row[la % 3][lb];
}

void
nearest_offer(struct nearest *n, const char *candidate)
{
	size_t d;

	if (n->distance == 0 || strlen(candidate) >= NEAREST_MAX)
		return;
	d = distance(n->name, candidate);
	if (d >= n->distance)
		return;
	n->distance = d;
	snprintf(n->best, sizeof n->best, "%s", candidate);
}

const char *
nearest_hint(const struct nearest *n, char out[NEAREST_MAX + 32])
{
	out[0] = '\0';
	if (n->best[0])
		snprintf(out, NEAREST_MAX + 32, " (did you mean \"%s\"?)",
		    n->best);
	return out;
}
