#include "buf.h"
#include "test.h"

#include "reply.h"

static void
test_write(int code, const char *enhanced, const char *text, const char *want)
{
	static struct reply r;
	struct buf out;

	buf_init(&out);
	reply_set(&r, code, enhanced, "%s", text);
	reply_write(&r, &out);
	test_mem(want, out.p, out.len, want, strlen(want));
	buf_clear(&out);
}

static void
test_writes(void)
{
	test_write(250, "2.1.0", "ok", "250 2.1.0 ok\r\n");
	test_write(354, "", "go on", "354 go on\r\n");
	test_write(250, "", "", "250\r\n");
	test_write(250, "2.0.0", "", "250 2.0.0\r\n");
	test_write(250, "", "a\nb\nc", "250-a\r\n250-b\r\n250 c\r\n");
	test_write(550, "5.7.1", "a\nb", "550-5.7.1 a\r\n550 5.7.1 b\r\n");
	test_write(550, "5.7.1", "a\n\nb", "550-5.7.1 a\r\n550-5.7.1\r\n550 5.7.1 b\r\n");
	test_write(550, "", "a\n\nb", "550-a\r\n550-\r\n550 b\r\n");
	test_write(250, "", "a\n", "250 a\r\n");
	test_write(250, "", "\n\n", "250\r\n");
	test_write(550, "", "a\r\nb\tc\x7f" "d\xe9" "e\x1b", "550-a?\r\n550 b?c?d?e?\r\n");
	test_write(550, "", "%s%n", "550 %s%n\r\n");
}

/* However long the text is: no line over 512 octets, and no octet lost. */
static void
test_long(size_t len, size_t word)
{
	static struct reply r;
	char text[3000], joined[3000] = "";
	struct buf out;
	char *line, *save = NULL;
	size_t lines = 0;

	for (size_t i = 0; i < len; i++)
		text[i] = i % word == word - 1 ? ' ' : (char)('a' + i % 26);
	text[len] = '\0';
	buf_init(&out);
	reply_set(&r, 550, "5.7.1", "%s", text);
	reply_write(&r, &out);
	buf_append(&out, "", 1);
	for (line = strtok_r(out.p, "\r\n", &save); line != NULL;
	    line = strtok_r(NULL, "\r\n", &save)) {
		test_ok("short enough", strlen(line) <= 510);
		test_ok("prefix", strncmp(line, "550", 3) == 0);
		if (lines++ > 0 && word < 400)
			strcat(joined, " ");
		strcat(joined, line + (strlen(line) > 10 ? 10 : strlen(line)));
	}
	test_str("nothing lost", joined, text);
	buf_clear(&out);
}

static void
test_enhanced(void)
{
	test_ok("2.1.0", reply_enhanced_ok("2.1.0", 250));
	test_ok("5.7.1", reply_enhanced_ok("5.7.1", 550));
	test_ok("4.123.999", reply_enhanced_ok("4.123.999", 450));
	test_ok("class", !reply_enhanced_ok("5.7.1", 450));
	test_ok("354", !reply_enhanced_ok("3.0.0", 354));
	test_ok("four digits", !reply_enhanced_ok("5.7.1000", 550));
	test_ok("short", !reply_enhanced_ok("5.7", 550));
	test_ok("tail", !reply_enhanced_ok("5.7.1 ", 550));
	test_ok("empty", !reply_enhanced_ok("", 550));
	test_ok("dots", !reply_enhanced_ok("5..1", 550));
	test_int("length", (long long)reply_enhanced_len("5.7.1 no", 550), 5);
	test_int("class", reply_class(421), 4);
}

/* Input, how it ends, and the reply: code, enhanced code, text; then what is
 * left in the buffer. */
static const struct {
	const char *in;
	enum reply_result result;
	int code;
	const char *enhanced, *text, *left;
} parses[] = {
	{ "", REPLY_MORE, 0, "", "", "" },
	{ "250 ok\r\n", REPLY_DONE, 250, "", "ok", "" },
	{ "250 2.1.0 ok\r\n", REPLY_DONE, 250, "2.1.0", "ok", "" },
	{ "250 2.1.0\r\n", REPLY_DONE, 250, "2.1.0", "", "" },
	{ "250 ok\r\n354 go\r\n", REPLY_DONE, 250, "", "ok", "354 go\r\n" },
	{ "250\r\n", REPLY_DONE, 250, "", "", "" },
	{ "250 \r\n", REPLY_DONE, 250, "", "", "" },
	{ "250 ok\n", REPLY_DONE, 250, "", "ok", "" },
	{ "250-a\r\n250-b\r\n250 c\r\n", REPLY_DONE, 250, "", "a\nb\nc", "" },
	{ "250-a\n250 c\n", REPLY_DONE, 250, "", "a\nc", "" },
	{ "250-\r\n250\r\n", REPLY_DONE, 250, "", "\n", "" },
	{ "550-5.7.1 a\r\n550 5.7.1 b\r\n", REPLY_DONE, 550, "5.7.1", "a\nb", "" },
	{ "550-5.7.1 a\r\n550 b\r\n", REPLY_DONE, 550, "5.7.1", "a\nb", "" },
	{ "550-a\r\n550 5.7.1 b\r\n", REPLY_DONE, 550, "", "a\nb", "" },
	{ "550 2.1.0 b\r\n", REPLY_DONE, 550, "", "2.1.0 b", "" },
	{ "550 5.7.1no\r\n", REPLY_DONE, 550, "", "5.7.1no", "" },
	{ "550 5.7.1234 x\r\n", REPLY_DONE, 550, "", "5.7.1234 x", "" },
	{ "250 a\rb\x01\xe9\r\n", REPLY_DONE, 250, "", "a?b?\xe9", "" },
	{ "250-a\r\n", REPLY_MORE, 0, "", "", "" },
	{ "250-a\r\n251 b\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "250-a\r\n\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "25\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "2500 x\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "250_x\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ " 250 x\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "000 x\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "150 x\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "199 x\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "600 x\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "2x0 x\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "hello\r\n", REPLY_MALFORMED, 0, "", "", "" },
	{ "HTTP/1.1 400 Bad Request\r\n", REPLY_MALFORMED, 0, "", "", "" },
};

static void
test_parse(size_t i, size_t cut, size_t n)
{
	static struct reply_parser r;
	enum reply_result res = REPLY_MORE;
	const char *p = parses[i].in;
	size_t len = strlen(p);
	struct buf in;

	buf_init(&in);
	reply_parser_init(&r);
	while (len > 0 && res == REPLY_MORE) {
		size_t piece = cut < len ? cut : len;

		buf_append(&in, p, piece);
		res = reply_parse(&r, &in);
		p += piece;
		len -= piece;
		cut = n;
	}
	test_int(parses[i].in, res, parses[i].result);
	if (res == REPLY_DONE && parses[i].result == REPLY_DONE) {
		buf_append(&in, p, len);
		test_int(parses[i].in, r.reply.code, parses[i].code);
		test_str(parses[i].in, r.reply.enhanced, parses[i].enhanced);
		test_str(parses[i].in, r.reply.text, parses[i].text);
		test_mem(parses[i].in, in.p, in.len, parses[i].left,
		    strlen(parses[i].left));
	}
	if (parses[i].result == REPLY_MALFORMED) {
		buf_puts(&in, "250 ok\r\n");
		test_int("for good", reply_parse(&r, &in), REPLY_MALFORMED);
	}
	buf_clear(&in);
}

static void
test_parses(void)
{
	for (size_t i = 0; i < sizeof parses / sizeof *parses; i++) {
		size_t len = strlen(parses[i].in);

		for (size_t cut = 1; cut <= len; cut++)
			test_parse(i, cut, len);
		test_parse(i, 1, 1);
	}
}

/* Several replies in one packet come one by one. */
static void
test_sequence(void)
{
	static struct reply_parser r;
	struct buf in;

	buf_init(&in);
	reply_parser_init(&r);
	buf_puts(&in, "250-a\r\n250 b\r\n550 5.1.1 no\r\n354");
	test_int("first", reply_parse(&r, &in), REPLY_DONE);
	test_str("first", r.reply.text, "a\nb");
	test_int("second", reply_parse(&r, &in), REPLY_DONE);
	test_str("second", r.reply.text, "no");
	test_str("second", r.reply.enhanced, "5.1.1");
	test_int("third", reply_parse(&r, &in), REPLY_MORE);
	buf_puts(&in, " x\r\n");
	test_int("third", reply_parse(&r, &in), REPLY_DONE);
	test_str("not the second's", r.reply.enhanced, "");
	buf_clear(&in);
}

/* Endless in each way there is: malformed at a limit, with little memory. */
static void
test_endless(const char *piece, size_t times, enum reply_result want)
{
	static struct reply_parser r;
	enum reply_result res = REPLY_MORE;
	struct buf in;

	buf_init(&in);
	reply_parser_init(&r);
	for (size_t i = 0; i < times && res == REPLY_MORE; i++) {
		buf_puts(&in, piece);
		res = reply_parse(&r, &in);
		test_ok("bounded", in.len <= 4200);
	}
	test_int(piece, res, want);
	buf_clear(&in);
}

int
main(void)
{
	char line[2100];

	test_writes();
	for (size_t len = 495; len < 515; len++) {
		test_long(len, 7);
		test_long(len, 5000);
	}
	test_long(2500, 11);
	test_long(2500, 5000);
	test_enhanced();
	test_parses();
	test_sequence();
	test_endless("x", 3000, REPLY_MALFORMED);
	test_endless("250-a\r\n", 99, REPLY_MORE);
	test_endless("250-a\r\n", 101, REPLY_MALFORMED);
	memset(line, 'a', sizeof line);
	memcpy(line, "250-", 4);
	strcpy(line + 1000, "\r\n");
	test_endless(line, 60, REPLY_MORE);
	test_endless(line, 80, REPLY_MALFORMED);
	return test_done();
}
