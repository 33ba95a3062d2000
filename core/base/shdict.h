#ifndef SHDICT_H
#define SHDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * shdict: a dictionary in shared memory, used by all workers at once.
 *
 * The memory is a mapping of a memfd that the supervisor keeps; it survives
 * reloads.  Keys and values are bytes; entries expire.  A key belongs to one
 * of several shards, each with its part of the memory.  A shard that is full
 * drops what has expired, first expired first; a live entry is never dropped
 * for another one: then the new one is refused.  Each shard has a robust
 * mutex, taken with a short timed lock.  A holder that died costs its shard:
 * it is emptied, and shdict_lost says so to who found it, so that one process
 * logs it.
 */
enum shdict_status {
	SHDICT_OK, SHDICT_MISSING, SHDICT_EXISTS, SHDICT_FULL, SHDICT_TYPE,
	SHDICT_BUSY,		/* the lock could not be had in time */
};

enum shdict_type { SHDICT_BOOL, SHDICT_NUMBER, SHDICT_STRING };

struct shdict_value {
	enum shdict_type type;
	bool b;
	double n;
	const char *p;		/* string; after get: in the caller's buffer */
	size_t len;
	double ttl;		/* seconds left, or to set; 0: for ever */
};

enum {
	SHDICT_KEY_MAX = 255,
	SHDICT_VALUE_MAX = 64 * 1024,
	SHDICT_SIZE_MIN = 64 * 1024,
};

struct shdict;

/* Format fresh (zeroed) memory of that size; 0 or -1 if it is too small. */
int shdict_format(void *mem, size_t size);
/* Use formatted memory, mapped shared; NULL if it is not a dictionary. */
struct shdict *shdict_open(void *mem, size_t size);
void shdict_close(struct shdict *);		/* does not unmap */

/*
 * now: seconds of the monotonic clock (the same for all processes).  FULL:
 * there is no room for it, now or ever, and nothing was changed (a set over a
 * key counts the room that this one has); or the caller's space is too small
 * for the text that is there; SHDICT_VALUE_MAX is always enough.
 */
enum shdict_status shdict_get(struct shdict *, double now, const char *key,
    size_t klen, char *space, size_t size, struct shdict_value *out);
enum shdict_status shdict_set(struct shdict *, double now, const char *key,
    size_t klen, const struct shdict_value *);
/* EXISTS: *old is the value that is there. */
enum shdict_status shdict_add(struct shdict *, double now, const char *key,
    size_t klen, const struct shdict_value *, char *space, size_t size,
    struct shdict_value *old);
/* Starts at 0; ttl counts only when the entry is born. */
enum shdict_status shdict_incr(struct shdict *, double now, const char *key,
    size_t klen, double by, double ttl, double *out);
enum shdict_status shdict_delete(struct shdict *, double now, const char *key,
    size_t klen);
/* Up to max keys that have not expired; fn for each, no lock held. */
void shdict_keys(struct shdict *, double now, size_t max,
    void (*fn)(void *arg, const char *key, size_t len), void *arg);
/* Shards that this process found broken and emptied since it last asked. */
unsigned shdict_lost(struct shdict *);
size_t shdict_count(struct shdict *);	/* with expired ones not yet seen */

#endif
