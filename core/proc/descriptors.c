#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mem.h"

#include "descriptors.h"

static void
sort(int *p, size_t n)
{
	size_t i, j;
	int v;

	for (i = 1; i < n; i++) {
		v = p[i];
		for (j = i; j > 0 && p[j - 1] > v; j--)
			p[j] = p[j - 1];
		p[j] = v;
	}
}

void
descriptors_keep(const int *keep, size_t count)
{
	int *sorted = mem_array(count + 1, sizeof *sorted);
	unsigned next = 3;
	size_t i;

	if (count > 0)
		memcpy(sorted, keep, count * sizeof *sorted);
	sort(sorted, count);
	for (i = 0; i < count; i++) {
		if (sorted[i] < (int)next)
			continue;
		if (sorted[i] > (int)next)
			close_range(next, (unsigned)sorted[i] - 1, 0);
		next = (unsigned)sorted[i] + 1;
	}
	close_range(next, UINT32_MAX, 0);
	mem_free(sorted);
}

size_t
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1024;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX / 2 :
	    (size_t)limit.rlim_cur;
}
