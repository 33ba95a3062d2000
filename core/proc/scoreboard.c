#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "addr.h"
#include "mem.h"
#include "session.h"
#include "siphash.h"

#include "scoreboard.h"

/*
 * The table of clients.
 *
 * A row is a tag and one count per slot; each count is written by its slot's
 * worker alone.  The tag is the key's hash under a secret key: 64 bits are the
 * key, as far as counting is concerned.  A key lives anywhere in the WINDOW
 * rows from its hash on, and may be there twice: what is counted is the sum.
 *
 * A row whose counts are all zero may be taken for another key: the taker puts
 * its mark in the tag, looks at the counts again, and puts the new key or, if
 * somebody came in, the old one back.  Who came in looks at the tag again
 * after counting and tries elsewhere if it has changed.  A taker that died
 * within leaves its mark and, in its slot's claim, the old key.
 */
enum {
	WINDOW = 32,
	TAG_FREE = 0,		/* never used; marks are slot + 1 */
	TAG_KEY_MIN = SCOREBOARD_WORKERS + 1,
};

_Static_assert(sizeof(struct session_stats) % sizeof(uint64_t) == 0,
    "session_stats holds counters of 64 bits and nothing else");
enum { COUNTERS = sizeof(struct session_stats) / sizeof(uint64_t) };

struct row {
	_Atomic uint16_t held[SCOREBOARD_WORKERS];
};

/* A row that a slot is about to take over, and whose it was. */
struct claim {
	_Atomic uint64_t tag;
	_Atomic size_t row;
} __attribute__((aligned(64)));

/* What is shared.  Behind the tags come the rows. */
struct area {
	_Atomic uint64_t log_drops;
	struct session_stats past;	/* of dead workers */
	struct scoreboard_slot slot[SCOREBOARD_WORKERS];
	struct claim claim[SCOREBOARD_WORKERS];
	_Atomic uint64_t tag[];
};

/*
 * What each process has for itself.  A worker that was taken over can write
 * anything into the area, so where things are, how many there are and which
 * slots are in use is not kept there.
 */
struct scoreboard {
	size_t size, rows;
	struct siphash_key key;
	bool used[SCOREBOARD_WORKERS];
	struct area *area;
	struct scoreboard_slot *slot;
	struct claim *claim;
	_Atomic uint64_t *tag;
	struct row *row;
};

struct scoreboard *
scoreboard_new(size_t clients)
{
	size_t rows = clients < WINDOW ? WINDOW : (clients + 7) & ~(size_t)7;
	size_t head = sizeof(struct area) + rows * sizeof(uint64_t);
	size_t size = head + rows * sizeof(struct row);
	struct scoreboard *s;
	struct area *area;

	area = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		return NULL;
	s = mem_alloc(sizeof *s);
	s->size = size;
	s->rows = rows;
	s->area = area;
	s->slot = area->slot;
	s->claim = area->claim;
	s->tag = area->tag;
	s->row = (struct row *)((char *)area + head);
	siphash_key_init(&s->key);
	return s;
}

void
scoreboard_free(struct scoreboard *s)
{
	if (!s)
		return;
	munmap(s->area, s->size);
	mem_free(s);
}

struct scoreboard_slot *
scoreboard_slot(struct scoreboard *s, unsigned i)
{
	return i < SCOREBOARD_WORKERS ? &s->slot[i] : NULL;
}

int
scoreboard_claim(struct scoreboard *s)
{
	int i;

	for (i = 0; i < SCOREBOARD_WORKERS; i++) {
		if (s->used[i])
			continue;
		s->used[i] = true;
		s->slot[i].state = SCOREBOARD_STARTING;
		return i;
	}
	return -1;
}

/* Add the counters of one struct to those of another. */
static void
add(struct session_stats *to, const struct session_stats *from)
{
	_Atomic uint64_t *t = (_Atomic uint64_t *)to;
	const _Atomic uint64_t *f = (const _Atomic uint64_t *)from;
	size_t i;

	for (i = 0; i < COUNTERS; i++)
		t[i] += f[i];
}

void
scoreboard_reclaim(struct scoreboard *s, unsigned i)
{
	struct scoreboard_slot *slot = &s->slot[i];
	uint64_t mark = i + 1;
	size_t r = s->claim[i].row;

	if (r < s->rows)
		atomic_compare_exchange_strong(&s->tag[r], &mark,
		    s->claim[i].tag);
	for (r = 0; r < s->rows; r++)
		if (s->tag[r] != TAG_FREE && s->row[r].held[i])
			s->row[r].held[i] = 0;
	add(&s->area->past, &slot->stats);
	memset(slot, 0, sizeof *slot);		/* and so SCOREBOARD_FREE */
	s->used[i] = false;
}

static uint64_t
tag_of(const struct scoreboard *s, const struct cidr *c)
{
	uint64_t tag = siphash(&s->key, c, sizeof *c);

	return tag < TAG_KEY_MIN ? tag + TAG_KEY_MIN : tag;
}

static size_t
row_at(const struct scoreboard *s, uint64_t tag, unsigned step)
{
	return (tag % s->rows + step) % s->rows;
}

static unsigned
row_total(const struct scoreboard *s, size_t r)
{
	unsigned i, n = 0;

	for (i = 0; i < SCOREBOARD_WORKERS; i++)
		n += atomic_load_explicit(&s->row[r].held[i],
		    memory_order_seq_cst);
	return n;
}

/* Make row r that of tag, if nobody is counted in it. */
static bool
row_take(struct scoreboard *s, unsigned i, size_t r, uint64_t tag)
{
	uint64_t old = s->tag[r];

	if (old == TAG_FREE)
		return atomic_compare_exchange_strong(&s->tag[r], &old, tag);
	if (old < TAG_KEY_MIN || row_total(s, r) > 0)
		return false;
	s->claim[i].row = r;
	s->claim[i].tag = old;
	if (!atomic_compare_exchange_strong(&s->tag[r], &old, (uint64_t)i + 1))
		return false;
	if (row_total(s, r) > 0) {
		s->tag[r] = old;
		return false;
	}
	s->tag[r] = tag;
	return true;
}

/* Count one in row r; false if the row is another's by now. */
static bool
row_enter(struct scoreboard *s, unsigned i, size_t r, uint64_t tag)
{
	if (s->row[r].held[i] == UINT16_MAX)
		return false;
	s->row[r].held[i]++;
	if (s->tag[r] == tag)
		return true;
	s->row[r].held[i]--;
	return false;
}

static unsigned
total(struct scoreboard *s, uint64_t tag)
{
	unsigned step, n = 0;
	size_t r;

	for (step = 0; step < WINDOW; step++) {
		r = row_at(s, tag, step);
		if (s->tag[r] == tag)
			n += row_total(s, r);
	}
	return n;
}

unsigned
scoreboard_enter(struct scoreboard *s, unsigned i, const struct cidr *c)
{
	uint64_t tag = tag_of(s, c);
	unsigned step, n;
	size_t r;

	for (step = 0; step < WINDOW; step++) {
		r = row_at(s, tag, step);
		if (s->tag[r] == tag && row_enter(s, i, r, tag))
			goto counted;
	}
	for (step = 0; step < WINDOW; step++) {
		r = row_at(s, tag, step);
		if (row_take(s, i, r, tag) && row_enter(s, i, r, tag))
			goto counted;
	}
	return 0;
counted:
	n = total(s, tag);
	return n ? n : 1;	/* the row is being looked at by a taker */
}

/*
 * Is row r, in which the asker is counted, that of tag?  A taker may be looking
 * at it, but can only give it back.  A claim is written row first and read tag
 * first, so that two claims are not mixed up.
 */
static bool
row_is(const struct scoreboard *s, size_t r, uint64_t tag)
{
	uint64_t now = s->tag[r];
	const struct claim *c;

	if (now == TAG_FREE || now >= TAG_KEY_MIN)
		return now == tag;
	c = &s->claim[now - 1];
	return c->tag == tag && c->row == r;
}

static bool
leave(struct scoreboard *s, unsigned i, uint64_t tag)
{
	unsigned step;
	size_t r;

	for (step = 0; step < WINDOW; step++) {
		r = row_at(s, tag, step);
		if (s->tag[r] != TAG_FREE && s->row[r].held[i] > 0 &&
		    row_is(s, r, tag)) {
			s->row[r].held[i]--;
			return true;
		}
	}
	return false;
}

/* A taker that gives the row back at the wrong moment hides it from one look,
 * not from many. */

void
scoreboard_leave(struct scoreboard *s, unsigned i, const struct cidr *c)
{
	uint64_t tag = tag_of(s, c);
	int looks = 1000;

	while (!leave(s, i, tag) && --looks > 0)
		;
}

unsigned
scoreboard_count(struct scoreboard *s, const struct cidr *c)
{
	return total(s, tag_of(s, c));
}

unsigned
scoreboard_sessions(struct scoreboard *s)
{
	unsigned i, n = 0;

	for (i = 0; i < SCOREBOARD_WORKERS; i++)
		n += s->slot[i].sessions;
	return n;
}

void
scoreboard_totals(struct scoreboard *s, struct session_stats *out)
{
	unsigned i;

	memset(out, 0, sizeof *out);
	add(out, &s->area->past);
	for (i = 0; i < SCOREBOARD_WORKERS; i++)
		add(out, &s->slot[i].stats);
}

_Atomic uint64_t *
scoreboard_log_drops(struct scoreboard *s)
{
	return &s->area->log_drops;
}
