#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"

#include "title.h"

/* The memory of argv and of the environment behind it, and a copy of the
 * latter, which is never freed, whatever becomes of environ. */
static struct {
	char *p;
	size_t size;
	char *copy, **moved;
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

static void
move_environment(void)
{
	size_t n, size = 0, count;
	char *p;

	for (count = 0; environ[count]; count++)
		size += strlen(environ[count]) + 1;
	space.moved = mem_array(count + 1, sizeof *space.moved);
	p = space.copy = mem_alloc(size + 1);
	for (n = 0; n < count; n++) {
		space.moved[n] = p;
		p = stpcpy(p, environ[n]) + 1;
	}
	environ = space.moved;
}

void
title_init(int argc, char **argv)
{
	char *args, *end;

	if (argc < 1 || space.p)
		return;
	args = run_end(argv, argv[0]);
	end = run_end(environ, args);
	move_environment();
	/* A password may be in it, and one copy is easier to look after. */
	explicit_bzero(args, (size_t)(end - args));
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
