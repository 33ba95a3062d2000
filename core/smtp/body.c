#include <string.h>

#include "buf.h"

#include "body.h"

enum {
	BODY_START,		/* a CRLF is behind us: a dot counts here */
	BODY_DOT,		/* that dot, held back */
	BODY_DOT_CR,		/* and a CR, held back */
	BODY_LINE,		/* in a line, or behind a bare line end */
	BODY_CR,		/* behind a CR that has been given out */
	BODY_END,
};

/* One call of body_read.  What lies between run and p is content that has not
 * been given out yet. */
struct scan {
	struct body_reader *r;
	body_fn fn;
	void *arg;
	const char *run, *p, *end;
	const char *cr;		/* the next CR at or behind p, or end; NULL:
				 * not looked for */
};

void
body_init(struct body_reader *r)
{
	memset(r, 0, sizeof *r);
	r->state = BODY_START;
}

static bool
has_8bit(const char *p, size_t len)
{
	uint64_t word, all = 0;

	for (; len >= sizeof word; p += sizeof word, len -= sizeof word) {
		memcpy(&word, p, sizeof word);
		all |= word;
	}
	for (; len > 0; p++, len--)
		all |= (unsigned char)*p;
	return (all & UINT64_C(0x8080808080808080)) != 0;
}

static void
give(struct scan *s, const char *p, size_t len)
{
	struct body_reader *r = s->r;
	const char *nul = p, *end = p + len;

	if (len == 0)
		return;
	r->octets += len;
	if (!r->eight_bit)
		r->eight_bit = has_8bit(p, len);
	while ((nul = memchr(nul, '\0', (size_t)(end - nul))) != NULL) {
		r->nul++;
		nul++;
	}
	s->fn(s->arg, p, len);
}

/* Give out the run before p and begin the next at from. */
static void
flush(struct scan *s, const char *from)
{
	give(s, s->run, (size_t)(s->p - s->run));
	s->run = s->p = from;
}

static void
grow_line(struct body_reader *r, size_t n)
{
	r->line += n;
	if (r->line > r->longest)
		r->longest = r->line;
}

static void
begin_line(struct body_reader *r, int state)
{
	r->line = 0;
	r->state = state;
}

/* To the next CR or LF.  Each byte is searched once for either, so that no
 * mixture of them can make this slow. */
static void
read_line(struct scan *s)
{
	const char *lf;

	if (s->cr == NULL || s->cr < s->p) {
		s->cr = memchr(s->p, '\r', (size_t)(s->end - s->p));
		if (s->cr == NULL)
			s->cr = s->end;
	}
	lf = memchr(s->p, '\n', (size_t)(s->cr - s->p));
	if (lf != NULL) {
		grow_line(s->r, (size_t)(lf - s->p));
		s->r->bare_lf++;
		s->p = lf;
		flush(s, lf + 1);
		give(s, "\r\n", 2);
		begin_line(s->r, BODY_LINE);
		return;
	}
	grow_line(s->r, (size_t)(s->cr - s->p));
	s->p = s->cr;
	if (s->p < s->end) {
		s->p++;
		s->r->state = BODY_CR;
	}
}

/* One state forward. */
static void
step(struct scan *s)
{
	struct body_reader *r = s->r;

	switch (r->state) {
	case BODY_START:
		if (*s->p == '.') {
			flush(s, s->p + 1);
			r->state = BODY_DOT;
		} else
			r->state = BODY_LINE;
		return;
	case BODY_DOT:
		if (*s->p == '\r') {
			s->run = ++s->p;
			r->state = BODY_DOT_CR;
		} else
			r->state = BODY_LINE;
		return;
	case BODY_DOT_CR:
		if (*s->p == '\n') {
			s->run = ++s->p;
			r->state = BODY_END;
			return;
		}
		r->bare_cr++;
		give(s, "\r\n", 2);
		begin_line(r, BODY_LINE);
		return;
	case BODY_LINE:
		read_line(s);
		return;
	case BODY_CR:
		if (*s->p == '\n') {
			s->p++;
			begin_line(r, r->plain ? BODY_LINE : BODY_START);
			return;
		}
		r->bare_cr++;
		flush(s, s->p);
		give(s, "\n", 1);
		begin_line(r, BODY_LINE);
		return;
	}
}

/* To the end of the message or of these octets; returns how many it took. */
static size_t
scan(struct scan *s, const char *p, size_t len)
{
	s->run = s->p = p;
	s->end = p + len;
	while (s->p < s->end && s->r->state != BODY_END)
		step(s);
	flush(s, s->p);
	return (size_t)(s->p - p);
}

bool
body_read(struct body_reader *r, struct buf *in, body_fn fn, void *arg)
{
	struct scan s = { .r = r, .fn = fn, .arg = arg };

	if (in->len > 0)
		buf_consume(in, scan(&s, in->p, in->len));
	return r->state == BODY_END;
}

void
body_init_chunks(struct body_reader *r)
{
	memset(r, 0, sizeof *r);
	r->plain = true;
	r->state = BODY_LINE;
}

void
body_read_chunk(struct body_reader *r, struct buf *in, uint64_t max,
    body_fn fn, void *arg)
{
	struct scan s = { .r = r, .fn = fn, .arg = arg };
	size_t n = in->len < max ? in->len : (size_t)max;

	if (n > 0)
		buf_consume(in, scan(&s, in->p, n));
}

void
body_end_chunks(struct body_reader *r, body_fn fn, void *arg)
{
	struct scan s = { .r = r, .fn = fn, .arg = arg };

	if (r->state == BODY_CR) {
		r->bare_cr++;
		give(&s, "\n", 1);
	} else if (r->line > 0)
		give(&s, "\r\n", 2);
	begin_line(r, BODY_END);
}
