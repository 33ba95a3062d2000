#include <stdio.h>

#include "conf.h"
#include "plan.h"

#include "test.h"

static const struct {
	const char *name;
	struct conf_workers w;
	unsigned busy, want, most;
} sizes[] = {
	{ "fixed", { .count = 3 }, 0, 3, 3 },
	{ "fixed, all busy", { .count = 3 }, 3, 3, 3 },
	{ "the least", { .min = 2, .max = 9, .spare = 1 }, 0, 2, 9 },
	{ "spare", { .min = 1, .max = 9, .spare = 3 }, 0, 3, 9 },
	{ "busy and spare", { .min = 1, .max = 9, .spare = 3 }, 4, 7, 9 },
	{ "the most", { .min = 1, .max = 9, .spare = 3 }, 8, 9, 9 },
	{ "never none", { .min = 0, .max = 9, .spare = 0 }, 0, 1, 9 },
};

static const struct {
	const char *name;
	unsigned sessions, others, want;
	size_t descriptors;
} capacities[] = {
	{ "enough", 1000, 10, 1000, 1048576 },
	{ "three each", 1000, 36, 300, 1000 },
	{ "few", 1000, 10, 21, 128 },
	{ "hardly any", 1000, 1000, 1, 4 },
	{ "one is one", 1, 10, 1, 1024 },
};

/* Workers as letters: lower case accepts now, - has no room; the digit is its
 * sessions.  Wanted: the same with those that are to accept in lower case. */
static const struct {
	const char *name, *in, *want;
} accepting[] = {
	{ "none", "", "" },
	{ "few: all", "A0B9", "a0b9" },
	{ "few: not the full", "A0-9B5", "a0-9b5" },
	{ "four", "A0B1C2D3", "a0b1c2d3" },
	{ "many: the least loaded", "A5B4C3D2E1F0", "A5B4c3d2e1f0" },
	{ "equals: those that do", "A1B1c1d1e1f1", "A1B1c1d1e1f1" },
	{ "many, few with room", "-9-9-9A9B9-9", "-9-9-9a9b9-9" },
	{ "one gets full", "a0b0c0-9E0F0", "a0b0c0-9e0F0" },
};

static void
test_accepting(const char *name, const char *in, const char *want)
{
	struct plan_worker w[8];
	char got[32] = "";
	size_t n, i;

	memset(w, 0, sizeof w);
	for (n = 0; in[2 * n]; n++) {
		w[n].room = in[2 * n] != '-';
		w[n].accept = w[n].room && in[2 * n] >= 'a';
		w[n].sessions = (unsigned)(in[2 * n + 1] - '0');
	}
	plan_accept(w, n);
	for (i = 0; i < n; i++) {
		got[2 * i] = (char)(!w[i].room ? '-' :
		    w[i].accept ? in[2 * i] | 0x20 : in[2 * i] & ~0x20);
		got[2 * i + 1] = in[2 * i + 1];
	}
	test_str(name, got, want);
}

static void
test_equals(void)
{
	struct plan_worker w[6];
	unsigned accept = 0, i;

	memset(w, 0, sizeof w);
	for (i = 0; i < 6; i++)
		w[i].room = true;
	plan_accept(w, 6);
	for (i = 0; i < 6; i++)
		accept += w[i].accept;
	test_int("of equals, only so many", accept, PLAN_ACCEPTING);
}

static void
test_backoff(void)
{
	struct plan_backoff b = { 0, 0 };
	int64_t now = 1000;
	unsigned i, delay = 0;

	test_int("after honest work: at once", plan_died(&b, now, 5000, true), 0);
	test_int("young: 0.1 s", plan_died(&b, now, 10, true), 100);
	test_int("again: 0.2 s", plan_died(&b, now, 10, true), 200);
	test_int("never ready: 0.4 s", plan_died(&b, now, 9000, false), 400);
	for (i = 0; i < 20; i++)
		delay = plan_died(&b, now, 0, false);
	test_int("at most 60 s", delay, 60000);
	test_int("still", plan_died(&b, now + 59999, 0, false), 60000);
	test_int("a healthy minute forgets",
	    plan_died(&b, now + 59999 + 60000, 0, false), 100);
	/* Workers that are killed one a second must not stop the service. */
	for (i = 0; i < 60; i++)
		delay += plan_died(&b, now + 200000 + i * 1000, 900, true);
	test_int("a kill a second is no crash loop", delay, 60000);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		test_int(sizes[i].name, plan_workers(&sizes[i].w,
		    sizes[i].busy), sizes[i].want);
		test_int(sizes[i].name, plan_most(&sizes[i].w), sizes[i].most);
	}
	for (i = 0; i < sizeof capacities / sizeof capacities[0]; i++)
		test_int(capacities[i].name, plan_capacity(
		    capacities[i].sessions, capacities[i].descriptors,
		    capacities[i].others), capacities[i].want);
	for (i = 0; i < sizeof accepting / sizeof accepting[0]; i++)
		test_accepting(accepting[i].name, accepting[i].in,
		    accepting[i].want);
	test_equals();
	test_backoff();
	return test_done();
}
