#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "mem.h"
#include "shard.h"
#include "siphash.h"

#include "shdict.h"

enum {
	SHARD_AIM = 256 * 1024,		/* four times the largest value */
	SHARDS_MAX = 64,
	LOCK_MS = 100,
	MAGIC = 0x4c534431,
};

/* The memory begins with this; the shards follow. */
struct header {
	uint64_t size;
	uint32_t magic, shards;
	uint64_t shard_size;
	struct siphash_key key;
} __attribute__((aligned(64)));

struct shdict {
	struct header *head;
	unsigned lost;
};

static struct shard *
shard_at(struct header *h, uint32_t i)
{
	return (struct shard *)((char *)(h + 1) + i * h->shard_size);
}

int
shdict_format(void *mem, size_t size)
{
	struct header *h = mem;
	uint32_t i;

	if (size < SHDICT_SIZE_MIN)
		return -1;
	h->shards = size / SHARD_AIM < SHARDS_MAX ?
	    (uint32_t)(size / SHARD_AIM) : SHARDS_MAX;
	if (h->shards == 0)
		h->shards = 1;
	h->size = size;
	h->shard_size = (size - sizeof *h) / h->shards & ~(uint64_t)63;
	siphash_key_init(&h->key);
	for (i = 0; i < h->shards; i++)
		shard_format(shard_at(h, i), h->shard_size);
	h->magic = MAGIC;
	return 0;
}

struct shdict *
shdict_open(void *mem, size_t size)
{
	struct header *h = mem;
	struct shdict *d;

	if (size < SHDICT_SIZE_MIN || h->magic != MAGIC || h->size != size)
		return NULL;
	d = mem_alloc(sizeof *d);
	d->head = h;
	return d;
}

void
shdict_close(struct shdict *d)
{
	mem_free(d);
}

/* A holder that died may have left anything: its shard begins anew. */
static bool
shard_lock(struct shdict *d, struct shard *s)
{
	struct timespec until;
	int e = pthread_mutex_trylock(&s->lock);

	if (e == EBUSY) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOCK_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_nsec -= 1000000000L;
			until.tv_sec++;
		}
		e = pthread_mutex_clocklock(&s->lock, CLOCK_MONOTONIC, &until);
	}
	if (e == EOWNERDEAD) {
		shard_empty(s);
		pthread_mutex_consistent(&s->lock);
		d->lost++;
		e = 0;
	}
	return e == 0;
}

static void
shard_unlock(struct shard *s)
{
	pthread_mutex_unlock(&s->lock);
}

/* The shard of a key, locked, and the key with its hash; NULL: busy. */
static struct shard *
enter(struct shdict *d, const char *key, size_t klen, struct shard_key *out)
{
	uint64_t h = siphash(&d->head->key, key, klen);
	uint32_t i = (uint32_t)((h >> 32) % d->head->shards);
	struct shard *s = shard_at(d->head, i);

	*out = (struct shard_key){ key, klen, (uint32_t)h };
	return shard_lock(d, s) ? s : NULL;
}

enum shdict_status
shdict_get(struct shdict *d, double now, const char *key, size_t klen,
    char *space, size_t size, struct shdict_value *out)
{
	enum shdict_status r = SHDICT_MISSING;
	struct shard_key k;
	struct shard *s = enter(d, key, klen, &k);
	uint32_t n;

	if (!s)
		return SHDICT_BUSY;
	if ((n = shard_find(s, now, &k)))
		r = shard_value(s, now, n, space, size, out) ?
		    SHDICT_OK : SHDICT_FULL;
	shard_unlock(s);
	return r;
}

enum shdict_status
shdict_set(struct shdict *d, double now, const char *key, size_t klen,
    const struct shdict_value *v)
{
	enum shdict_status r = SHDICT_FULL;
	struct shard_key k;
	struct shard *s = enter(d, key, klen, &k);
	uint32_t n;

	if (!s)
		return SHDICT_BUSY;
	n = shard_find(s, now, &k);
	if (shard_make_room(s, now, n, &k, v)) {
		if (n)
			shard_remove(s, n);
		shard_insert(s, now, &k, v);
		r = SHDICT_OK;
	}
	shard_unlock(s);
	return r;
}

enum shdict_status
shdict_add(struct shdict *d, double now, const char *key, size_t klen,
    const struct shdict_value *v, char *space, size_t size,
    struct shdict_value *old)
{
	enum shdict_status r = SHDICT_FULL;
	struct shard_key k;
	struct shard *s = enter(d, key, klen, &k);
	uint32_t n;

	if (!s)
		return SHDICT_BUSY;
	if ((n = shard_find(s, now, &k))) {
		if (shard_value(s, now, n, space, size, old))
			r = SHDICT_EXISTS;
	} else if (shard_make_room(s, now, 0, &k, v)) {
		shard_insert(s, now, &k, v);
		r = SHDICT_OK;
	}
	shard_unlock(s);
	return r;
}

enum shdict_status
shdict_incr(struct shdict *d, double now, const char *key, size_t klen,
    double by, double ttl, double *out)
{
	struct shdict_value v = { .type = SHDICT_NUMBER, .n = by, .ttl = ttl };
	enum shdict_status r = SHDICT_OK;
	struct shard_key k;
	struct shard *s = enter(d, key, klen, &k);
	double *number;
	uint32_t n;

	if (!s)
		return SHDICT_BUSY;
	if ((n = shard_find(s, now, &k))) {
		if ((number = shard_number(s, n)))
			*out = *number += by;
		else
			r = SHDICT_TYPE;
	} else if (shard_make_room(s, now, 0, &k, &v)) {
		shard_insert(s, now, &k, &v);
		*out = by;
	} else {
		r = SHDICT_FULL;
	}
	shard_unlock(s);
	return r;
}

enum shdict_status
shdict_delete(struct shdict *d, double now, const char *key, size_t klen)
{
	struct shard_key k;
	struct shard *s = enter(d, key, klen, &k);
	uint32_t n;

	if (!s)
		return SHDICT_BUSY;
	if ((n = shard_find(s, now, &k)))
		shard_remove(s, n);
	shard_unlock(s);
	return n ? SHDICT_OK : SHDICT_MISSING;
}

/* Append up to max keys of a shard, each with a byte of length before it;
 * returns how many. */
static size_t
gather(struct shard *s, double now, size_t max, struct buf *out)
{
	char key[SHDICT_KEY_MAX];
	size_t count = 0;
	uint32_t n = 0;
	uint8_t klen;
	int len;

	while (count < max && (n = shard_next(s, n))) {
		if ((len = shard_key_of(s, now, n, key)) < 0)
			continue;
		klen = (uint8_t)len;
		buf_append(out, &klen, 1);
		buf_append(out, key, klen);
		count++;
	}
	return count;
}

void
shdict_keys(struct shdict *d, double now, size_t max,
    void (*fn)(void *arg, const char *key, size_t len), void *arg)
{
	struct shard *s;
	struct buf b;
	uint32_t i;
	size_t klen;

	buf_init(&b);
	for (i = 0; i < d->head->shards && max > 0; i++) {
		s = shard_at(d->head, i);
		if (!shard_lock(d, s))
			continue;
		max -= gather(s, now, max, &b);
		shard_unlock(s);
	}
	while (b.len > 0) {
		klen = (uint8_t)b.p[0];
		fn(arg, b.p + 1, klen);
		buf_consume(&b, 1 + klen);
	}
	buf_clear(&b);
}

unsigned
shdict_lost(struct shdict *d)
{
	unsigned n = d->lost;

	d->lost = 0;
	return n;
}

size_t
shdict_count(struct shdict *d)
{
	struct shard *s;
	uint32_t i;
	size_t n = 0;

	for (i = 0; i < d->head->shards; i++) {
		s = shard_at(d->head, i);
		if (!shard_lock(d, s))
			continue;
		n += s->count;
		shard_unlock(s);
	}
	return n;
}
