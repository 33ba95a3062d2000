#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"

#include "reply.h"

int
reply_class(int code)
{
	return code / 100;
}

/* 1*3DIGIT at *p, which moves on. */
static bool
skip_number(const char **p)
{
	const char *start = *p;

	while (**p >= '0' && **p <= '9')
		(*p)++;
	return *p > start && *p - start <= 3;
}

/* Length of the enhanced code that text begins with, or 0 (RFC 3463 2). */
size_t
reply_enhanced_len(const char *text, int code)
{
	const char *p = text + 1;

	if (text[0] != '2' && text[0] != '4' && text[0] != '5')
		return 0;
	if (text[0] - '0' != reply_class(code) || *p++ != '.')
		return 0;
	if (!skip_number(&p) || *p++ != '.' || !skip_number(&p))
		return 0;
	return (size_t)(p - text);
}

bool
reply_enhanced_ok(const char *text, int code)
{
	size_t n = reply_enhanced_len(text, code);

	return n > 0 && text[n] == '\0';
}

void
reply_set(struct reply *r, int code, const char *enhanced, const char *fmt, ...)
{
	va_list ap;

	r->code = code;
	snprintf(r->enhanced, sizeof r->enhanced, "%s", enhanced);
	va_start(ap, fmt);
	vsnprintf(r->text, sizeof r->text, fmt, ap);
	va_end(ap);
}

/* How much of a piece of text fits in one line of room octets: up to the last
 * space if there is one.  *skip is that space. */
static size_t
fit(const char *p, size_t len, size_t room, size_t *skip)
{
	size_t n = room;

	*skip = 0;
	if (len <= room)
		return len;
	while (n > 0 && p[n] != ' ')
		n--;
	if (n == 0)
		return room;
	*skip = 1;
	return n;
}

static void
put_line(const struct reply *r, const char *p, size_t len, bool last,
    struct buf *out)
{
	char *to;

	buf_printf(out, "%03d", r->code);
	if (!last)
		buf_puts(out, "-");
	else if (len > 0 || r->enhanced[0] != '\0')
		buf_puts(out, " ");
	buf_puts(out, r->enhanced);
	if (len > 0 && r->enhanced[0] != '\0')
		buf_puts(out, " ");
	to = buf_reserve(out, len + 2);
	for (size_t i = 0; i < len; i++)
		to[i] = p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '?';
	memcpy(to + len, "\r\n", 2);
	buf_commit(out, len + 2);
}

void
reply_write(const struct reply *r, struct buf *out)
{
	size_t enhanced = strlen(r->enhanced);
	size_t room = REPLY_LINE_MAX - 2 - 4 - enhanced - (enhanced > 0);
	const char *p = r->text, *end = p + strlen(p);

	while (end > p && end[-1] == '\n')
		end--;
	for (;;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t skip, n, len = (size_t)((nl != NULL ? nl : end) - p);

		n = fit(p, len, room, &skip);
		if (n == len)
			skip = nl != NULL;
		put_line(r, p, n, p + n + skip >= end, out);
		p += n + skip;
		if (p >= end)
			return;
	}
}
