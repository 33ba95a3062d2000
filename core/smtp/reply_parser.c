#include <string.h>

#include "buf.h"

#include "reply.h"

enum { LINE_OCTETS = 2048, LINES = 100, OCTETS = 64 * 1024 };

void
reply_parser_init(struct reply_parser *r)
{
	memset(r, 0, sizeof *r);
}

/* Keep text, as far as it fits, on a line of its own. */
static void
keep(struct reply_parser *r, const char *p, size_t len)
{
	char *text = r->reply.text;

	if (r->lines > 0 && r->text_len + 1 < REPLY_TEXT_MAX)
		text[r->text_len++] = '\n';
	for (size_t i = 0; i < len && r->text_len + 1 < REPLY_TEXT_MAX; i++) {
		unsigned char c = (unsigned char)p[i];

		text[r->text_len++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	text[r->text_len] = '\0';
}

/* The enhanced code of a line is cut off its text; the first line's counts. */
static size_t
take_enhanced(struct reply_parser *r, const char *p, size_t len)
{
	char head[12];
	size_t n = len < sizeof head - 1 ? len : sizeof head - 1;

	memcpy(head, p, n);
	head[n] = '\0';
	n = reply_enhanced_len(head, r->reply.code);
	if (n == 0 || (n < len && p[n] != ' '))
		return 0;
	if (r->lines == 0) {
		memcpy(r->reply.enhanced, head, n);
		r->reply.enhanced[n] = '\0';
	}
	return n < len ? n + 1 : n;
}

static int
parse_code(const char *p, size_t len)
{
	int code = 0;

	if (len < 3)
		return -1;
	for (int i = 0; i < 3; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		code = code * 10 + (p[i] - '0');
	}
	return code < 200 || code > 599 ? -1 : code;
}

/* One line without its end. */
static enum reply_result
parse_line(struct reply_parser *r, const char *p, size_t len)
{
	int code = parse_code(p, len);
	bool more = len > 3 && p[3] == '-';
	size_t n;

	if (code < 0 || (len > 3 && p[3] != ' ' && p[3] != '-') ||
	    (r->lines > 0 && code != r->reply.code) || r->lines == LINES)
		return REPLY_MALFORMED;
	r->reply.code = code;
	n = len > 3 ? 4 : 3;
	p += n;
	len -= n;
	n = take_enhanced(r, p, len);
	keep(r, p + n, len - n);
	r->lines++;
	return more ? REPLY_MORE : REPLY_DONE;
}

enum reply_result
reply_parse(struct reply_parser *r, struct buf *in)
{
	if (r->state == REPLY_DONE)
		reply_parser_init(r);
	while (r->state == REPLY_MORE && in->len > 0) {
		const char *lf = memchr(in->p, '\n', in->len);
		size_t len = lf != NULL ? (size_t)(lf - in->p) : in->len;
		size_t end = len + 1;

		if (len > LINE_OCTETS || r->octets + len > OCTETS) {
			r->state = REPLY_MALFORMED;
			break;
		}
		if (lf == NULL)
			break;
		if (len > 0 && in->p[len - 1] == '\r')
			len--;
		r->state = parse_line(r, in->p, len);
		r->octets += end;
		buf_consume(in, end);
	}
	return r->state;
}
