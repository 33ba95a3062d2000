#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

#include "title.h"

/* The memory of argv and of the environment behind it. */
static struct {
	char *p;
	size_t size;
} space;

/* The end of the run of strings that starts at end and follows it in memory. */
static char *
run_end(char *const *word, char *end)
{
	for (; *word; word++)
		if (*word == end)
			end += strlen(*word) + 1;
	return end;
}

void
title_init(int argc, char **argv)
{
	char **copy, *end;
	size_t n;

	if (argc < 1 || space.p)
		return;
	end = run_end(environ, run_end(argv, argv[0]));

	for (n = 0; environ[n]; n++)
		continue;
	copy = mem_array(n + 1, sizeof *copy);
	for (n = 0; environ[n]; n++)
		copy[n] = mem_strdup(environ[n]);
	environ = copy;

	space.p = argv[0];
	space.size = (size_t)(end - argv[0]);
}

void
title_set(const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!space.p)
		return;
	va_start(ap, fmt);
	n = vsnprintf(space.p, space.size, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= space.size)
		n = (int)space.size - 1;
	memset(space.p + n, 0, space.size - (size_t)n);
}
