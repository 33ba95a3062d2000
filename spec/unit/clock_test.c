#include "clock.h"

#include <time.h>

#include "test.h"

static const struct {
	double wall;
	const char *rfc3339, *tz, *rfc5322;
} cases[] = {
	{ 0, "1970-01-01T00:00:00.000Z", "UTC0",
	    "Thu, 1 Jan 1970 00:00:00 +0000" },
	{ 951782400.125, "2000-02-29T00:00:00.125Z", "CET-1",
	    "Tue, 29 Feb 2000 01:00:00 +0100" },
	{ 1735689599.9996, "2024-12-31T23:59:59.999Z", "NST3:30",
	    "Tue, 31 Dec 2024 20:29:59 -0330" },
	{ 2147483648.0, "2038-01-19T03:14:08.000Z", "LINT-14",
	    "Tue, 19 Jan 2038 17:14:08 +1400" },
	{ -0.5, "1969-12-31T23:59:59.500Z", "UTC0",
	    "Wed, 31 Dec 1969 23:59:59 +0000" },
};

int
main(void)
{
	char out[CLOCK_TEXT_MAX];
	int64_t before = clock_ms();
	size_t i;

	test_ok("monotonic", clock_ms() >= before);
	test_ok("wall", clock_wall() > 1.6e9);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		setenv("TZ", cases[i].tz, 1);
		tzset();
		test_str("rfc3339", clock_rfc3339(cases[i].wall, out),
		    cases[i].rfc3339);
		test_str("rfc5322", clock_rfc5322(cases[i].wall, out),
		    cases[i].rfc5322);
	}
	return test_done();
}
