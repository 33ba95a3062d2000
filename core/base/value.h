#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct arena;

enum { VALUE_DEPTH_MAX = 32 };	/* whoever makes a tree refuses a deeper one */

/*
 * value: a tree of plain data, the form in which a configuration travels.
 *
 * The reader makes it from Lua, encodes it into the bundle, and every other
 * process decodes it: no Lua runs in the supervisor.  Decoded strings are
 * views into the encoded bytes (and followed by a NUL), so that large texts
 * are mapped and not copied.  file and line say where the value was written,
 * as exactly as is known; NULL and 0 if not.
 */
enum value_type {
	VALUE_NIL, VALUE_BOOL, VALUE_NUMBER, VALUE_STRING, VALUE_TABLE,
};

struct value {
	enum value_type type;
	int line;
	const char *file;
	union {
		bool b;
		double n;
		struct { const char *p; size_t len; } s;
		struct { struct value_item *item; size_t count; } t;
	};
};

/* Positional items have key NULL and come first, in order; then named ones. */
struct value_item {
	const char *key;
	struct value v;
};

/* By key, or the i-th positional item from 0; NULL if there is none. */
const struct value *value_get(const struct value *, const char *key);
const struct value *value_at(const struct value *, size_t i);
size_t value_len(const struct value *);		/* positional items */
const char *value_type_name(enum value_type);

void value_encode(const struct value *, struct buf *out);
/* Never trusts the bytes: bounds, depth and counts are checked.  0 or -1. */
int value_decode(const char *p, size_t len, struct arena *, struct value *out);

#endif
