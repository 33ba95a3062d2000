#ifndef SMUGGLING_H
#define SMUGGLING_H

#include "session_fake.h"

/*
 * smuggling: two readers of what went to the next hop.  One knows CRLF alone,
 * the other takes a bare CR or LF for a line end, too.
 */

/* One reading of what went out: every message as "sender|content|". */
static inline void
smuggling_line(struct buf *list, bool *content, const char *p, size_t len)
{
	if (!*content) {
		if (len == 4 && memcmp(p, "DATA", 4) == 0)
			*content = true;
		else
			buf_append(list, p, len);
		buf_puts(list, "|");
	} else if (len == 1 && *p == '.') {
		*content = false;
		buf_puts(list, "#");
	} else {
		if (len > 0 && *p == '.') {
			p++;
			len--;
		}
		buf_append(list, p, len);
		buf_puts(list, "|");
	}
}

static inline unsigned
smuggling_strict(const struct buf *wire, struct buf *list)
{
	bool content = false;
	size_t i, from = 0;
	unsigned ends = 0;

	for (i = 0; i + 1 < wire->len; i++) {
		if (wire->p[i] != '\r' || wire->p[i + 1] != '\n')
			continue;
		ends += content && i - from == 1 && wire->p[from] == '.';
		smuggling_line(list, &content, wire->p + from, i - from);
		from = i + 2;
	}
	return ends;
}

/* CR, LF and CRLF end a line. */
static inline unsigned
smuggling_lenient(const struct buf *wire, struct buf *list)
{
	bool content = false;
	unsigned ends = 0;
	struct buf line;
	size_t i;

	buf_init(&line);
	for (i = 0; i < wire->len; i++) {
		char c = wire->p[i];

		if (c != '\r' && c != '\n') {
			buf_append(&line, &c, 1);
			continue;
		}
		if (c == '\r' && i + 1 < wire->len && wire->p[i + 1] == '\n')
			i++;
		ends += content && line.len == 1 && *line.p == '.';
		smuggling_line(list, &content, line.p ? line.p : "", line.len);
		buf_empty(&line);
	}
	buf_clear(&line);
	return ends;
}

static inline unsigned
smuggling_taken(void)
{
	const char *p = fake_text(&fake.got);
	unsigned n = 0;

	while ((p = strstr(p, "Hop took it")) != NULL) {
		n++;
		p++;
	}
	return n;
}

/* Do both see the same, and as many messages as the client was told of?  Adds
 * those to *messages. */
static inline bool
smuggling_agree(unsigned long *messages)
{
	struct buf strict, lenient;
	unsigned a, b;
	bool same;

	buf_init(&strict);
	buf_init(&lenient);
	a = smuggling_strict(&fake.wire, &strict);
	b = smuggling_lenient(&fake.wire, &lenient);
	same = a == b && strict.len == lenient.len &&
	    (fake.conf.lmtp || a == smuggling_taken()) &&
	    (strict.len == 0 || memcmp(strict.p, lenient.p, strict.len) == 0);
	*messages += a;
	buf_clear(&strict);
	buf_clear(&lenient);
	return same;
}

#endif
