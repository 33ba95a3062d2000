#include <stdio.h>
#include <string.h>

#include "conf_place.h"

char *
conf_place(char *out, size_t size, const char *file, int line)
{
	if (line > 0 && !conf_place_is_override(file))
		snprintf(out, size, "%s:%d", file, line);
	else
		snprintf(out, size, "%s", file);
	return out;
}

bool
conf_place_is_override(const char *file)
{
	return strncmp(file, "-o ", 3) == 0;
}

char *
conf_place_step(const struct conf_step *s, char *out, size_t size)
{
	size_t len;

	*out = '\0';
	if (s->up) {
		conf_place_step(s->up, out, size);
		len = strlen(out);
		snprintf(out + len, size - len, ".");
	}
	len = strlen(out);
	if (s->key)
		snprintf(out + len, size - len, "%s", s->key);
	else
		snprintf(out + len, size - len, "%zu", s->index);
	return out;
}
