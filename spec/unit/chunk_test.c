/* chunks: content by BDAT is what it is, however it was cut. */
#include "buf.h"
#include "test.h"

#include "body.h"

#define PIECE(text) text, sizeof text - 1

static const struct {
	const char *in;
	size_t len;
	const char *out;
	size_t out_len;
	unsigned cr, lf, nul, longest;
} cases[] = {
	{ PIECE(""), PIECE(""), 0, 0, 0, 0 },
	{ PIECE("a\r\n"), PIECE("a\r\n"), 0, 0, 0, 1 },
	{ PIECE("a\r\nb"), PIECE("a\r\nb\r\n"), 0, 0, 0, 1 },
	/* a dot is a dot */
	{ PIECE(".\r\n"), PIECE(".\r\n"), 0, 0, 0, 1 },
	{ PIECE("a\r\n.\r\nb\r\n"), PIECE("a\r\n.\r\nb\r\n"), 0, 0, 0, 1 },
	{ PIECE("..\r\n.x\r\n"), PIECE("..\r\n.x\r\n"), 0, 0, 0, 2 },
	{ PIECE("."), PIECE(".\r\n"), 0, 0, 0, 1 },
	/* bare line ends */
	{ PIECE("a\nb\r\n"), PIECE("a\r\nb\r\n"), 0, 1, 0, 1 },
	{ PIECE("a\rb\r\n"), PIECE("a\r\nb\r\n"), 1, 0, 0, 1 },
	{ PIECE("a\n"), PIECE("a\r\n"), 0, 1, 0, 1 },
	{ PIECE("a\r"), PIECE("a\r\n"), 1, 0, 0, 1 },
	{ PIECE("\r"), PIECE("\r\n"), 1, 0, 0, 0 },
	{ PIECE("\n.\n"), PIECE("\r\n.\r\n"), 0, 2, 0, 1 },
	{ PIECE("\r\r\n\n"), PIECE("\r\n\r\n\r\n"), 1, 1, 0, 0 },
	{ PIECE("a\r\n.\rQUIT\r\n"), PIECE("a\r\n.\r\nQUIT\r\n"), 1, 0, 0, 4 },
	{ PIECE("a\0b\r\n\0"), PIECE("a\0b\r\n\0\r\n"), 0, 0, 2, 3 },
	{ PIECE("1234\r\n\xe9\r\n"), PIECE("1234\r\n\xe9\r\n"), 0, 0, 0, 4 },
};

static void
on_piece(void *arg, const char *p, size_t len)
{
	test_ok("a piece is something", len > 0);
	buf_append(arg, p, len);
}

/* Chunks of so many octets, and octets that come in pieces of so many: what
 * is behind a chunk is not touched. */
static void
feed(struct body_reader *r, const struct buf *content, size_t chunk,
    size_t piece, struct buf *out)
{
	struct buf in;
	size_t at = 0, sent = 0;

	buf_init(&in);
	buf_empty(out);
	body_init_chunks(r);
	while (at < content->len) {
		size_t left = content->len - at < chunk ? content->len - at :
		    chunk;

		while (left > 0) {
			size_t n = content->len - sent < piece ?
			    content->len - sent : piece, had;

			buf_append(&in, content->p + sent, n);
			sent += n;
			had = in.len;
			body_read_chunk(r, &in, left, on_piece, out);
			test_int("all there is, and no more",
			    (long long)(had - in.len),
			    (long long)(had < left ? had : left));
			left -= had - in.len;
			at += had - in.len;
		}
	}
	body_end_chunks(r, on_piece, out);
	test_int("octets", (long long)r->octets, (long long)out->len);
	buf_clear(&in);
}

static void
test_cases(void)
{
	struct buf in, out;

	buf_init(&in);
	buf_init(&out);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t chunk = 1; chunk <= cases[i].len + 1; chunk++) {
			struct body_reader r;

			buf_empty(&in);
			buf_append(&in, cases[i].in, cases[i].len);
			feed(&r, &in, chunk, 1 + chunk % 3, &out);
			test_mem(cases[i].in, out.p, out.len, cases[i].out,
			    cases[i].out_len);
			test_int("bare CR", (long long)r.bare_cr, cases[i].cr);
			test_int("bare LF", (long long)r.bare_lf, cases[i].lf);
			test_int("NUL", (long long)r.nul, cases[i].nul);
			test_int("longest", (long long)r.longest,
			    cases[i].longest);
			test_int("8 bits", r.eight_bit,
			    strchr(cases[i].in, 0xe9) != NULL);
		}
	buf_clear(&in);
	buf_clear(&out);
}

static unsigned
dice(unsigned sides)
{
	static unsigned seed = 1;

	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % sides;
}

/* The rules once more, an octet at a time, over the whole content. */
static void
model(const struct buf *in, struct buf *out)
{
	for (size_t i = 0; i < in->len; i++) {
		if (in->p[i] == '\r' && i + 1 < in->len && in->p[i + 1] == '\n')
			i++;
		else if (in->p[i] != '\r' && in->p[i] != '\n') {
			buf_append(out, in->p + i, 1);
			continue;
		}
		buf_puts(out, "\r\n");
	}
	if (out->len > 0 && out->p[out->len - 1] != '\n')
		buf_puts(out, "\r\n");
}

/* By DATA the same content is the same, too. */
static void
check_data(const struct buf *content, const struct body_reader *chunks)
{
	struct body_writer w;
	struct body_reader r;
	struct buf wire, back;

	buf_init(&wire);
	buf_init(&back);
	body_writer_init(&w);
	body_write(&w, content->p, content->len, &wire);
	body_write_end(&w, &wire);
	body_init(&r);
	test_ok("ends", body_read(&r, &wire, on_piece, &back));
	test_mem("the same by DATA", back.p, back.len, content->p,
	    content->len);
	test_int("longest", (long long)r.longest, (long long)chunks->longest);
	buf_clear(&wire);
	buf_clear(&back);
}

static void
test_random(void)
{
	static const char alphabet[] = { '\r', '\n', '.', '\0', 'a' };
	struct buf in, out, want;

	buf_init(&in);
	buf_init(&out);
	buf_init(&want);
	for (unsigned round = 0; round < 10000; round++) {
		struct body_reader r;
		unsigned len = dice(30);

		buf_empty(&in);
		buf_empty(&want);
		while (len-- > 0)
			buf_append(&in, alphabet + dice(sizeof alphabet), 1);
		model(&in, &want);
		feed(&r, &in, 1 + dice(31), 1 + dice(31), &out);
		test_mem("the model's content", out.p, out.len, want.p,
		    want.len);
		check_data(&out, &r);
	}
	buf_clear(&in);
	buf_clear(&out);
	buf_clear(&want);
}

int
main(void)
{
	test_cases();
	test_random();
	return test_done();
}
