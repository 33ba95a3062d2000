#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "mem.h"
#include "siphash.h"

#include "rates.h"

/*
 * A bucket is the moment at which it will be full again: a token moves that
 * moment by its share of a minute, and may not move it further than a minute
 * from now.  The tag says whose it is, the hash of kind and client under a
 * secret key.  Two workers that take an old bucket at the same moment, or one
 * that is just being taken, may lose or gain a client one token; that is all.
 */
enum {
	WINDOW = 32,			/* rows in which a tag may live */
	TAG_FREE = 0,
};

static const int64_t MINUTE = 60 * 1000 * 1000;	/* in us, as all here */

struct row {
	_Atomic uint64_t tag;
	_Atomic int64_t full;
};

struct rates {
	size_t rows;
	struct siphash_key key;
	struct row *row;		/* shared */
};

struct rates *
rates_new(size_t rows)
{
	struct rates *r;
	void *p;

	if (rows < WINDOW)
		rows = WINDOW;
	p = mmap(NULL, rows * sizeof(struct row), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	r = mem_alloc(sizeof *r);
	r->rows = rows;
	r->row = p;
	siphash_key_init(&r->key);
	return r;
}

void
rates_free(struct rates *r)
{
	if (!r)
		return;
	munmap(r->row, r->rows * sizeof *r->row);
	mem_free(r);
}

static uint64_t
tag_of(const struct rates *r, enum rates_kind kind, const struct cidr *c)
{
	unsigned char text[sizeof *c + 1];
	uint64_t tag;

	memcpy(text, c, sizeof *c);
	text[sizeof *c] = (unsigned char)kind;
	tag = siphash(&r->key, text, sizeof text);
	return tag == TAG_FREE ? 1 : tag;
}

/* Until when a bucket is in use.  What is further off than a bucket can be was
 * not written by this code, and is not believed. */
static int64_t
full_at(int64_t full, int64_t now)
{
	return full > now && full - now <= 2 * MINUTE ? full : now;
}

static bool
is_spare(const struct row *row, uint64_t tag, int64_t now)
{
	return tag == TAG_FREE || full_at(atomic_load(&row->full), now) == now;
}

/* The row of that tag, perhaps made so; NULL if all are in use. */
static struct row *
find(struct rates *r, uint64_t tag, int64_t now)
{
	struct row *row, *spare = NULL;
	uint64_t old;
	unsigned i;

	for (i = 0; i < WINDOW; i++) {
		row = &r->row[(tag % r->rows + i) % r->rows];
		old = atomic_load(&row->tag);
		if (old == tag)
			return row;
		if (!spare && is_spare(row, old, now))
			spare = row;
	}
	if (!spare)
		return NULL;
	old = atomic_load(&spare->tag);
	return atomic_compare_exchange_strong(&spare->tag, &old, tag) ? spare :
	    NULL;
}

bool
rates_take(struct rates *r, enum rates_kind kind, const struct cidr *c,
    unsigned a_minute, int64_t now_ms)
{
	int64_t now = now_ms * 1000, share, seen, full;
	struct row *row;

	if (a_minute == 0)
		return true;
	row = find(r, tag_of(r, kind, c), now);
	if (!row)
		return true;
	share = MINUTE / a_minute;
	seen = atomic_load(&row->full);
	do {
		full = full_at(seen, now) + share;
		if (full - now > MINUTE)
			return false;
	} while (!atomic_compare_exchange_weak(&row->full, &seen, full));
	return true;
}
