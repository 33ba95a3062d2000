#include <string.h>
#include <strings.h>

#include "mem.h"

#include "header.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ftext = %d33-57 / %d59-126 */
static bool
is_ftext(char c)
{
	return c > 0x20 && c < 0x7f && c != ':';
}

bool
header_name_ok(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_ftext(p[i]))
			return false;
	return len > 0;
}

/* The next line's first byte: behind the LF, or the end. */
static size_t
next_line(const char *p, size_t at, size_t len)
{
	const char *lf = memchr(p + at, '\n', len - at);

	return lf != NULL ? (size_t)(lf - p) + 1 : len;
}

/* Name and value of the field at f->start.  Spaces before the colon are an
 * obsolete form that others take for a field (RFC 5322 4.5), so we do. */
static void
parse_name(const char *p, struct header_field *f)
{
	const char *colon = memchr(p + f->start, ':', f->end - f->start);
	size_t len;

	f->name_len = 0;
	f->value = f->start;
	if (colon == NULL)
		return;
	len = (size_t)(colon - p) - f->start;
	while (len > 0 && is_blank(p[f->start + len - 1]))
		len--;
	if (!header_name_ok(p + f->start, len))
		return;
	f->name_len = len;
	f->value = (size_t)(colon - p) + 1;
}

int
header_parse(const char *p, size_t len, struct header *out)
{
	size_t room = 0, at = 0;

	memset(out, 0, sizeof *out);
	out->p = p;
	out->len = len;
	while (at < len) {
		struct header_field *f;

		if (out->count == HEADER_FIELDS_MAX)
			return -1;
		if (out->count == room) {
			room = room > 0 ? room * 2 : 32;
			out->field = mem_resize(out->field,
			    room * sizeof *out->field);
		}
		f = &out->field[out->count++];
		f->start = at;
		do
			at = next_line(p, at, len);
		while (at < len && is_blank(p[at]));
		f->end = at;
		parse_name(p, f);
	}
	return 0;
}

void
header_clear(struct header *h)
{
	mem_free(h->field);
	memset(h, 0, sizeof *h);
}

bool
header_is(const struct header *h, size_t i, const char *name)
{
	const struct header_field *f = &h->field[i];

	return f->name_len > 0 && strlen(name) == f->name_len &&
	    strncasecmp(h->p + f->start, name, f->name_len) == 0;
}

size_t
header_count(const struct header *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		n += header_is(h, i, name);
	return n;
}

/* A line of the value that follows a line end must begin with a blank and hold
 * more than blanks: some take a blank line for the end of the header. */
static bool
continues(const char *p, const char *end)
{
	if (p == end || !is_blank(*p))
		return false;
	while (p < end && is_blank(*p))
		p++;
	return p < end && *p != '\r' && *p != '\n';
}

bool
header_value_ok(const char *p, size_t len)
{
	const char *end = p + len;

	for (; p < end; p++) {
		if (*p == '\0')
			return false;
		if (*p == '\r' && (p + 1 == end || p[1] != '\n'))
			return false;
		if (*p == '\n' && !continues(p + 1, end))
			return false;
	}
	return true;
}
