#include <stdint.h>

#include "mem.h"
#include "value.h"

#include "test.h"

static struct value
string(const char *p, size_t len)
{
	return (struct value){ .type = VALUE_STRING, .s = { p, len } };
}

static struct value
number(double n, const char *file, int line)
{
	return (struct value){
		.type = VALUE_NUMBER, .n = n, .file = file, .line = line,
	};
}

/* Same content, and the same places. */
static int
same(const struct value *a, const struct value *b)
{
	const struct value_item *x, *y;
	size_t i;

	if (a->type != b->type || a->line != b->line || !a->file != !b->file ||
	    (a->file && strcmp(a->file, b->file) != 0))
		return 0;
	switch (a->type) {
	case VALUE_NIL:
		return 1;
	case VALUE_BOOL:
		return a->b == b->b;
	case VALUE_NUMBER:
		return memcmp(&a->n, &b->n, sizeof a->n) == 0;
	case VALUE_STRING:
		return a->s.len == b->s.len && b->s.p[b->s.len] == '\0' &&
		    memcmp(a->s.p, b->s.p, a->s.len) == 0;
	case VALUE_TABLE:
		break;
	}
	if (a->t.count != b->t.count)
		return 0;
	for (i = 0; i < a->t.count; i++) {
		x = &a->t.item[i];
		y = &b->t.item[i];
		if (!x->key != !y->key || (x->key && strcmp(x->key, y->key) != 0) ||
		    !same(&x->v, &y->v))
			return 0;
	}
	return 1;
}

/* Every shape that there is. */
static struct value
sample(struct arena *a)
{
	struct value_item *in = arena_alloc(a, 3 * sizeof *in);
	struct value_item *it = arena_alloc(a, 7 * sizeof *it);

	in[0].v = number(-0.0, "b.lua", 1);
	in[1].v = number(1e300, "a.lua", 2);
	in[2].key = "k";
	in[2].v = string("nul\0inside", 10);
	it[0].v = (struct value){ .type = VALUE_BOOL, .b = true };
	it[1].v = string("", 0);
	it[2].v = (struct value){ .type = VALUE_NIL };
	it[3].key = "number";
	it[3].v = number(42, "a.lua", 7);
	it[4].key = "table";
	it[4].v = (struct value){ .type = VALUE_TABLE, .file = "a.lua",
		.line = 2147483647, .t = { in, 3 } };
	it[5].key = "";
	it[5].v = (struct value){ .type = VALUE_TABLE };
	it[6].key = "last";
	it[6].v = string("x", 1);
	return (struct value){ .type = VALUE_TABLE, .t = { it, 7 } };
}

/* Decode from a block of exactly that size, so that ASan sees a byte beyond. */
static int
decode(const char *p, size_t len, struct arena *a, struct value *out)
{
	char *block = malloc(len ? len : 1);
	int r;

	memcpy(block, p, len);
	r = value_decode(block, len, a, out);
	free(block);
	return r;
}

static void
test_round(void)
{
	struct arena *a = arena_new();
	struct value v = sample(a), got;
	struct buf b;
	size_t i;

	buf_init(&b);
	value_encode(&v, &b);
	test_int("decode", value_decode(b.p, b.len, a, &got), 0);
	test_ok("same", same(&v, &got));
	test_int("positional", (long long)value_len(&got), 3);
	test_ok("at", value_at(&got, 0)->b);
	test_ok("at a named one", !value_at(&got, 3) && !value_at(&got, 99));
	test_int("get", (long long)value_get(&got, "number")->n, 42);
	test_int("line", value_get(&got, "number")->line, 7);
	test_str("file", value_get(&got, "number")->file, "a.lua");
	test_ok("no such key", !value_get(&got, "nothing"));
	test_ok("of no table", !value_get(value_at(&got, 1), "x") &&
	    !value_at(value_at(&got, 1), 0) && value_len(NULL) == 0);
	test_ok("a view", value_get(&got, "last")->s.p > b.p &&
	    value_get(&got, "last")->s.p < b.p + b.len);
	for (i = 0; i < b.len; i++) {
		test_int("cut", decode(b.p, i, a, &got), -1);
		test_int("nothing of it", got.type, VALUE_NIL);
	}
	buf_append(&b, "", 1);
	test_int("more at the end", decode(b.p, b.len, a, &got), -1);
	buf_clear(&b);
	arena_free(a);
}

/* Any byte may be anything: no crash, and never more memory than the bytes
 * can account for. */
static void
test_hostile(void)
{
	struct arena *a = arena_new(), *work = arena_new();
	struct value v = sample(a), got;
	unsigned seed = 7, n;
	size_t i, high = 0;
	struct buf b;
	char keep;

	buf_init(&b);
	value_encode(&v, &b);
	for (i = 0; i < b.len; i++) {
		keep = b.p[i];
		for (n = 0; n < 256; n++) {
			b.p[i] = (char)n;
			decode(b.p, b.len, work, &got);
			high = arena_size(work) > high ? arena_size(work) : high;
			arena_reset(work);
		}
		b.p[i] = keep;
	}
	for (n = 0; n < 20000; n++) {
		for (i = 4; i < b.len; i++) {
			seed = seed * 1103515245 + 12345;
			b.p[i] = (char)((seed >> 16) % 6);
		}
		decode(b.p, b.len, work, &got);
		high = arena_size(work) > high ? arena_size(work) : high;
		arena_reset(work);
	}
	test_ok("bounded memory", high < 64 * b.len + 8192);
	buf_clear(&b);
	arena_free(work);
	arena_free(a);
}

static void
test_depth(void)
{
	struct value_item chain[VALUE_DEPTH_MAX] = { 0 };
	struct arena *a = arena_new();
	struct value v = { .type = VALUE_TABLE, .t = { chain, 1 } }, got;
	/* mark, then for ever: table, no origin, one item, positional */
	static const char level[7] = { VALUE_TABLE, 0, 1, 0, 0, 0, 0 };
	struct buf b;
	int i;

	for (i = 0; i < VALUE_DEPTH_MAX - 2; i++)
		chain[i].v = (struct value){ .type = VALUE_TABLE,
			.t = { chain + i + 1, 1 } };
	buf_init(&b);
	value_encode(&v, &b);
	test_int("as deep as may be", value_decode(b.p, b.len, a, &got), 0);
	buf_empty(&b);
	buf_puts(&b, "LVT1");
	for (i = 0; i < 100000; i++)
		buf_append(&b, level, sizeof level);
	test_int("too deep", value_decode(b.p, b.len, a, &got), -1);
	buf_clear(&b);
	arena_free(a);
}

int
main(void)
{
	test_str("type name", value_type_name(VALUE_BOOL), "boolean");
	test_round();
	test_hostile();
	test_depth();
	return test_done();
}
