#ifndef SHARD_H
#define SHARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shdict.h"

/*
 * shard: one part of a shared dictionary, a table of entries in a piece of
 * memory.  Only shdict.c uses it.  Whoever calls holds the lock; nothing here
 * waits or allocates.
 *
 * In the memory there are numbers, never addresses: a table of buckets, and
 * cells of one size.  An entry is a chain of cells: its head, its key and its
 * text run through them.  Cells of one size never fragment.  Entries that
 * expire are also in a heap, the first to expire on top: room is made without
 * a search.  Cell numbers begin with 1; 0 ends a list.
 */
struct shard {
	pthread_mutex_t lock;
	uint32_t cells, buckets;	/* buckets: a power of two */
	uint32_t fresh;			/* cells from here on were never used */
	uint32_t spare, spares;		/* list of those given back */
	uint32_t count, mortals;	/* entries; those that expire */
	uint32_t bucket[];
} __attribute__((aligned(64)));

/* Make the fields and the lock of a shard in size bytes, and empty it. */
void shard_format(struct shard *, size_t size);
void shard_empty(struct shard *);

struct shard_key {
	const char *p;
	size_t len;
	uint32_t hash;
};

/* The entry's number, 0 for none.  One that has expired is removed. */
uint32_t shard_find(struct shard *, double now, const struct shard_key *);
void shard_remove(struct shard *, uint32_t n);
/* Is there room for that, in the place of entry n (0: beside all others)?
 * Expired entries are removed as far as it takes; live ones never are. */
bool shard_make_room(struct shard *, double now, uint32_t n,
    const struct shard_key *, const struct shdict_value *);
/* The key must not be there, and there must be room. */
void shard_insert(struct shard *, double now, const struct shard_key *,
    const struct shdict_value *);
/* Copy the value out, its text into space; false if space is too small. */
bool shard_value(struct shard *, double now, uint32_t n, char *space,
    size_t size, struct shdict_value *out);
/* The number of an entry that is a number; NULL for other types. */
double *shard_number(struct shard *, uint32_t n);
/* The first entry (n = 0), and the one after n; 0 at the end. */
uint32_t shard_next(struct shard *, uint32_t n);
/* The key's length, 0 to SHDICT_KEY_MAX; -1 if the entry has expired. */
int shard_key_of(struct shard *, double now, uint32_t n,
    char out[SHDICT_KEY_MAX]);

#endif
