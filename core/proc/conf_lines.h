#ifndef CONF_LINES_H
#define CONF_LINES_H

#include <stddef.h>

struct arena;

/*
 * conf_lines: on which line of a Lua text each key of a table is written.
 *
 * Lua knows the line of an assignment, and not those of the keys in its table;
 * a message that names the line of the key wants both.  This is a scan of a
 * text that has been compiled already: it follows names, assignments and table
 * constructors and skips all else.  What it cannot follow (a table that a loop
 * fills) has no node, and the line of what holds it is used.
 */
struct conf_line {
	const char *key;	/* NULL: positional */
	size_t index;		/* of a positional item, from 1 */
	int line, end;		/* first and last line of the item */
	struct conf_line *child, *last, *next;	/* in the order of the text */
};

/* The assignments of a text are the children of what is returned; nested keys
 * are below them. */
struct conf_line *conf_lines_scan(const char *p, size_t len, struct arena *);
/* The assignment to a global that was under way on that line; or NULL. */
const struct conf_line *conf_lines_global(const struct conf_line *text,
    const char *key, int line);
/* An item of a table, the last of that name; node may be NULL. */
const struct conf_line *conf_lines_key(const struct conf_line *node,
    const char *key);
/* A positional item.  Asked for in order, each takes up the search where the
 * one before ended: *at is NULL at first. */
const struct conf_line *conf_lines_index(const struct conf_line *node,
    size_t index, const struct conf_line **at);

#endif
