#include "conf.h"
#include "conf_lines.h"
#include "conf_schema.h"
#include "fuzz.h"
#include "mem.h"
#include "value.h"

/*
 * Configuration: a tree made of keys of the schema and of values that are
 * nearly right, and the octets themselves as a text that is scanned for the
 * lines of its keys.  What is refused is refused in one line; what is taken is
 * taken again after it has travelled.
 */
struct reader {
	const uint8_t *p, *end;
	struct arena *arena;
};

static unsigned
take(struct reader *r)
{
	return r->p < r->end ? *r->p++ : 0;
}

static const char *const texts[] = {
	"", "off", "on", "auto", "5m", "50M", "-1", "1e309", "smtp://h:25",
	"smtps://[::1]", "lmtp+unix:/x", "maildir:x", "discard:", "hub", "h",
	"127.0.0.1:25", "[::1]:0", "unix:/tmp/s", ":25", "10.0.0.0/8",
	"2001:db8::/32", "10.0.0.0/33", "starttls", "implicit", "required",
	"verify", "try", "relay", "hooks", "PLAIN", "LOGIN", "CHUNKING",
	"reject", "normalize", "stderr", "syslog", "/x", "xclient", "json",
	"root", "a.test", "\xff", "127.0.0.1:25\n", "secret:1",
};

static void make_value(struct reader *, struct value *, unsigned depth);

static char *
make_text(struct reader *r, size_t *len)
{
	unsigned n = take(r);
	const char *text = texts[n % (sizeof texts / sizeof *texts)];

	*len = strlen(text);
	if (n < 224)
		return arena_strndup(r->arena, text, *len);
	*len = n - 224;
	if (*len > (size_t)(r->end - r->p))
		*len = (size_t)(r->end - r->p);
	r->p += *len;
	return arena_strndup(r->arena, (const char *)r->p - *len, *len);
}

/* A key of the schema without its group, or any text. */
static const char *
make_key(struct reader *r)
{
	unsigned n = take(r);
	const char *name, *dot;
	size_t len;

	if (n == 255)
		return make_text(r, &len);
	name = conf_schema[n % conf_schema_size].name;
	dot = strrchr(name, '.');
	return dot != NULL ? dot + 1 : name;
}

static void
make_table(struct reader *r, struct value *v, unsigned depth)
{
	unsigned i, plain = take(r) % 4, named = take(r) % 12;

	v->t.count = plain + named;
	v->t.item = arena_alloc(r->arena, (v->t.count + 1) *
	    sizeof *v->t.item);
	for (i = 0; i < v->t.count; i++) {
		if (i >= plain)
			v->t.item[i].key = make_key(r);
		make_value(r, &v->t.item[i].v, depth + 1);
	}
}

static void
make_value(struct reader *r, struct value *v, unsigned depth)
{
	static const enum value_type types[] = {
		VALUE_NUMBER, VALUE_STRING, VALUE_STRING, VALUE_TABLE,
		VALUE_BOOL, VALUE_TABLE, VALUE_NUMBER, VALUE_STRING,
	};

	memset(v, 0, sizeof *v);
	v->type = depth == 0 ? VALUE_TABLE : types[take(r) % 8];
	v->file = "/conf.lua";
	v->line = 1;
	if (v->type == VALUE_TABLE && depth > 6)
		v->type = VALUE_BOOL;
	if (v->type == VALUE_BOOL)
		v->b = take(r) & 1;
	else if (v->type == VALUE_NUMBER)
		v->n = (int8_t)take(r) * (take(r) & 1 ? 1000000.0 : 0.5);
	else if (v->type == VALUE_STRING)
		v->s.p = make_text(r, &v->s.len);
	else
		make_table(r, v, depth);
}

static int
read_conf(const struct value *tree, struct arena *arena)
{
	char error[CONF_ERROR_MAX] = "";
	struct conf conf;
	int status = conf_read(tree, "/conf.lua", arena, &conf, error);

	assert(status == 0 || (*error != '\0' && strchr(error, '\n') == NULL));
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct reader r = { data, data + size, arena };
	struct value tree, again;
	struct buf coded;

	buf_init(&coded);
	conf_lines_scan((const char *)data, size, arena);
	make_value(&r, &tree, 0);
	if (read_conf(&tree, arena) == 0) {
		value_encode(&tree, &coded);
		assert(value_decode(coded.p, coded.len, arena, &again) == 0);
		assert(read_conf(&again, arena) == 0);
	}
	buf_clear(&coded);
	arena_free(arena);
	return 0;
}
