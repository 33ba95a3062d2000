#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "mem.h"

#include "value.h"

/*
 * The encoded form, for one machine: a mark, then one value.
 *
 *	value	type u8, origin, content
 *	origin	u8: 0 none, 1 line in the file of the value before, 2 file and
 *		line; file string, line u32
 *	content	bool u8; number double; string; table: count u32, items
 *	item	u8: 0 positional, 1 named, then its key string; value
 *	string	length u32, bytes, NUL
 */
static const char mark[4] = "LVT1";

enum {
	ORIGIN_NONE, ORIGIN_SAME, ORIGIN_FILE,
	ITEM_POSITIONAL = 0, ITEM_NAMED,
	ITEM_BYTES_MIN = 3,
};

struct writer {
	struct buf *out;
	const char *file;
};

struct reader {
	const char *p, *end;
	struct arena *arena;
	const char *file;
	size_t items_left;	/* what the bytes could hold at most */
};

const struct value *
value_get(const struct value *v, const char *key)
{
	size_t i;

	if (!v || v->type != VALUE_TABLE)
		return NULL;
	for (i = value_len(v); i < v->t.count; i++)
		if (strcmp(v->t.item[i].key, key) == 0)
			return &v->t.item[i].v;
	return NULL;
}

const struct value *
value_at(const struct value *v, size_t i)
{
	if (!v || v->type != VALUE_TABLE || i >= v->t.count ||
	    v->t.item[i].key)
		return NULL;
	return &v->t.item[i].v;
}

/* Positional items come first: the first with a key ends them. */
size_t
value_len(const struct value *v)
{
	size_t low = 0, high, mid;

	if (!v || v->type != VALUE_TABLE)
		return 0;
	high = v->t.count;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (v->t.item[mid].key)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

const char *
value_type_name(enum value_type type)
{
	switch (type) {
	case VALUE_NIL:
		return "nil";
	case VALUE_BOOL:
		return "boolean";
	case VALUE_NUMBER:
		return "number";
	case VALUE_STRING:
		return "string";
	case VALUE_TABLE:
		return "table";
	}
	return "?";
}

static void
put_u8(struct writer *w, unsigned n)
{
	uint8_t c = (uint8_t)n;

	buf_append(w->out, &c, 1);
}

static void
put_u32(struct writer *w, size_t n)
{
	uint32_t u = (uint32_t)n;

	assert(n <= UINT32_MAX);
	buf_append(w->out, &u, sizeof u);
}

static void
put_string(struct writer *w, const char *p, size_t len)
{
	put_u32(w, len);
	buf_append(w->out, p, len);
	put_u8(w, 0);
}

static void
put_origin(struct writer *w, const struct value *v)
{
	if (!v->file) {
		put_u8(w, ORIGIN_NONE);
		return;
	}
	if (w->file && strcmp(w->file, v->file) == 0) {
		put_u8(w, ORIGIN_SAME);
	} else {
		put_u8(w, ORIGIN_FILE);
		put_string(w, v->file, strlen(v->file));
		w->file = v->file;
	}
	put_u32(w, v->line > 0 ? (size_t)v->line : 0);
}

static void
put_value(struct writer *w, const struct value *v, unsigned depth)
{
	const struct value_item *it;
	size_t i;

	assert(depth < VALUE_DEPTH_MAX);
	put_u8(w, v->type);
	put_origin(w, v);
	switch (v->type) {
	case VALUE_NIL:
		break;
	case VALUE_BOOL:
		put_u8(w, v->b);
		break;
	case VALUE_NUMBER:
		buf_append(w->out, &v->n, sizeof v->n);
		break;
	case VALUE_STRING:
		put_string(w, v->s.p, v->s.len);
		break;
	case VALUE_TABLE:
		put_u32(w, v->t.count);
		for (i = 0; i < v->t.count; i++) {
			it = &v->t.item[i];
			put_u8(w, it->key ? ITEM_NAMED : ITEM_POSITIONAL);
			if (it->key)
				put_string(w, it->key, strlen(it->key));
			put_value(w, &it->v, depth + 1);
		}
		break;
	}
}

void
value_encode(const struct value *v, struct buf *out)
{
	struct writer w = { .out = out };

	buf_append(out, mark, sizeof mark);
	put_value(&w, v, 0);
}

/* The next n bytes, or NULL. */
static const char *
take(struct reader *r, size_t n)
{
	const char *p = r->p;

	if ((size_t)(r->end - r->p) < n)
		return NULL;
	r->p += n;
	return p;
}

static int
get_u8(struct reader *r, unsigned max)
{
	const char *p = take(r, 1);

	return p && (uint8_t)*p <= max ? (uint8_t)*p : -1;
}

static int
get_u32(struct reader *r, uint32_t *out)
{
	const char *p = take(r, sizeof *out);

	if (!p)
		return -1;
	memcpy(out, p, sizeof *out);
	return 0;
}

static int
get_string(struct reader *r, const char **p, size_t *len)
{
	uint32_t n;

	if (get_u32(r, &n) < 0 || !(*p = take(r, (size_t)n + 1)) ||
	    (*p)[n] != '\0')
		return -1;
	*len = n;
	return 0;
}

/* A string that C may read: no NUL inside. */
static const char *
get_text(struct reader *r)
{
	const char *p;
	size_t len;

	if (get_string(r, &p, &len) < 0 || strlen(p) != len)
		return NULL;
	return p;
}

static int
get_origin(struct reader *r, struct value *out)
{
	uint32_t line;
	int how = get_u8(r, ORIGIN_FILE);

	if (how < 0)
		return -1;
	if (how == ORIGIN_NONE)
		return 0;
	if (how == ORIGIN_FILE && !(r->file = get_text(r)))
		return -1;
	if (!r->file || get_u32(r, &line) < 0 || line > INT_MAX)
		return -1;
	out->file = r->file;
	out->line = (int)line;
	return 0;
}

static int get_value(struct reader *, struct value *out, unsigned depth);

static int
get_table(struct reader *r, struct value *out, unsigned depth)
{
	struct value_item *it;
	uint32_t count, i;
	int how, before = ITEM_POSITIONAL;

	if (get_u32(r, &count) < 0 || count > r->items_left)
		return -1;
	r->items_left -= count;
	out->t.item = arena_alloc(r->arena, count * sizeof *it);
	for (i = 0; i < count; i++) {
		it = &out->t.item[i];
		how = get_u8(r, ITEM_NAMED);
		if (how < before)
			return -1;
		before = how;
		if (how == ITEM_NAMED && !(it->key = get_text(r)))
			return -1;
		if (get_value(r, &it->v, depth + 1) < 0)
			return -1;
	}
	out->t.count = count;
	return 0;
}

static int
get_value(struct reader *r, struct value *out, unsigned depth)
{
	const char *p;
	int n;

	memset(out, 0, sizeof *out);
	n = depth < VALUE_DEPTH_MAX ? get_u8(r, VALUE_TABLE) : -1;
	if (n < 0 || get_origin(r, out) < 0)
		return -1;
	out->type = (enum value_type)n;
	switch (out->type) {
	case VALUE_NIL:
		return 0;
	case VALUE_BOOL:
		n = get_u8(r, 1);
		out->b = n > 0;
		return n < 0 ? -1 : 0;
	case VALUE_NUMBER:
		if (!(p = take(r, sizeof out->n)))
			return -1;
		memcpy(&out->n, p, sizeof out->n);
		return 0;
	case VALUE_STRING:
		return get_string(r, &out->s.p, &out->s.len);
	case VALUE_TABLE:
		return get_table(r, out, depth);
	}
	return -1;
}

int
value_decode(const char *p, size_t len, struct arena *arena, struct value *out)
{
	struct reader r = {
		.p = p, .end = p + len, .arena = arena,
		.items_left = len / ITEM_BYTES_MIN,
	};
	const char *m = take(&r, sizeof mark);

	memset(out, 0, sizeof *out);
	if (!m || memcmp(m, mark, sizeof mark) != 0 ||
	    get_value(&r, out, 0) < 0 || r.p != r.end) {
		memset(out, 0, sizeof *out);
		return -1;
	}
	return 0;
}
