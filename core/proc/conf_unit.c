#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "conf.h"

struct unit {
	const char *name;
	double factor;
};

static const struct unit sizes[] = {
	{ "", 1 }, { "k", 1024 }, { "kb", 1024 },
	{ "m", 1048576 }, { "mb", 1048576 },
	{ "g", 1073741824 }, { "gb", 1073741824 }, { NULL, 0 },
};

static const struct unit durations[] = {
	{ "", 1 }, { "ms", 0.001 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
	{ "d", 86400 }, { "w", 604800 }, { NULL, 0 },
};

/* Decimal digits with an optional fraction, then a unit.  strtod alone would
 * take signs, "inf" and hexadecimal. */
static int
number(const char *text, const struct unit *unit, double *out)
{
	char *end;
	double n;

	if (!isdigit((unsigned char)*text) || text[1] == 'x' || text[1] == 'X')
		return -1;
	n = strtod(text, &end);
	while (*end == ' ')
		end++;
	for (; unit->name; unit++) {
		if (strcasecmp(end, unit->name) == 0) {
			*out = n * unit->factor;
			return isfinite(*out) ? 0 : -1;
		}
	}
	return -1;
}

int
conf_size(const char *text, uint64_t *out)
{
	double n;

	if (number(text, sizes, &n) < 0 || n != floor(n) || n > 0x1p53)
		return -1;
	*out = (uint64_t)n;
	return 0;
}

int
conf_duration(const char *text, double *out)
{
	return number(text, durations, out);
}
