#include "buf.h"
#include "test.h"

#include "line.h"

/*
 * Each case is input and what the reader says of it, one word per result:
 * [text] for a line, LONG, BARE.  The limit is 8.  What it says must not
 * depend on where the input is cut.
 */
static const struct {
	const char *in, *want;
} cases[] = {
	{ "", "" },
	{ "QUIT", "" },
	{ "QUIT\r", "" },
	{ "QUIT\r\n", "[QUIT]" },
	{ "\r\n", "[]" },
	{ "\r\n\r\n", "[][]" },
	{ "RSET\r\nQUIT\r\nNO", "[RSET][QUIT]" },
	{ "12345678\r\n", "[12345678]" },
	{ "123456789\r\n", "LONG" },
	{ "1234567890123456789\r\nQUIT\r\n", "LONG[QUIT]" },
	{ "1234567890123456789\r\r\r\nQUIT\r\n", "LONG[QUIT]" },
	{ "12345678901\n23456789\rx\r\nQUIT\r\n", "LONG[QUIT]" },
	{ "QU\nIT\r\nRSET\r\n", "BARE[RSET]" },
	{ "QU\rIT\r\nRSET\r\n", "BARE[RSET]" },
	{ "QUIT\r\r\nRSET\r\n", "BARE[RSET]" },
	{ "\r\r\nRSET\r\n", "BARE[RSET]" },
	{ "\nQUIT\r\nRSET\r\n", "BARE[RSET]" },
	{ "\n\r\nRSET\r\n", "BARE[RSET]" },
	{ "QUIT\n", "" },
	{ "QUIT\nRSET\n\r\nNOOP\r\n", "LONG[NOOP]" },
	{ "12345678\n\r\nQUIT\r\n", "LONG[QUIT]" },
	{ "1234567\n\r\nQUIT\r\n", "BARE[QUIT]" },
	{ "12345678\r", "" },
};

static void
drain(struct line_reader *r, struct buf *in, struct buf *said)
{
	struct line l;

	for (;;)
		switch (line_next(r, in, &l)) {
		case LINE_OK:
			buf_puts(said, "[");
			buf_append(said, l.p, l.len);
			buf_puts(said, "]");
			break;
		case LINE_LONG:
			buf_puts(said, "LONG");
			break;
		case LINE_BARE:
			buf_puts(said, "BARE");
			break;
		case LINE_MORE:
			return;
		}
}

/* Feed in pieces of n octets, the first of them cut octets long. */
static void
run(const char *text, size_t len, size_t cut, size_t n, struct buf *said)
{
	struct line_reader r;
	struct buf in;

	line_init(&r, 8);
	buf_init(&in);
	buf_empty(said);
	while (len > 0) {
		size_t piece = cut < len ? cut : len;

		buf_append(&in, text, piece);
		drain(&r, &in, said);
		test_ok("an overlong line costs no memory", in.len <= 10);
		text += piece;
		len -= piece;
		cut = n;
	}
	buf_append(said, "", 1);
	buf_clear(&in);
}

static void
test_cases(void)
{
	struct buf said;

	buf_init(&said);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].in);

		for (size_t cut = 1; cut <= len; cut++) {
			run(cases[i].in, len, cut, len, &said);
			test_str(cases[i].in, said.p, cases[i].want);
		}
		run(cases[i].in, len, 1, 1, &said);
		test_str(cases[i].in, said.p, cases[i].want);
	}
	buf_clear(&said);
}

/* line_return consumes what is lent, so that the rest can be looked at. */
static void
test_return(void)
{
	struct line_reader r;
	struct buf in;
	struct line l;

	line_init(&r, 100);
	buf_init(&in);
	buf_puts(&in, "STARTTLS\r\nMAIL");
	test_int("line", line_next(&r, &in, &l), LINE_OK);
	test_mem("lent", l.p, l.len, "STARTTLS", 8);
	line_return(&r, &in);
	test_mem("behind it", in.p, in.len, "MAIL", 4);
	buf_puts(&in, "\r\n");
	test_int("next", line_next(&r, &in, &l), LINE_OK);
	test_mem("lent next", l.p, l.len, "MAIL", 4);
	buf_clear(&in);
}

/* A megabyte without an end: the buffer stays small, the count grows. */
static void
test_endless(void)
{
	struct line_reader r;
	struct buf in;
	struct line l;
	char junk[1000];

	memset(junk, 'x', sizeof junk);
	line_init(&r, 2048);
	buf_init(&in);
	for (int i = 0; i < 1000; i++) {
		buf_append(&in, junk, sizeof junk);
		test_int("no line", line_next(&r, &in, &l), LINE_MORE);
		test_ok("small", in.len <= 2049);
	}
	test_ok("counted", r.dropped > 990000);
	buf_puts(&in, "\r\n");
	test_int("one report", line_next(&r, &in, &l), LINE_LONG);
	test_int("begins anew", r.dropped, 0);
	buf_clear(&in);
}

int
main(void)
{
	test_cases();
	test_return();
	test_endless();
	return test_done();
}
