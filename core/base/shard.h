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
 * text run through them.  Cells of one size never fragment: what fits at all
 * fits once enough was evicted.  Cell numbers begin with 1; 0 ends a list.
 */
struct shard {
	pthread_mutex_t lock;
	uint32_t cells, buckets;	/* buckets: a power of two */
	uint32_t fresh;			/* cells from here on were never used */
	uint32_t spare, spares;		/* list of those given back */
	uint32_t count, newest, oldest;
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

/* The entry's number, 0 for none; it is the newest then.  One that has expired
 * is removed. */
uint32_t shard_find(struct shard *, double now, const struct shard_key *);
void shard_remove(struct shard *, uint32_t n);
/* Can it hold that at all?  shard_insert wants this asked before. */
bool shard_fits(const struct shard *, const struct shard_key *,
    const struct shdict_value *);
/* The key must not be there.  The oldest entries make room. */
void shard_insert(struct shard *, double now, const struct shard_key *,
    const struct shdict_value *);
/* Copy the value out, its text into space; false if space is too small. */
bool shard_value(struct shard *, double now, uint32_t n, char *space,
    size_t size, struct shdict_value *out);
/* The number of an entry that is a number; NULL for other types. */
double *shard_number(struct shard *, uint32_t n);
/* The newest (n = 0), and the next older one; 0 at the end. */
uint32_t shard_older(struct shard *, uint32_t n);
/* The key's length, 0 to SHDICT_KEY_MAX; -1 if the entry has expired. */
int shard_key_of(struct shard *, double now, uint32_t n,
    char out[SHDICT_KEY_MAX]);

#endif
