/* shdict: what happens when there is no room. */
#include "dict.h"

/* Short texts under numbers, from first, until one is refused; its number. */
static int
fill(struct shdict *d, double now, int first, double ttl)
{
	char key[16];
	int i;

	for (i = first; i < first + 2000; i++) {
		snprintf(key, sizeof key, "%d", i);
		if (set_text(d, now, key, "0123456789", 10, ttl) != SHDICT_OK)
			break;
	}
	return i;
}

/* One shard: what lives stays, and what is new is refused. */
static void
test_full(void)
{
	struct shdict *d = shdict_open(memory(SHDICT_SIZE_MIN),
	    SHDICT_SIZE_MIN);
	struct shdict_value v = { .type = SHDICT_NUMBER }, old;
	int i, full = fill(d, 0, 0, 0), found = 0;
	char key[16];
	double out;

	test_ok("as many as fit", full > 300 && full < 600);
	test_int("all are there", (long long)shdict_count(d), full);
	test_int("add", shdict_add(d, 0, "new", 3, &v, space, sizeof space,
	    &old), SHDICT_FULL);
	test_int("incr", shdict_incr(d, 0, "new", 3, 1, 0, &out), SHDICT_FULL);
	test_int("set over one", set_text(d, 0, "7", "x", 1, 0), SHDICT_OK);
	memset(space, 'x', 200);
	test_int("set over one, more", set_text(d, 0, "7", space, 200, 0),
	    SHDICT_FULL);
	test_ok("the old one stays", get(d, 0, "7", &v) == SHDICT_OK &&
	    v.len == 1);
	for (i = 0; i < full; i++) {
		snprintf(key, sizeof key, "%d", i);
		found += get(d, 1e6, key, &v) == SHDICT_OK;
	}
	test_int("none was dropped", found, full);
	shdict_delete(d, 0, "8", 1);
	memset(space, 'x', 200);
	test_int("with one cell more", set_text(d, 0, "7", space, 200, 0),
	    SHDICT_OK);
	test_int("full again", shdict_incr(d, 0, "new", 3, 1, 0, &out),
	    SHDICT_FULL);
	shdict_close(d);
}

/* So many entries of one cell does the smallest dictionary hold. */
static unsigned
one_shard(void)
{
	struct shdict *d = shdict_open(memory(SHDICT_SIZE_MIN),
	    SHDICT_SIZE_MIN);
	unsigned n = (unsigned)fill(d, 0, 0, 0);

	shdict_close(d);
	return n;
}

/* What has expired makes room, however it came and in whatever order. */
static void
test_full_expiry(void)
{
	struct shdict *d = shdict_open(memory(SHDICT_SIZE_MIN),
	    SHDICT_SIZE_MIN);
	struct shdict_value v;
	char key[16];
	int i, full, lasting;

	for (i = 0; i < 100; i++) {
		snprintf(key, sizeof key, "k%d", i);
		set_text(d, 0, key, "x", 1, 1 + i * 37 % 100);
	}
	set_text(d, 0, "k0", "x", 1, 0);
	shdict_delete(d, 0, "k50", 3);
	lasting = fill(d, 0, 0, 0);
	full = lasting + 99;
	test_int("full", (long long)shdict_count(d), full);
	test_int("none has expired", fill(d, 1.5, 10000, 0), 10000);
	test_int("one has", fill(d, 2, 10000, 0), 10001);
	test_int("two have", fill(d, 3, 10000, 0), 10002);
	test_int("still full", (long long)shdict_count(d), full);
	memset(space, 'x', 1000);
	test_int("a large one", set_text(d, 20, "large", space, 1000, 0),
	    SHDICT_OK);
	test_int("no more than it takes", get(d, 20, "k1", &v), SHDICT_OK);
	fill(d, 1000, 20000, 0);
	test_int("what was to stay", get(d, 1000, "k0", &v), SHDICT_OK);
	test_int("all others", get(d, 0, "k99", &v), SHDICT_MISSING);
	for (i = 0; i < lasting; i++) {
		snprintf(key, sizeof key, "%d", i);
		if (get(d, 1000, key, &v) != SHDICT_OK)
			break;
	}
	test_int("no live one was dropped", i, lasting);
	shdict_close(d);
}

enum { MODEL_KEYS = 4000 };

/* The same, kept plainly; every entry is one cell. */
struct model {
	struct shdict *d;
	unsigned keys, room;
	double now;
	struct plain {
		bool there;
		double n, expires;
	} entry[MODEL_KEYS];
};

static bool
model_full(const struct model *m)
{
	unsigned live = 0, i;

	for (i = 0; i < m->keys; i++)
		live += m->entry[i].there && (m->entry[i].expires == 0 ||
		    m->entry[i].expires > m->now);
	return live >= m->room;
}

/* What is to come of an entry that may be new. */
static enum shdict_status
model_make(struct model *m, struct plain *e, double n, double ttl)
{
	if (!e->there && model_full(m))
		return SHDICT_FULL;
	*e = (struct plain){ true, n, ttl > 0 ? m->now + ttl : 0 };
	return SHDICT_OK;
}

static bool
model_add(struct model *m, struct plain *e, const char *key,
    struct shdict_value *v)
{
	double n = v->n, ttl = v->ttl;
	enum shdict_status r = shdict_add(m->d, m->now, key, strlen(key), v,
	    space, 0, v);

	if (e->there)
		return r == SHDICT_EXISTS && v->n == e->n;
	return r == model_make(m, e, n, ttl);
}

static bool
model_incr(struct model *m, struct plain *e, const char *key)
{
	enum shdict_status want = SHDICT_OK;
	double out;

	if (!e->there)
		want = model_make(m, e, 0, 1);
	e->n += 3;
	return shdict_incr(m->d, m->now, key, strlen(key), 3, 1, &out) ==
	    want && (want != SHDICT_OK || out == e->n);
}

/* One operation on both; false if they differ. */
static bool
model_step(struct model *m, struct plain *e, const char *key, unsigned seed)
{
	struct shdict_value v = {
		.type = SHDICT_NUMBER, .n = seed,
		.ttl = seed % 4 * m->keys / 200,
	};
	enum shdict_status there = e->there ? SHDICT_OK : SHDICT_MISSING, r;
	size_t klen = strlen(key);

	switch ((seed >> 8) % 5) {
	case 0:
		r = shdict_get(m->d, m->now, key, klen, space, 0, &v);
		return r == there && (!e->there || v.n == e->n);
	case 1:
		r = model_make(m, e, v.n, v.ttl);
		return shdict_set(m->d, m->now, key, klen, &v) == r;
	case 2:
		return model_add(m, e, key, &v);
	case 3:
		return model_incr(m, e, key);
	default:
		e->there = false;
		return shdict_delete(m->d, m->now, key, klen) == there;
	}
}

/* Random operations beside a plain array: with room for all keys, and without,
 * where exactly the live entries count. */
static void
test_model(size_t size, unsigned keys, unsigned room)
{
	static struct model m;
	unsigned seed = 11, k;
	void *mem = memory(size);
	struct plain *e;
	char key[64];
	int step;

	memset(&m, 0, sizeof m);
	m.d = shdict_open(mem, size);
	m.keys = keys;
	m.room = room;
	for (step = 0; step < 200000; step++) {
		seed = seed * 1103515245 + 12345;
		k = (seed >> 16) % keys;
		m.now += (seed >> 12 & 15) * 0.01;
		e = &m.entry[k];
		snprintf(key, sizeof key, "%0*u", (int)(k % 60) + 1, k);
		if (e->there && e->expires > 0 && e->expires <= m.now)
			e->there = false;
		if (!model_step(&m, e, key, seed))
			break;
	}
	test_int("same as the model", step, 200000);
	shdict_close(m.d);
	munmap(mem, size);
}

int
main(void)
{
	test_full();
	test_full_expiry();
	test_model(1 << 20, 200, 200);
	test_model(SHDICT_SIZE_MIN, MODEL_KEYS, one_shard());
	return test_done();
}
