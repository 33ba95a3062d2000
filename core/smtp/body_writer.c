#include <string.h>

#include "buf.h"

#include "body.h"

enum {
	WRITER_START,		/* at the start of a line */
	WRITER_LINE,
	WRITER_CR,		/* behind a CR that has been written */
};

void
body_writer_init(struct body_writer *w)
{
	w->state = WRITER_START;
}

/* The first byte of a line, and what is owed to the line before. */
static const char *
write_first(struct body_writer *w, const char *p, struct buf *out)
{
	if (w->state == WRITER_CR) {
		buf_append(out, "\n", 1);
		w->state = WRITER_START;
		return *p == '\n' ? p + 1 : p;
	}
	if (*p == '.')
		buf_append(out, ".", 1);
	w->state = WRITER_LINE;
	return p;
}

/* The end of the longest run from p, inside a line, that can be copied as it
 * is: up to a bare LF, behind a bare CR, before a dot that must be doubled.
 * *state is what holds there.  *cr remembers the next CR between calls, so
 * that each byte is searched once for either. */
static const char *
run_end(const char *p, const char *end, const char **cr, int *state)
{
	for (;;) {
		const char *lf;

		if (*cr == NULL || *cr < p) {
			*cr = memchr(p, '\r', (size_t)(end - p));
			if (*cr == NULL)
				*cr = end;
		}
		lf = memchr(p, '\n', (size_t)(*cr - p));
		if (lf != NULL)
			return lf;
		if (*cr == end)
			return end;
		p = *cr + 1;
		*state = WRITER_CR;
		if (p == end || *p != '\n')
			return p;
		p++;
		*state = WRITER_START;
		if (p == end || *p == '.')
			return p;
		*state = WRITER_LINE;
	}
}

void
body_write(struct body_writer *w, const char *p, size_t len, struct buf *out)
{
	const char *end = p + len, *cr = NULL;

	while (p < end) {
		const char *stop;

		if (w->state != WRITER_LINE) {
			p = write_first(w, p, out);
			continue;
		}
		stop = run_end(p, end, &cr, &w->state);
		buf_append(out, p, (size_t)(stop - p));
		p = stop;
		if (p < end && *p == '\n' && w->state == WRITER_LINE) {
			buf_append(out, "\r\n", 2);
			w->state = WRITER_START;
			p++;
		}
	}
}

void
body_write_end(struct body_writer *w, struct buf *out)
{
	if (w->state == WRITER_LINE)
		buf_append(out, "\r\n", 2);
	else if (w->state == WRITER_CR)
		buf_append(out, "\n", 1);
	buf_append(out, ".\r\n", 3);
	w->state = WRITER_START;
}
