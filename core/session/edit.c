#include <string.h>
#include <strings.h>

#include "buf.h"
#include "mem.h"

#include "edit.h"

enum {
	EDIT_LINE_MAX = 998,	/* RFC 5322 2.1.1 */
	EDIT_LINE_AIM = 78,
};

void
edit_clear(struct edit *e)
{
	mem_free(e->field);
	memset(e, 0, sizeof *e);
}

void
edit_view(const struct header *h, size_t i, struct edit_field *out)
{
	const struct header_field *f = &h->field[i];

	out->text = h->p + f->start;
	out->len = f->end - f->start;
	out->name_len = f->name_len;
	out->value = f->value - f->start;
}

static void
make_room(struct edit *e)
{
	if (e->count < e->room)
		return;
	e->room = e->room > 0 ? e->room * 2 : 32;
	e->field = mem_resize(e->field, e->room * sizeof *e->field);
}

void
edit_begin(struct edit *e, const struct header *h)
{
	size_t i;

	if (e->field != NULL)
		return;
	make_room(e);
	for (i = 0; i < h->count; i++) {
		make_room(e);
		edit_view(h, i, &e->field[e->count]);
		e->octets += e->field[e->count++].len;
	}
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Where to fold a line that is too long: at a blank behind something, so that
 * no line is left that holds blanks alone.  0 if there is no such place. */
static size_t
fold_at(const char *p, size_t len)
{
	size_t n;

	for (n = EDIT_LINE_AIM; n < len; n++)
		if (is_blank(p[n]) && !is_blank(p[n - 1]))
			return n;
	return 0;
}

/* Write a line of a value, folded only if it is longer than may be. */
static void
put_line(struct buf *out, const char *p, size_t len)
{
	size_t n;

	while (len > 0 && is_blank(p[len - 1]))
		len--;
	while (len > EDIT_LINE_MAX - 100 && (n = fold_at(p, len)) > 0) {
		buf_append(out, p, n);
		buf_puts(out, "\r\n");
		p += n;
		len -= n;
	}
	buf_append(out, p, len);
	buf_puts(out, "\r\n");
}

/* No blanks at the ends, and CRLF between the lines. */
static void
put_value(struct buf *out, const char *p, size_t len)
{
	const char *end = p + len, *lf;

	while (p < end && is_blank(*p))
		p++;
	while ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		const char *stop = lf > p && lf[-1] == '\r' ? lf - 1 : lf;

		put_line(out, p, (size_t)(stop - p));
		p = lf + 1;
	}
	put_line(out, p, (size_t)(end - p));
}

int
edit_make(struct arena *arena, const char *name, const char *value, size_t len,
    struct edit_field *out)
{
	struct buf text;

	if (!header_name_ok(name, strlen(name)) || !header_value_ok(value, len))
		return -1;
	buf_init(&text);
	buf_puts(&text, name);
	buf_puts(&text, ": ");
	put_value(&text, value, len);
	out->text = arena_memdup(arena, text.p, text.len);
	out->len = text.len;
	out->name_len = strlen(name);
	out->value = out->name_len + 1;
	buf_clear(&text);
	return 0;
}

void
edit_insert(struct edit *e, size_t at, const struct edit_field *f)
{
	make_room(e);
	memmove(e->field + at + 1, e->field + at,
	    (e->count - at) * sizeof *e->field);
	e->field[at] = *f;
	e->count++;
	e->octets += f->len;
}

void
edit_remove(struct edit *e, size_t at)
{
	e->octets -= e->field[at].len;
	if (at < e->top)
		e->top--;
	e->count--;
	memmove(e->field + at, e->field + at + 1,
	    (e->count - at) * sizeof *e->field);
}

bool
edit_is(const struct edit_field *f, const char *name)
{
	return f->name_len > 0 && strlen(name) == f->name_len &&
	    strncasecmp(f->text, name, f->name_len) == 0;
}

void
edit_replace(struct edit *e, size_t at, const struct edit_field *f)
{
	size_t top = e->top, i, n = at + 1;

	e->octets += f->len - e->field[at].len;
	e->field[at] = *f;
	for (i = n; i < e->count; i++) {
		const struct edit_field *old = &e->field[i];

		if (old->name_len == f->name_len &&
		    strncasecmp(old->text, f->text, f->name_len) == 0) {
			e->octets -= old->len;
			e->top -= i < top;
		} else {
			e->field[n++] = *old;
		}
	}
	e->count = n;
}
