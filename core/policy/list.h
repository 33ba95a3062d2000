#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "buf.h"

/*
 * list: large sets and maps as one compact block of bytes.
 *
 * Compiled once, in the loader, and mapped by every worker.  A block is sorted
 * arrays of offsets, so looking up copies and allocates nothing.  A block from
 * elsewhere is checked when it is opened, and every offset on use.
 *
 *   domains    "example.org", ".example.org" (everything below it), a literal
 *   cidrs      networks and single addresses; the longest that fits counts
 *   addresses  "user@example.org", "user@" (any domain), "@example.org",
 *              "@.example.org", "<>"
 *   map        any key; one that begins with a dot stands for what is below
 *
 * Nothing depends on upper and lower case, and domains compare as A-labels: one
 * that is written in UTF-8 is the same.  An entry may have a value.
 */
enum list_kind { LIST_DOMAINS, LIST_CIDRS, LIST_ADDRESSES, LIST_MAP };

struct list_builder;
struct list_builder *list_builder_new(enum list_kind);
void list_builder_free(struct list_builder *);
/* value may be NULL.  0, or -1 with error.  The first of equal keys counts. */
int list_add(struct list_builder *, const char *key, size_t len,
    const char *value, size_t value_len, char *error, size_t size);
/* One entry a line, "key" or "key value"; # begins a comment. */
int list_add_text(struct list_builder *, const char *text, size_t len,
    char *error, size_t size);
/* Append the block to out. */
void list_compile(struct list_builder *, struct buf *out);

struct list {
	const char *p;
	size_t len;
	enum list_kind kind;
	uint32_t count;
};

struct list_hit {
	const char *entry, *value;	/* views; value NULL if it has none */
	size_t entry_len, value_len;
};

int list_open(const char *p, size_t len, struct list *out);	/* 0 or -1 */
/* The i-th entry in the order of the block. */
bool list_entry(const struct list *, size_t i, struct list_hit *out);
bool list_find(const struct list *, const char *key, size_t len,
    struct list_hit *out);

#endif
