#include <stdlib.h>
#include <string.h>

#include "quantity.h"

struct unit {
	const char *name;
	double factor;
};

static int
parse(const char *text, const struct unit *unit, double *out)
{
	char *end;
	double n;

	if (*text < '0' || *text > '9')
		return -1;
	n = strtod(text, &end);
	while (*end == ' ')
		end++;
	for (; unit->name; unit++) {
		if (strcmp(unit->name, end) == 0) {
			*out = n * unit->factor;
			return 0;
		}
	}
	return -1;
}

int
quantity_size(const char *text, double *out)
{
	static const struct unit units[] = {
		{ "", 1 }, { "K", 1024 }, { "M", 1024.0 * 1024 },
		{ "G", 1024.0 * 1024 * 1024 }, { NULL, 0 }
	};

	return parse(text, units, out);
}

int
quantity_duration(const char *text, double *out)
{
	static const struct unit units[] = {
		{ "", 1 }, { "ms", 0.001 }, { "s", 1 }, { "m", 60 },
		{ "h", 3600 }, { "d", 86400 }, { "w", 604800 }, { NULL, 0 }
	};

	return parse(text, units, out);
}
