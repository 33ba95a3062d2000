#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * test: the smallest harness for C specs.  Each check counts; a program ends
 * with `return test_done();`, which prints "N passed, N failed".
 */
static unsigned test_passed, test_failed;

static inline void
test_result(const char *name, int ok, const char *got, const char *want)
{
	if (ok) {
		test_passed++;
		return;
	}
	test_failed++;
	fprintf(stderr, "FAIL %s\n  got:  %s\n  want: %s\n", name, got, want);
}

static inline void
test_str(const char *name, const char *got, const char *want)
{
	test_result(name, strcmp(got ? got : "(null)", want) == 0,
	    got ? got : "(null)", want);
}

static inline void
test_mem(const char *name, const void *got, size_t glen, const void *want,
    size_t wlen)
{
	int ok = glen == wlen && (wlen == 0 || memcmp(got, want, wlen) == 0);

	test_result(name, ok, ok ? "" : "other bytes", "the same bytes");
}

static inline void
test_int(const char *name, long long got, long long want)
{
	char g[32], w[32];

	snprintf(g, sizeof g, "%lld", got);
	snprintf(w, sizeof w, "%lld", want);
	test_result(name, got == want, g, w);
}

static inline void
test_ok(const char *name, int ok)
{
	test_result(name, ok, "false", "true");
}

static inline int
test_done(void)
{
	printf("%u passed, %u failed\n", test_passed, test_failed);
	fflush(stdout);		/* a leak found at exit ends it unflushed */
	return test_failed != 0;
}

#endif
