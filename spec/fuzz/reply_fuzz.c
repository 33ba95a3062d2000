#include "fuzz.h"
#include "reply.h"

/* Replies of a next hop: the same wherever they are cut, and what is passed on
 * is well-formed whatever they were. */
static void
check_written(const struct reply *r)
{
	static struct reply_parser again;
	struct buf wire;
	const char *p, *lf;

	buf_init(&wire);
	reply_write(r, &wire);
	for (p = wire.p; p < wire.p + wire.len; p = lf + 1) {
		lf = memchr(p, '\n', wire.len - (size_t)(p - wire.p));
		assert(lf != NULL && lf > p && lf[-1] == '\r');
		assert(lf + 1 - p <= REPLY_LINE_MAX);
		for (; p < lf - 1; p++)
			assert(*p >= 0x20 && *p < 0x7f);
	}
	reply_parser_init(&again);
	assert(reply_parse(&again, &wire) == REPLY_DONE);
	assert(again.reply.code == r->code && wire.len == 0);
	assert(strcmp(again.reply.enhanced, r->enhanced) == 0 ||
	    r->enhanced[0] == '\0');
	buf_clear(&wire);
}

static void
run(const uint8_t *data, size_t size, size_t piece, struct buf *said)
{
	static struct reply_parser r;
	struct buf in;

	buf_init(&in);
	reply_parser_init(&r);
	while (size > 0) {
		size_t n = piece < size ? piece : size;
		enum reply_result res;

		buf_append(&in, data, n);
		data += n;
		size -= n;
		while ((res = reply_parse(&r, &in)) == REPLY_DONE) {
			assert(r.reply.code >= 200 && r.reply.code <= 599);
			assert(strlen(r.reply.text) < REPLY_TEXT_MAX);
			buf_printf(said, "%d %s %s\n", r.reply.code,
			    r.reply.enhanced, r.reply.text);
			check_written(&r.reply);
		}
		if (res == REPLY_MALFORMED) {
			buf_puts(said, "malformed");
			break;
		}
	}
	buf_clear(&in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = fuzz_piece(&data, &size);
	struct buf whole, pieces;

	buf_init(&whole);
	buf_init(&pieces);
	run(data, size, size, &whole);
	run(data, size, piece, &pieces);
	fuzz_same(&whole, &pieces);
	buf_clear(&whole);
	buf_clear(&pieces);
	return 0;
}
