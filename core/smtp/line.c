#include <string.h>
#include <strings.h>

#include "buf.h"

#include "line.h"

bool
line_is(struct line l, const char *text)
{
	return strlen(text) == l.len && strncasecmp(l.p, text, l.len) == 0;
}

void
line_init(struct line_reader *r, size_t max)
{
	memset(r, 0, sizeof *r);
	r->max = max;
}

void
line_return(struct line_reader *r, struct buf *in)
{
	if (r->lent > 0)
		buf_consume(in, r->lent);
	r->lent = 0;
}

/* Find the CRLF of the present line.  *end is the length before it. */
static bool
find_end(struct line_reader *r, const struct buf *in, size_t *end)
{
	while (r->scanned < in->len) {
		const char *from = in->p + r->scanned;
		const char *lf = memchr(from, '\n', in->len - r->scanned);

		if (lf == NULL) {
			r->scanned = in->len;
			return false;
		}
		r->scanned = (size_t)(lf - in->p) + 1;
		if (lf > in->p && lf[-1] == '\r') {
			*end = (size_t)(lf - in->p) - 1;
			return true;
		}
		r->bare = true;
	}
	return false;
}

/* The CRLF sits at offset end: lend out what precedes it, or refuse it. */
static enum line_result
finish(struct line_reader *r, struct buf *in, size_t end, struct line *out)
{
	enum line_result res = LINE_OK;

	if (r->discarding || end > r->max)
		res = LINE_LONG;
	else if (r->bare || memchr(in->p, '\r', end) != NULL)
		res = LINE_BARE;
	r->scanned = 0;
	r->dropped = 0;
	r->bare = false;
	r->discarding = false;
	if (res != LINE_OK) {
		buf_consume(in, end + 2);
		return res;
	}
	r->lent = end + 2;
	out->p = in->p;
	out->len = end;
	return LINE_OK;
}

/* Drop an overlong line as it arrives, so that it costs no memory.  A CR at
 * its end stays, for it may be half of the CRLF. */
static void
discard(struct line_reader *r, struct buf *in)
{
	size_t keep = in->p[in->len - 1] == '\r';
	size_t n = in->len - keep;

	r->discarding = true;
	r->dropped += n;
	buf_consume(in, n);
	r->scanned = in->len;
}

enum line_result
line_next(struct line_reader *r, struct buf *in, struct line *out)
{
	size_t end;

	line_return(r, in);
	out->p = NULL;
	out->len = 0;
	if (find_end(r, in, &end))
		return finish(r, in, end, out);
	if (in->len > 0 && (r->discarding || in->len > r->max + 1))
		discard(r, in);
	return LINE_MORE;
}
