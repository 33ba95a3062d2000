#include <string.h>

#include "shdict.h"

#include "shard.h"

enum { CELL = 128, BUCKETS_MIN = 16 };

struct cell {
	uint32_t next;
	char data[CELL - sizeof(uint32_t)];
};

/* The first cell of an entry. */
struct entry {
	uint32_t next;			/* cell, as in struct cell */
	uint32_t chain;			/* entry in the same bucket */
	uint32_t place;			/* in the heap, 0: never expires */
	uint32_t hash, len;		/* of the text */
	double expires;			/* 0: never */
	double n;
	uint8_t type, b, klen;
	char data[CELL - 43];
};

union slot {
	struct cell cell;
	struct entry entry;
};

_Static_assert(sizeof(union slot) == CELL, "a head is one cell");

/* A place in the bytes of an entry. */
struct cursor {
	struct shard *shard;
	uint32_t cell;
	size_t off;
};

static union slot *
slot_at(struct shard *s, uint32_t n)
{
	size_t head = sizeof *s + s->buckets * sizeof s->bucket[0];

	return (union slot *)((char *)s + head) + (n - 1);
}

/* The place, from 1, in the heap, which follows the cells. */
static uint32_t *
heap_at(struct shard *s, uint32_t place)
{
	return (uint32_t *)slot_at(s, s->cells + 1) + (place - 1);
}

static struct entry *
entry_at(struct shard *s, uint32_t n)
{
	return &slot_at(s, n)->entry;
}

void
shard_empty(struct shard *s)
{
	memset(s->bucket, 0, s->buckets * sizeof s->bucket[0]);
	s->fresh = 1;
	s->spare = s->spares = 0;
	s->count = s->mortals = 0;
}

/* As many buckets as half the cells, rounded down to a power of two. */
void
shard_format(struct shard *s, size_t size)
{
	pthread_mutexattr_t a;
	size_t room = size - sizeof *s;

	for (s->buckets = BUCKETS_MIN; s->buckets * 2 <= room / CELL / 2; )
		s->buckets *= 2;
	s->cells = (uint32_t)((room - s->buckets * sizeof s->bucket[0]) /
	    (CELL + sizeof(uint32_t)));
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->lock, &a);
	pthread_mutexattr_destroy(&a);
	shard_empty(s);
}

/* The bytes at the cursor, which are in one cell; moves it on. */
static char *
cursor_run(struct cursor *c, size_t *n)
{
	union slot *slot = slot_at(c->shard, c->cell);
	char *p = (char *)slot + c->off;

	if (*n > CELL - c->off)
		*n = CELL - c->off;
	c->off += *n;
	if (c->off == CELL) {
		c->cell = slot->cell.next;
		c->off = offsetof(struct cell, data);
	}
	return p;
}

static void
cursor_write(struct cursor *c, const char *p, size_t len)
{
	size_t n;
	char *to;

	for (; len > 0; p += n, len -= n) {
		n = len;
		to = cursor_run(c, &n);
		memcpy(to, p, n);
	}
}

static void
cursor_read(struct cursor *c, char *p, size_t len)
{
	const char *from;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = len;
		from = cursor_run(c, &n);
		memcpy(p, from, n);
	}
}

static bool
cursor_equal(struct cursor *c, const char *p, size_t len)
{
	const char *from;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = len;
		from = cursor_run(c, &n);
		if (memcmp(p, from, n) != 0)
			return false;
	}
	return true;
}

static struct cursor
key_cursor(struct shard *s, uint32_t n)
{
	return (struct cursor){ s, n, offsetof(struct entry, data) };
}

static uint32_t
cells_for(size_t bytes)
{
	size_t first = CELL - offsetof(struct entry, data);
	size_t each = CELL - offsetof(struct cell, data);

	return bytes <= first ? 1 :
	    (uint32_t)(1 + (bytes - first + each - 1) / each);
}

static void
heap_put(struct shard *s, uint32_t place, uint32_t n)
{
	*heap_at(s, place) = n;
	entry_at(s, n)->place = place;
}

static double
heap_expires(struct shard *s, uint32_t place)
{
	return entry_at(s, *heap_at(s, place))->expires;
}

/* Put n where it belongs, with place free and all else in order. */
static void
heap_settle(struct shard *s, uint32_t place, uint32_t n)
{
	double expires = entry_at(s, n)->expires;
	uint32_t next;

	while (place > 1 && heap_expires(s, place / 2) > expires) {
		heap_put(s, place, *heap_at(s, place / 2));
		place /= 2;
	}
	while ((next = place * 2) <= s->mortals) {
		if (next < s->mortals &&
		    heap_expires(s, next + 1) < heap_expires(s, next))
			next++;
		if (heap_expires(s, next) >= expires)
			break;
		heap_put(s, place, *heap_at(s, next));
		place = next;
	}
	heap_put(s, place, n);
}

static void
heap_remove(struct shard *s, uint32_t place)
{
	uint32_t last = *heap_at(s, s->mortals--);

	if (place <= s->mortals)
		heap_settle(s, place, last);
}

static bool
has_expired(const struct entry *e, double now)
{
	return e->expires > 0 && e->expires <= now;
}

static uint32_t *
bucket_of(struct shard *s, uint32_t hash)
{
	return &s->bucket[hash & (s->buckets - 1)];
}

void
shard_remove(struct shard *s, uint32_t n)
{
	struct entry *e = entry_at(s, n);
	uint32_t *at = bucket_of(s, e->hash), next;

	while (*at != n)
		at = &entry_at(s, *at)->chain;
	*at = e->chain;
	if (e->place)
		heap_remove(s, e->place);
	s->count--;
	for (; n; n = next) {
		next = slot_at(s, n)->cell.next;
		slot_at(s, n)->cell.next = s->spare;
		s->spare = n;
		s->spares++;
	}
}

uint32_t
shard_find(struct shard *s, double now, const struct shard_key *k)
{
	const struct entry *e;
	struct cursor c;
	uint32_t n;

	for (n = *bucket_of(s, k->hash); n; n = e->chain) {
		e = entry_at(s, n);
		c = key_cursor(s, n);
		if (e->hash != k->hash || e->klen != k->len ||
		    !cursor_equal(&c, k->p, k->len))
			continue;
		if (has_expired(e, now)) {
			shard_remove(s, n);
			return 0;
		}
		return n;
	}
	return 0;
}

/* A chain of so many cells, which are there. */
static uint32_t
cells_take(struct shard *s, uint32_t want)
{
	uint32_t first = 0, n;

	while (want--) {
		if (s->spare) {
			n = s->spare;
			s->spare = slot_at(s, n)->cell.next;
			s->spares--;
		} else {
			n = s->fresh++;
		}
		slot_at(s, n)->cell.next = first;
		first = n;
	}
	return first;
}

static uint32_t
cells_free(const struct shard *s)
{
	return s->spares + (s->cells + 1 - s->fresh);
}

static size_t
text_length(const struct shdict_value *v)
{
	return v->type == SHDICT_STRING ? v->len : 0;
}

bool
shard_make_room(struct shard *s, double now, uint32_t n,
    const struct shard_key *k, const struct shdict_value *v)
{
	const struct entry *e = n ? entry_at(s, n) : NULL;
	uint32_t own = e ? cells_for(e->klen + e->len) : 0, want, first;

	if (k->len > SHDICT_KEY_MAX || text_length(v) > SHDICT_VALUE_MAX)
		return false;
	want = cells_for(k->len + text_length(v));
	while (cells_free(s) + own < want) {
		if (!s->mortals)
			return false;
		first = *heap_at(s, 1);
		if (!has_expired(entry_at(s, first), now))
			return false;
		shard_remove(s, first);
	}
	return true;
}

void
shard_insert(struct shard *s, double now, const struct shard_key *k,
    const struct shdict_value *v)
{
	size_t len = text_length(v);
	uint32_t n = cells_take(s, cells_for(k->len + len));
	struct entry *e = entry_at(s, n);
	struct cursor c = key_cursor(s, n);

	e->hash = k->hash;
	e->klen = (uint8_t)k->len;
	e->len = (uint32_t)len;
	e->type = (uint8_t)v->type;
	e->b = v->b;
	e->n = v->n;
	e->expires = v->ttl > 0 ? now + v->ttl : 0;
	cursor_write(&c, k->p, k->len);
	cursor_write(&c, v->p, len);
	e->chain = *bucket_of(s, k->hash);
	*bucket_of(s, k->hash) = n;
	e->place = 0;
	if (e->expires > 0)
		heap_settle(s, ++s->mortals, n);
	s->count++;
}

bool
shard_value(struct shard *s, double now, uint32_t n, char *space, size_t size,
    struct shdict_value *out)
{
	const struct entry *e = entry_at(s, n);
	struct cursor c = key_cursor(s, n);
	char key[SHDICT_KEY_MAX];

	memset(out, 0, sizeof *out);
	out->type = (enum shdict_type)e->type;
	out->b = e->b;
	out->n = e->n;
	out->ttl = e->expires > 0 ? e->expires - now : 0;
	if (out->type != SHDICT_STRING)
		return true;
	if (e->len > size)
		return false;
	cursor_read(&c, key, e->klen);
	cursor_read(&c, space, e->len);
	out->p = space;
	out->len = e->len;
	return true;
}

double *
shard_number(struct shard *s, uint32_t n)
{
	struct entry *e = entry_at(s, n);

	return e->type == SHDICT_NUMBER ? &e->n : NULL;
}

uint32_t
shard_next(struct shard *s, uint32_t n)
{
	uint32_t i = 0;

	if (n) {
		if (entry_at(s, n)->chain)
			return entry_at(s, n)->chain;
		i = (entry_at(s, n)->hash & (s->buckets - 1)) + 1;
	}
	while (i < s->buckets && !s->bucket[i])
		i++;
	return i < s->buckets ? s->bucket[i] : 0;
}

int
shard_key_of(struct shard *s, double now, uint32_t n, char out[SHDICT_KEY_MAX])
{
	const struct entry *e = entry_at(s, n);
	struct cursor c = key_cursor(s, n);

	if (has_expired(e, now))
		return -1;
	cursor_read(&c, out, e->klen);
	return e->klen;
}
