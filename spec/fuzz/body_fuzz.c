#include "body.h"
#include "fuzz.h"

/*
 * Content: read, written and read again it is the same; and what is written
 * is one message, to a reader who knows only CRLF and to one who takes a bare
 * LF or CR for a line end.
 */
static void
on_piece(void *arg, const char *p, size_t len)
{
	assert(len > 0);
	buf_append(arg, p, len);
}

static bool
read_all(const uint8_t *data, size_t size, size_t piece,
    struct body_reader *r, struct buf *content)
{
	struct buf in;
	bool end = false;

	buf_init(&in);
	body_init(r);
	while (size > 0 && !end) {
		size_t n = piece < size ? piece : size;

		buf_append(&in, data, n);
		data += n;
		size -= n;
		end = body_read(r, &in, on_piece, content);
		assert(end || in.len == 0);
	}
	assert(r->octets == content->len);
	buf_clear(&in);
	return end;
}

/* Lines that are one dot, by the most lenient reading there is. */
static size_t
dot_lines(const struct buf *wire)
{
	size_t count = 0, len = 0;
	bool dot = false;

	for (size_t i = 0; i < wire->len; i++) {
		if (wire->p[i] == '\r' || wire->p[i] == '\n') {
			count += len == 1 && dot;
			len = 0;
			dot = false;
			continue;
		}
		dot = wire->p[i] == '.' && len == 0;
		len++;
	}
	return count;
}

static void
check_written(const struct buf *content, size_t piece)
{
	struct body_reader r;
	struct body_writer w;
	struct buf wire, again;

	buf_init(&wire);
	buf_init(&again);
	body_writer_init(&w);
	for (size_t at = 0; at < content->len; at += piece)
		body_write(&w, content->p + at, content->len - at < piece ?
		    content->len - at : piece, &wire);
	body_write_end(&w, &wire);
	assert(dot_lines(&wire) == 1);
	assert(wire.len >= 3 && memcmp(wire.p + wire.len - 3, ".\r\n", 3) == 0);
	assert(read_all((const uint8_t *)wire.p, wire.len, piece, &r, &again));
	assert(r.bare_cr == 0 && r.bare_lf == 0);
	if (content->len >= 2 && memcmp(content->p + content->len - 2, "\r\n",
	    2) == 0)
		fuzz_same(content, &again);
	buf_clear(&wire);
	buf_clear(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = fuzz_piece(&data, &size);
	struct body_reader a, b;
	struct buf whole, pieces;
	bool end;

	buf_init(&whole);
	buf_init(&pieces);
	end = read_all(data, size, size, &a, &whole);
	assert(read_all(data, size, piece, &b, &pieces) == end);
	fuzz_same(&whole, &pieces);
	assert(a.bare_cr == b.bare_cr && a.bare_lf == b.bare_lf);
	assert(a.nul == b.nul && a.longest == b.longest);
	assert(a.eight_bit == b.eight_bit);
	assert(!end || whole.len == 0 ||
	    memcmp(whole.p + whole.len - 2, "\r\n", 2) == 0);
	check_written(&whole, piece);
	buf_clear(&whole);
	buf_clear(&pieces);
	return 0;
}
