#ifndef CHUNK_H
#define CHUNK_H

#include <stdbool.h>
#include <stddef.h>

struct policy;

/*
 * chunk: the names of files in messages.
 *
 * Lua cuts a long path in its messages to "...tail:12: what".  The paths of
 * all chunks are remembered, so that messages can say them in full.
 */
void chunk_remember(struct policy *, const char *path);
/* The first line of a message or traceback, its path in full. */
void chunk_first_line(const struct policy *, const char *text, char *out,
    size_t size);
/* The line where text first has word as a whole word; 1 if nowhere. */
int chunk_line_of(const char *text, size_t len, const char *word);
/* Does the first line say where, "file:line: what"? */
bool chunk_has_line(const char *text);

#endif
