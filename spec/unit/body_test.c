#include "buf.h"
#include "test.h"

#include "body.h"

#define PIECE(text) text, sizeof text - 1

/*
 * Input, whether it ends the message, what content comes out, and how many
 * octets are left behind the end.
 */
static const struct {
	const char *in;
	size_t len;
	bool end;
	const char *out;
	size_t out_len, left;
	unsigned cr, lf, nul;
} cases[] = {
	/* what ends a message */
	{ PIECE(".\r\n"), true, PIECE(""), 0, 0, 0, 0 },
	{ PIECE("a\r\n.\r\n"), true, PIECE("a\r\n"), 0, 0, 0, 0 },
	{ PIECE("a\r\n.\r\nQUIT\r\n"), true, PIECE("a\r\n"), 6, 0, 0, 0 },
	{ PIECE("a\r\n\r\n.\r\n"), true, PIECE("a\r\n\r\n"), 0, 0, 0, 0 },
	{ PIECE("a\r\r\n.\r\nX"), true, PIECE("a\r\n\r\n"), 1, 1, 0, 0 },
	{ PIECE("\r\n.\r\n"), true, PIECE("\r\n"), 0, 0, 0, 0 },
	/* dots */
	{ PIECE("..\r\n.\r\n"), true, PIECE(".\r\n"), 0, 0, 0, 0 },
	{ PIECE("...\r\n.\r\n"), true, PIECE("..\r\n"), 0, 0, 0, 0 },
	{ PIECE(".a\r\n.\r\n"), true, PIECE("a\r\n"), 0, 0, 0, 0 },
	{ PIECE(". \r\n.\r\n"), true, PIECE(" \r\n"), 0, 0, 0, 0 },
	{ PIECE("a.\r\n.\r\n"), true, PIECE("a.\r\n"), 0, 0, 0, 0 },
	{ PIECE("a\r\n..b\r\n..\r\n.\r\n"), true, PIECE("a\r\n.b\r\n.\r\n"), 0, 0, 0, 0 },
	/* what does not: nothing below may end it before the last CRLF.CRLF */
	{ PIECE("a\n.\nb\r\n.\r\n"), true, PIECE("a\r\n.\r\nb\r\n"), 0, 0, 2, 0 },
	{ PIECE("a\n.\r\nb\r\n.\r\n"), true, PIECE("a\r\n.\r\nb\r\n"), 0, 0, 1, 0 },
	{ PIECE("a\r\n.\nb\r\n.\r\n"), true, PIECE("a\r\n\r\nb\r\n"), 0, 0, 1, 0 },
	{ PIECE("a\r.\rb\r\n.\r\n"), true, PIECE("a\r\n.\r\nb\r\n"), 0, 2, 0, 0 },
	{ PIECE("a\r.\nb\r\n.\r\n"), true, PIECE("a\r\n.\r\nb\r\n"), 0, 1, 1, 0 },
	{ PIECE("a\n.\rb\r\n.\r\n"), true, PIECE("a\r\n.\r\nb\r\n"), 0, 1, 1, 0 },
	{ PIECE("a\r\n.\rb\r\n.\r\n"), true, PIECE("a\r\n\r\nb\r\n"), 0, 1, 0, 0 },
	{ PIECE("a\r.\r\nb\r\n.\r\n"), true, PIECE("a\r\n.\r\nb\r\n"), 0, 1, 0, 0 },
	{ PIECE("a\r\n.\r\r\nb\r\n.\r\n"), true, PIECE("a\r\n\r\n\r\nb\r\n"), 0, 1, 0, 0 },
	{ PIECE("a\r\n\0.\r\nb\r\n.\r\n"), true, PIECE("a\r\n\0.\r\nb\r\n"), 0, 0, 0, 1 },
	{ PIECE("a\r\n.\0\r\nb\r\n.\r\n"), true, PIECE("a\r\n\0\r\nb\r\n"), 0, 0, 0, 1 },
	/* the same with nothing behind: no end yet */
	{ PIECE("a\n.\n"), false, PIECE("a\r\n.\r\n"), 0, 0, 2, 0 },
	{ PIECE("a\n.\r\n"), false, PIECE("a\r\n.\r\n"), 0, 0, 1, 0 },
	{ PIECE("a\r\n.\n"), false, PIECE("a\r\n\r\n"), 0, 0, 1, 0 },
	{ PIECE("a\r\n.\r"), false, PIECE("a\r\n"), 0, 0, 0, 0 },
	{ PIECE("a\r\n.\r\r\n"), false, PIECE("a\r\n\r\n\r\n"), 0, 1, 0, 0 },
	{ PIECE("\n.\r\n"), false, PIECE("\r\n.\r\n"), 0, 0, 1, 0 },
	{ PIECE("."), false, PIECE(""), 0, 0, 0, 0 },
	{ PIECE(".\n"), false, PIECE("\r\n"), 0, 0, 1, 0 },
	/* the end behind a normalised line end needs a CRLF of its own */
	{ PIECE("a\n\r\n.\r\n"), true, PIECE("a\r\n\r\n"), 0, 0, 1, 0 },
	{ PIECE("a\n..\r\n.\r\n"), true, PIECE("a\r\n..\r\n"), 0, 0, 1, 0 },
};

struct sink {
	struct buf got;
	size_t pieces;
};

static void
on_piece(void *arg, const char *p, size_t len)
{
	struct sink *s = arg;

	buf_append(&s->got, p, len);
	s->pieces++;
}

/* Feed in pieces: one of cut octets, then of n.  Returns what was not used. */
static size_t
feed(struct body_reader *r, const char *p, size_t len, size_t cut, size_t n,
    struct sink *s, bool *end)
{
	struct buf in;
	size_t left;

	buf_init(&in);
	body_init(r);
	buf_empty(&s->got);
	s->pieces = 0;
	*end = false;
	while (len > 0 && !*end) {
		size_t piece = cut < len ? cut : len;

		buf_append(&in, p, piece);
		*end = body_read(r, &in, on_piece, s);
		p += piece;
		len -= piece;
		cut = n;
	}
	left = in.len + len;
	buf_clear(&in);
	return left;
}

static void
check_case(size_t i, size_t cut, size_t n, struct sink *s)
{
	struct body_reader r;
	const char *name = cases[i].in;
	bool end;
	size_t left = feed(&r, cases[i].in, cases[i].len, cut, n, s, &end);

	test_int(name, end, cases[i].end);
	test_int(name, (long long)left, (long long)cases[i].left);
	test_mem(name, s->got.p, s->got.len, cases[i].out, cases[i].out_len);
	test_int(name, (long long)r.octets, (long long)s->got.len);
	if (end) {
		test_int("bare CR", (long long)r.bare_cr, cases[i].cr);
		test_int("bare LF", (long long)r.bare_lf, cases[i].lf);
		test_int("NUL", (long long)r.nul, cases[i].nul);
	}
}

static void
test_cases(struct sink *s)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t cut = 1; cut <= cases[i].len; cut++)
			check_case(i, cut, cases[i].len, s);
		check_case(i, 1, 1, s);
		check_case(i, 2, 2, s);
	}
}

/* A plain model of the rules, one octet at a time. */
static size_t
model(const char *p, size_t len, struct buf *out)
{
	bool after_crlf = true;

	for (size_t i = 0; i < len;) {
		if (after_crlf && p[i] == '.') {
			if (i + 2 < len && memcmp(p + i, ".\r\n", 3) == 0)
				return i + 3;
			if (i + 1 == len ||
			    (i + 2 == len && p[i + 1] == '\r'))
				return 0;	/* still open */
			after_crlf = false;
			i++;
			continue;
		}
		after_crlf = false;
		if (p[i] == '\r' && i + 1 == len) {
			buf_puts(out, "\r");	/* either way */
			return 0;
		}
		if (p[i] == '\r' || p[i] == '\n') {
			after_crlf = p[i] == '\r' && p[i + 1] == '\n';
			buf_puts(out, "\r\n");
			i += 1 + after_crlf;
			continue;
		}
		buf_append(out, p + i++, 1);
	}
	return 0;
}

/*
 * How many messages does a server behind us see, and what are they?  A strict
 * reader ends them at CRLF.CRLF, a lenient one takes LF for CRLF, the most
 * lenient CR too.
 */
static size_t
messages(const struct buf *wire, int lenient, struct buf *first)
{
	struct buf lines;
	size_t count = 0, at = 0;

	buf_init(&lines);
	for (size_t i = 0; i < wire->len; i++) {
		char c = wire->p[i];
		bool crlf = c == '\r' && i + 1 < wire->len &&
		    wire->p[i + 1] == '\n';

		if (crlf || (c == '\n' && lenient > 0) ||
		    (c == '\r' && lenient > 1)) {
			buf_puts(&lines, "\n");
			i += crlf;
		} else
			buf_append(&lines, &c, 1);
	}
	while (at < lines.len) {
		const char *p = lines.p + at;
		const char *lf = memchr(p, '\n', lines.len - at);
		size_t n = lf != NULL ? (size_t)(lf - p) : lines.len - at;

		at += n + 1;
		if (n == 1 && *p == '.') {
			count++;
			continue;
		}
		if (count > 0)
			count += 100;	/* bytes behind the end */
		if (*p == '.' && n > 0) {
			p++;
			n--;
		}
		buf_append(first, p, n);
		buf_puts(first, "\r\n");
	}
	buf_clear(&lines);
	return count;
}

static void
write_pieces(const struct buf *content, size_t n, struct buf *wire)
{
	struct body_writer w;

	body_writer_init(&w);
	for (size_t at = 0; at < content->len; at += n)
		body_write(&w, content->p + at,
		    content->len - at < n ? content->len - at : n, wire);
	body_write_end(&w, wire);
}

/* One message in is one message out, whatever reads it behind us. */
static void
check_out(const struct buf *content, size_t n)
{
	struct body_reader r;
	struct sink back = { .pieces = 0 };
	struct buf wire, seen;
	bool end;
	size_t left;

	buf_init(&wire);
	buf_init(&seen);
	buf_init(&back.got);
	write_pieces(content, n, &wire);
	for (int lenient = 0; lenient < 3; lenient++) {
		buf_empty(&seen);
		test_int("one message", (long long)messages(&wire, lenient,
		    &seen), 1);
		test_mem("the same", seen.p, seen.len, content->p, content->len);
	}
	left = feed(&r, wire.p, wire.len, wire.len, 1, &back, &end);
	test_ok("ends there", end && left == 0);
	test_int("canonical", (long long)(r.bare_cr + r.bare_lf), 0);
	test_mem("identity", back.got.p, back.got.len, content->p, content->len);
	buf_clear(&back.got);
	buf_clear(&seen);
	buf_clear(&wire);
}

static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void
test_random(struct sink *s, unsigned rounds)
{
	static const char alphabet[] = { '\r', '\n', '.', '\0', 'a' };
	unsigned seed = 1;
	struct buf want;

	buf_init(&want);
	for (unsigned round = 0; round < rounds; round++) {
		struct body_reader r;
		char in[28];
		size_t len = next_random(&seed) % 24 + 1, used;
		size_t cut = next_random(&seed) % len + 1;
		bool end;

		for (size_t i = 0; i < len; i++)
			in[i] = alphabet[next_random(&seed) % 5];
		memcpy(in + len, "\r\n.\r", 4);
		in[len + 3] = next_random(&seed) % 8 ? in[len + 3] : 'a';
		len += next_random(&seed) % 2 ? 4 : 0;
		buf_empty(&want);
		used = model(in, len, &want);
		used = len - feed(&r, in, len, cut, cut, s, &end) -
		    (used > 0 ? used : len);
		test_int("the model's end", (long long)used, 0);
		test_mem("the model's content", s->got.p, s->got.len, want.p,
		    want.len);
		if (end)
			check_out(&s->got, cut);
	}
	buf_clear(&want);
}

/* The writer makes canonical whatever it is given, in any pieces. */
static void
test_writer(void)
{
	static const struct { const char *in, *want; } writes[] = {
		{ "", ".\r\n" },
		{ "a", "a\r\n.\r\n" },
		{ "a\r\n", "a\r\n.\r\n" },
		{ ".", "..\r\n.\r\n" },
		{ ".\r\n.a\r\n", "..\r\n..a\r\n.\r\n" },
		{ "a.b\r\n", "a.b\r\n.\r\n" },
		{ "a\n.\nb", "a\r\n..\r\nb\r\n.\r\n" },
		{ "a\r.\rb", "a\r\n..\r\nb\r\n.\r\n" },
		{ "a\r", "a\r\n.\r\n" },
		{ "\r\r\n\n\r", "\r\n\r\n\r\n\r\n.\r\n" },
		{ "a\r\n.\r\r\nb", "a\r\n..\r\n\r\nb\r\n.\r\n" },
	};

	for (size_t i = 0; i < sizeof writes / sizeof *writes; i++)
		for (size_t n = 1; n <= strlen(writes[i].in) + 1; n++) {
			struct buf in, out;

			buf_init(&in);
			buf_init(&out);
			buf_puts(&in, writes[i].in);
			write_pieces(&in, n, &out);
			test_mem(writes[i].in, out.p, out.len, writes[i].want,
			    strlen(writes[i].want));
			buf_clear(&in);
			buf_clear(&out);
		}
}

static void
test_counts(struct sink *s)
{
	static const char text[] = "1234\r\n..7890\r\n\xe9\n12345678\r\n.\r\n";
	struct body_reader r;
	bool end;

	for (size_t cut = 1; cut < sizeof text; cut++) {
		feed(&r, text, sizeof text - 1, cut, 3, s, &end);
		test_int("longest", (long long)r.longest, 8);
		test_ok("8 bits", r.eight_bit);
	}
	feed(&r, PIECE("123456789012345678901\r\n.\r\n"), 99, 99, s, &end);
	test_ok("7 bits", !r.eight_bit);
	feed(&r, PIECE("a\r\nb\r\nc\r\n\r\nd\r\n.\r\n"), 99, 99, s, &end);
	test_int("whole runs", (long long)s->pieces, 1);
}

/* A long line, and junk that would be slow if it were searched twice. */
static void
test_long(struct sink *s, const char *unit, size_t times)
{
	struct body_reader r;
	struct buf in;
	bool end;

	buf_init(&in);
	for (size_t i = 0; i < times; i++)
		buf_puts(&in, unit);
	buf_puts(&in, "\r\n.\r\n");
	feed(&r, in.p, in.len, in.len, 1, s, &end);
	test_ok(unit, end);
	check_out(&s->got, s->got.len);
	buf_clear(&in);
}

int
main(void)
{
	struct sink s = { .pieces = 0 };

	buf_init(&s.got);
	test_cases(&s);
	test_random(&s, 20000);
	test_writer();
	test_counts(&s);
	test_long(&s, "x", 1000000);
	test_long(&s, "\r", 300000);
	test_long(&s, "\n", 300000);
	test_long(&s, "\r\n", 300000);
	test_long(&s, "\n.", 300000);
	buf_clear(&s.got);
	return test_done();
}
