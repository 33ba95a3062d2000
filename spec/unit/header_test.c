#include "mem.h"
#include "test.h"

#include "header.h"

/* A block, and what is in it: "name=value;" per field, "=line;" for what is
 * no field. */
static const struct {
	const char *in, *want;
} cases[] = {
	{ "", "" },
	{ "A: b\r\n", "A=b;" },
	{ "A:b\r\nC:  d \r\n", "A=b;C=d;" },
	{ "A: b\r\n c\r\n\td\r\nE: f\r\n", "A=b c\td;E=f;" },
	{ "A:\r\n b\r\n", "A=b;" },
	{ "A:\r\n", "A=;" },
	{ "A : b\r\n", "A=b;" },
	{ "A\t: b\r\n", "A=b;" },
	{ "A: b:c\r\n", "A=b:c;" },
	{ " top\r\nA: b\r\n", "=top;A=b;" },
	{ "no colon\r\nA: b\r\n", "=no colon;A=b;" },
	{ "From me at noon\r\nA: b\r\n", "=From me at noon;A=b;" },
	{ "A B: c\r\n", "=A B: c;" },
	{ ": x\r\n", "=: x;" },
	{ "\xc3\xa9: x\r\n", "=\xc3\xa9: x;" },
	{ "__proto__: x\r\n__index: y\r\n", "__proto__=x;__index=y;" },
	{ "A: b", "A=b;" },
	{ "A", "=A;" },
	{ "x\r\n y: z\r\n", "=x y: z;" },
};

/* Unfolded, outer blanks cut. */
static char *
put_value(char *out, const char *p, const char *end)
{
	char *begin = out;

	while (p < end && strchr(" \t\r\n", *p))
		p++;
	for (; p < end; p++)
		if (*p != '\r' && *p != '\n')
			*out++ = *p;
	while (out > begin && (out[-1] == ' ' || out[-1] == '\t'))
		out--;
	return out;
}

static void
describe(const char *p, size_t len, char *out)
{
	struct header h;
	size_t covered = 0;

	header_parse(p, len, &h);
	for (size_t i = 0; i < h.count; i++) {
		struct header_field *f = &h.field[i];

		test_int("no gap", (long long)f->start, (long long)covered);
		covered = f->end;
		out += sprintf(out, "%.*s=", (int)f->name_len, p + f->start);
		out = put_value(out, p + f->value, p + f->end);
		*out++ = ';';
	}
	test_int("no rest", (long long)covered, (long long)len);
	*out = '\0';
	header_clear(&h);
}

/* A header that is made of fields alone costs no more than it may. */
static void
test_too_many(void)
{
	enum { MAX = HEADER_FIELDS_MAX };
	char *p = mem_alloc((MAX + 1) * 4);
	struct header h;

	for (size_t i = 0; i <= MAX; i++)
		memcpy(p + i * 4, "A:\r\n", 4);
	test_int("as many as may be", header_parse(p, MAX * 4, &h), 0);
	test_int("all are there", (long long)h.count, MAX);
	header_clear(&h);
	test_int("one too many", header_parse(p, (MAX + 1) * 4, &h), -1);
	test_int("it is left out", (long long)h.count, MAX);
	header_clear(&h);
	mem_free(p);
}

static void
test_cases(void)
{
	char got[500];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].in);

		describe(cases[i].in, len, got);
		test_str(cases[i].in, got, cases[i].want);
		for (size_t n = 0; n < len; n++) {
			char *copy = malloc(n + (n == 0));

			memcpy(copy, cases[i].in, n);
			describe(copy, n, got);
			free(copy);
		}
	}
}

static void
test_count(void)
{
	static const char block[] =
	    "Received: 1\r\nSubject: s\r\nRECEIVED: 2\r\nreceived: 3\r\n";
	struct header h;

	header_parse(block, strlen(block), &h);
	test_int("count", (long long)header_count(&h, "received"), 3);
	test_int("part of a name", (long long)header_count(&h, "Receive"), 0);
	test_int("empty name", (long long)header_count(&h, ""), 0);
	header_clear(&h);
	test_int("cleared", (long long)h.count, 0);
}

static bool
value_ok(const char *text)
{
	return header_value_ok(text, strlen(text));
}

static void
test_ok_to_send(void)
{
	test_ok("name", header_name_ok("X-Spam_1!", 9));
	test_ok("empty", !header_name_ok("", 0));
	test_ok("colon", !header_name_ok("A:", 2));
	test_ok("space", !header_name_ok("A B", 3));
	test_ok("8 bits", !header_name_ok("\xe9", 1));
	test_ok("line end", !header_name_ok("A\n", 2));
	test_ok("value", value_ok("some \xe9 text"));
	test_ok("empty", value_ok(""));
	test_ok("folded", value_ok("a\r\n b\n\tc"));
	test_ok("NUL", !header_value_ok("a\0b", 3));
	test_ok("LF", !value_ok("a\nb"));
	test_ok("CRLF", !value_ok("a\r\nb"));
	test_ok("CR", !value_ok("a\rb"));
	test_ok("CR at the end", !value_ok("a\r"));
	test_ok("LF at the end", !value_ok("a\n"));
	test_ok("CRLF at the end", !value_ok("a\r\n"));
	test_ok("blank line", !value_ok("a\r\n \r\n b"));
	test_ok("blank line", !value_ok("a\n\t"));
	test_ok("CR CR LF", !value_ok("a\r\r\n b"));
}

/* Many fields: more than one allocation. */
static void
test_many(void)
{
	enum { MANY = 1000 };
	char *block = mem_alloc(MANY * 8);
	struct header h;
	size_t len = 0;

	for (int i = 0; i < MANY; i++)
		len += (size_t)sprintf(block + len, "A: %d\r\n", i % 10);
	header_parse(block, len, &h);
	test_int("count", (long long)header_count(&h, "a"), MANY);
	header_clear(&h);
	mem_free(block);
}

int
main(void)
{
	test_cases();
	test_too_many();
	test_count();
	test_ok_to_send();
	test_many();
	return test_done();
}
