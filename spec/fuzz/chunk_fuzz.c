#include "body.h"
#include "fuzz.h"

/*
 * Content by BDAT: in one chunk and in many it is the same; it ends with a
 * CRLF and holds no other CR or LF; and a reader of DATA gets it back.
 */
static void
on_piece(void *arg, const char *p, size_t len)
{
	assert(len > 0);
	buf_append(arg, p, len);
}

static void
read_chunks(const uint8_t *data, size_t size, size_t chunk,
    struct body_reader *r, struct buf *content)
{
	struct buf in;

	buf_init(&in);
	body_init_chunks(r);
	buf_append(&in, data, size);
	while (in.len > 0) {
		size_t had = in.len;

		body_read_chunk(r, &in, chunk, on_piece, content);
		assert(had - in.len == (had < chunk ? had : chunk));
	}
	body_end_chunks(r, on_piece, content);
	assert(r->octets == content->len);
	buf_clear(&in);
}

static void
check_canonical(const struct buf *content)
{
	for (size_t i = 0; i < content->len; i++)
		if (content->p[i] == '\r')
			assert(i + 1 < content->len &&
			    content->p[i + 1] == '\n');
		else if (content->p[i] == '\n')
			assert(i > 0 && content->p[i - 1] == '\r');
	assert(content->len == 0 || content->p[content->len - 1] == '\n');
}

static void
check_data(const struct buf *content)
{
	struct body_reader r;
	struct body_writer w;
	struct buf wire, back;

	buf_init(&wire);
	buf_init(&back);
	body_writer_init(&w);
	body_write(&w, content->p, content->len, &wire);
	body_write_end(&w, &wire);
	body_init(&r);
	assert(body_read(&r, &wire, on_piece, &back) && wire.len == 0);
	assert(r.bare_cr == 0 && r.bare_lf == 0);
	fuzz_same(content, &back);
	buf_clear(&wire);
	buf_clear(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t chunk = fuzz_piece(&data, &size);
	struct body_reader a, b;
	struct buf whole, pieces;

	buf_init(&whole);
	buf_init(&pieces);
	read_chunks(data, size, size + 1, &a, &whole);
	read_chunks(data, size, chunk, &b, &pieces);
	fuzz_same(&whole, &pieces);
	assert(a.bare_cr == b.bare_cr && a.bare_lf == b.bare_lf);
	assert(a.nul == b.nul && a.longest == b.longest);
	assert(a.eight_bit == b.eight_bit);
	check_canonical(&whole);
	if (whole.len > 0)
		check_data(&whole);
	buf_clear(&whole);
	buf_clear(&pieces);
	return 0;
}
