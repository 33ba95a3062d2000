#ifndef EDIT_H
#define EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "header.h"

struct arena;
struct header;

/*
 * edit: the list of header fields that goes out in place of the stored ones.
 *
 * It begins as a copy of what came (views into the stored header) and is
 * changed in place; texts of new fields live in the arena.
 */
struct edit_field {
	const char *text;	/* "Name: value\r\n" */
	size_t len;
	size_t name_len;	/* 0: not a field, sent as it is */
	size_t value;		/* offset of the value's first byte */
};

struct edit {
	struct edit_field *field;	/* owned; NULL: nothing was edited */
	size_t count, room;
	size_t top;		/* so many of them stand above our trace */
	size_t octets;		/* sum of their lengths */
};

void edit_clear(struct edit *);
void edit_begin(struct edit *, const struct header *);	/* once is enough */
void edit_view(const struct header *, size_t i, struct edit_field *out);
/* Make a field; -1 if name or value may not be sent. */
int edit_make(struct arena *, const char *name, const char *value, size_t len,
    struct edit_field *out);
void edit_insert(struct edit *, size_t at, const struct edit_field *);
void edit_remove(struct edit *, size_t at);
/* In place of the field there; those of its name behind it go. */
void edit_replace(struct edit *, size_t at, const struct edit_field *);
bool edit_is(const struct edit_field *, const char *name);

#endif
