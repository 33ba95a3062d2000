/* message: content cut at every length, edits against a plain model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "message.h"

#include "test.h"

static const char *const dir = "/tmp";

/* Content, where its body begins, how many fields its header has. */
static const struct {
	const char *name, *content;
	size_t body, fields;
} contents[] = {
	{ "usual", "From: a@b\r\nTo: c\r\n\r\nhello\r\n", 20, 2 },
	{ "empty", "", 0, 0 },
	{ "header only", "A: 1\r\nB: 2\r\n", 12, 2 },
	{ "no header", "\r\nbody\r\n", 2, 0 },
	{ "empty line only", "\r\n", 2, 0 },
	{ "no body", "A: 1\r\n\r\n", 8, 1 },
	{ "folded", "A: 1\r\n 2\r\n\t3\r\nB: x\r\n\r\nx\r\n", 22, 2 },
	{ "junk line", "A: 1\r\nnonsense\r\nB: 2\r\n\r\nx\r\n", 24, 3 },
	{ "blank first", " x\r\nA: 1\r\n\r\nx\r\n", 0, 0 },
	{ "tab first", "\tx\r\n", 0, 0 },
	{ "lines of the body", "A: 1\r\n\r\n\r\n\r\nB: 2\r\n\r\n", 8, 1 },
	{ "NUL", "A: 1\r\n\r\nx", 8, 1 },
};

static struct message *
store(const char *p, size_t len, size_t step, size_t memory_max)
{
	const struct message_conf conf = { dir, memory_max, 1000 };
	struct message *m = message_new(&conf);
	size_t off, n;

	for (off = 0; off < len; off += n) {
		n = len - off < step ? len - off : step;
		message_append(m, p + off, n);
	}
	message_end(m);
	return m;
}

static void
read_out(const struct message *m, size_t max, struct buf *out)
{
	struct message_reader r;
	int more;

	buf_empty(out);
	message_reader_init(&r, m);
	while ((more = message_reader_next(&r, out, max)) > 0)
		;
	test_int("the reader ends", more, 0);
	test_int("message_out_size", (long long)message_out_size(m),
	    (long long)out->len);
}

static void
read_stored(const struct message *m, size_t step, struct buf *out)
{
	long n;

	buf_empty(out);
	while ((n = message_read(m, out->len, buf_reserve(out, step),
	    step)) > 0)
		buf_commit(out, (size_t)n);
	test_int("message_read ends", n, 0);
}

static void
check_content(size_t i, size_t step, size_t memory_max)
{
	const char *name = contents[i].name, *p = contents[i].content;
	size_t len = strlen(p);
	struct message *m = store(p, len, step, memory_max);
	bool gap = len > 0 && (*p == ' ' || *p == '\t');
	bool cut = len > 0 && p[len - 1] != '\n';
	struct buf out, want;

	buf_init(&out);
	buf_init(&want);
	buf_puts(&want, gap ? "\r\n" : "");
	buf_puts(&want, p);
	buf_puts(&want, cut ? "\r\n" : "");
	test_int(name, message_status(m), MESSAGE_OK);
	test_int(name, (long long)message_size(m), (long long)len + 2 * cut);
	test_int(name, (long long)message_body_offset(m),
	    (long long)contents[i].body);
	test_int(name, (long long)message_field_count(m),
	    (long long)contents[i].fields);
	read_out(m, step, &out);
	test_mem(name, out.p, out.len, want.p, want.len);
	read_stored(m, step, &out);
	test_mem(name, out.p, out.len, want.p + 2 * gap, want.len - 2 * gap);
	buf_clear(&out);
	buf_clear(&want);
	message_free(m);
}

static void
check_header_done(void)
{
	const char *p = "A: 1\r\n\r\nx";
	const struct message_conf conf = { dir, 100, 1000 };
	struct message *m = message_new(&conf);
	size_t i;

	for (i = 0; i < strlen(p); i++) {
		test_ok("header is done with its empty line",
		    message_header_done(m) == (i >= 8));
		message_append(m, p + i, 1);
	}
	message_free(m);
}

static void
check_limits(void)
{
	const struct message_conf conf = { dir, 100, 10 };
	const struct message_conf nowhere = { "/nonexistent", 10, 1000 };
	struct message *m = message_new(&conf);
	size_t i;

	test_int("header of just the limit",
	    message_append(m, "A: 3456\r\n\r\nx", 12), MESSAGE_OK);
	message_free(m);
	m = message_new(&conf);
	test_int("header over the limit",
	    message_append(m, "A: 3456789\r\n\r\n", 14),
	    MESSAGE_HEADER_LONG);
	message_end(m);
	test_ok("ended all the same", message_header_done(m));
	message_free(m);
	m = message_new(&conf);
	for (i = 0; i < 10000; i++)
		message_append(m, "x", 1);
	test_int("header without end", message_status(m),
	    MESSAGE_HEADER_LONG);
	test_ok("costs no memory", message_size(m) < 20);
	message_end(m);
	message_free(m);
	m = message_new(&nowhere);
	message_append(m, "\r\n", 2);
	test_int("in memory", message_append(m, "123456789\n", 10),
	    MESSAGE_OK);
	test_int("no file to write to", message_append(m, "x", 1),
	    MESSAGE_NO_SPACE);
	message_end(m);
	message_free(m);
}

/* Neither fields nor what is removed of them can make this slow. */
static void
check_many_fields(void)
{
	const struct message_conf conf = { dir, 1000, 1000000 };
	struct message *m = message_new(&conf);
	int i;

	for (i = 0; i < HEADER_FIELDS_MAX; i++)
		message_append(m, i & 1 ? "A: 1\r\n" : "B: 1\r\n", 6);
	test_int("many", message_append(m, "\r\nx\r\n", 5), MESSAGE_OK);
	test_int("one for all", message_set_header(m, "b", "2", 1), 0);
	test_int("the others went", (long long)message_field_count(m),
	    HEADER_FIELDS_MAX / 2 + 1);
	test_int("and are not counted", (long long)message_out_size(m),
	    HEADER_FIELDS_MAX / 2 * 6 + 6 + 5);
	message_free(m);
	m = message_new(&conf);
	for (i = 0; i <= HEADER_FIELDS_MAX; i++)
		message_append(m, "A: 1\r\n", 6);
	test_int("too many", message_append(m, "\r\nx\r\n", 5),
	    MESSAGE_HEADER_LONG);
	message_end(m);
	message_free(m);
}

/* More than one block in the file, read in odd pieces. */
static void
check_big(void)
{
	const struct message_conf conf = { dir, 1000, 1000 };
	struct message *m = message_new(&conf);
	struct buf want, out;
	int i;

	buf_init(&want);
	buf_init(&out);
	buf_puts(&want, "A: 1\r\n\r\n");
	message_append(m, want.p, want.len);
	for (i = 0; i < 40000; i++) {
		char line[32];
		int n = snprintf(line, sizeof line, "line %d\r\n", i);

		buf_append(&want, line, (size_t)n);
		message_append(m, line, (size_t)n);
	}
	message_end(m);
	read_out(m, 7777, &out);
	test_mem("big message", out.p, out.len, want.p, want.len);
	read_stored(m, 12345, &out);
	test_mem("big message, stored", out.p, out.len, want.p, want.len);
	buf_clear(&want);
	buf_clear(&out);
	message_free(m);
}

/*
 * The model: a list of lines, each "Name: value", with a mark where our trace
 * stands.
 */
struct model {
	char line[64][32];
	size_t count, top;
};

static int
is_named(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncasecmp(line, name, n) == 0 && line[n] == ':';
}

static void
model_insert(struct model *l, size_t at, const char *name, const char *value)
{
	memmove(l->line[at + 1], l->line[at], (l->count++ - at) *
	    sizeof l->line[0]);
	snprintf(l->line[at], sizeof l->line[0], "%s: %s", name, value);
}

static void
model_remove(struct model *l, size_t at)
{
	memmove(l->line[at], l->line[at + 1], (--l->count - at) *
	    sizeof l->line[0]);
	l->top -= at < l->top;
}

static void
model_set(struct model *l, const char *name, const char *value)
{
	size_t i, found = l->count;

	for (i = l->count; i-- > 0;) {
		if (!is_named(l->line[i], name))
			continue;
		if (found < l->count)
			model_remove(l, found);
		found = i;
	}
	if (found == l->count)
		model_insert(l, found, name, value);
	else
		snprintf(l->line[found], sizeof l->line[0], "%s: %s", name,
		    value);
}

static void
model_text(const struct model *l, const char *trace, const char *body,
    struct buf *out)
{
	size_t i;

	buf_empty(out);
	for (i = 0; i <= l->count; i++) {
		if (i == l->top)
			buf_puts(out, trace);
		if (i < l->count)
			buf_printf(out, "%s\r\n", l->line[i]);
	}
	buf_puts(out, body);
}

static const char *const names[] = { "A", "B", "C" };

/* One operation on both, chosen by a number; false if there is none such. */
static void
operate(struct message *m, struct model *l, unsigned op, const char *value)
{
	const char *name = names[op % 3];
	size_t at;

	switch (op / 3) {
	case 0:
		message_add_header(m, name, value, strlen(value), MESSAGE_TOP);
		model_insert(l, 0, name, value);
		l->top++;
		break;
	case 1:
		message_add_header(m, name, value, strlen(value),
		    MESSAGE_BOTTOM);
		model_insert(l, l->count, name, value);
		break;
	case 2:
		message_set_header(m, name, value, strlen(value));
		model_set(l, name, value);
		break;
	case 3:
		at = op % 3;
		if (at < l->count) {
			message_field_remove(m, at);
			model_remove(l, at);
		}
		break;
	}
}

enum { OPERATIONS = 12, DEPTH = 4 };

static void
check_fields(const struct message *m, const struct model *l)
{
	size_t i;

	test_int("field count", (long long)message_field_count(m),
	    (long long)l->count);
	for (i = 0; i < l->count && i < message_field_count(m); i++) {
		const char *name, *value;
		char got[64];
		size_t n, v;

		message_field(m, i, &name, &n, &value, &v);
		snprintf(got, sizeof got, "%.*s: %.*s", (int)n, name, (int)v,
		    value);
		test_str("field", got, l->line[i]);
	}
}

/* All sequences of DEPTH operations. */
static void
check_edits(void)
{
	const char *header = "A: 1\r\nB: 2\r\nA: 3\r\n", *trace = "R: x\r\n";
	const char *body = "\r\nbody\r\n";
	unsigned seq, n, total = 1;
	struct buf content, want, got;

	buf_init(&content);
	buf_init(&want);
	buf_init(&got);
	buf_printf(&content, "%s%s", header, body);
	for (n = 0; n < DEPTH; n++)
		total *= OPERATIONS;
	for (seq = 0; seq < total; seq++) {
		struct message *m = store(content.p, content.len, 1000, 1000);
		struct model l = { .line = { "A: 1", "B: 2", "A: 3" },
		    .count = 3 };
		unsigned left = seq;

		for (n = 0; n < DEPTH; n++, left /= OPERATIONS) {
			char value[8];

			snprintf(value, sizeof value, "v%u", n);
			operate(m, &l, left % OPERATIONS, value);
		}
		message_set_trace(m, trace);
		model_text(&l, trace, body, &want);
		read_out(m, 1 + seq % 40, &got);
		test_mem("edits", got.p, got.len, want.p, want.len);
		check_fields(m, &l);
		message_free(m);
	}
	buf_clear(&content);
	buf_clear(&want);
	buf_clear(&got);
}

/* What an added header looks like, or that it is refused. */
static const struct {
	const char *name, *value, *want;
} headers[] = {
	{ "X-A", "plain", "X-A: plain\r\n" },
	{ "X-A", "  blanks  ", "X-A: blanks\r\n" },
	{ "X-A", "", "X-A: \r\n" },
	{ "X-A", "one\n two", "X-A: one\r\n two\r\n" },
	{ "X-A", "one\r\n\ttwo", "X-A: one\r\n\ttwo\r\n" },
	{ "X-A", "one\nX-B: two", NULL },
	{ "X-A", "one\r\n", NULL },
	{ "X-A", "one\r two", NULL },
	{ "X-A", "one\n \n two", NULL },
	{ "X A", "x", NULL },
	{ "X:A", "x", NULL },
	{ "", "x", NULL },
};

static void
check_headers(void)
{
	size_t i;
	struct buf got;

	buf_init(&got);
	for (i = 0; i < sizeof headers / sizeof headers[0]; i++) {
		const char *value = headers[i].value, *want = headers[i].want;
		struct message *m = store("", 0, 1, 1);
		int res = message_add_header(m, headers[i].name, value,
		    strlen(value), MESSAGE_TOP);

		test_int(value, res, want != NULL ? 0 : -1);
		if (want != NULL) {
			read_out(m, 100, &got);
			test_mem(value, got.p, got.len, want, strlen(want));
		}
		test_ok(value, message_edited(m) == (want != NULL));
		message_free(m);
	}
	buf_clear(&got);
}

/* A value beyond the longest line is folded at blanks, and only there. */
static void
check_long_value(void)
{
	char value[4000];
	struct message *m = store("", 0, 1, 1);
	struct buf got;
	size_t i, line = 0, longest = 0, at = 0;

	for (i = 0; i < sizeof value; i++)
		value[i] = i % 50 == 49 ? ' ' : 'x';
	test_int("long value", message_add_header(m, "X", value, sizeof value,
	    MESSAGE_TOP), 0);
	buf_init(&got);
	read_out(m, 10000, &got);
	for (i = 0; i < got.len; i++, line++) {
		if (got.p[i] != '\n')
			continue;
		longest = line > longest ? line : longest;
		line = 0;
	}
	test_ok("no line is too long", longest < 998);
	for (i = 3; i < got.len; i++)
		if (got.p[i] != '\r' && got.p[i] != '\n')
			at += got.p[i] == value[at];
	test_int("unfolded it is the same", (long long)at, sizeof value - 1);
	buf_clear(&got);
	message_free(m);
}

int
main(void)
{
	size_t i, step;

	for (i = 0; i < sizeof contents / sizeof contents[0]; i++) {
		for (step = 1; step <= 40; step++) {
			check_content(i, step, 1000);
			check_content(i, step, 3);
		}
	}
	check_header_done();
	check_limits();
	check_many_fields();
	check_big();
	check_edits();
	check_headers();
	check_long_value();
	return test_done();
}
