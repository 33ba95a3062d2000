#ifndef HEADER_H
#define HEADER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * header: the fields of a header block (RFC 5322 2.2), kept in order.
 *
 * The block is content with CRLF line ends, up to and without the empty line.
 * A line that is no field (no colon, junk in its name, a continuation at the
 * top) is kept as a field without a name.  Blanks between name and colon are
 * tolerated and belong to neither.  Offsets point into the block, which the
 * caller owns.
 */
struct header_field {
	size_t start, end;	/* whole field, last CRLF included */
	size_t name_len;	/* 0: not a field */
	size_t value;		/* offset of the first byte after the colon */
};

struct header {
	const char *p;
	size_t len;
	struct header_field *field;	/* owned */
	size_t count;
};

enum { HEADER_FIELDS_MAX = 10000 };

/* 0; -1 if there are more fields than the most: what is behind is left out. */
int header_parse(const char *p, size_t len, struct header *out);
void header_clear(struct header *);
/* Is that the name of field i?  Case is ignored here and below. */
bool header_is(const struct header *, size_t i, const char *name);
size_t header_count(const struct header *, const char *name);

/* May these be sent?  name: RFC 5322 ftext; value: no NUL, CR and LF only as
 * CRLF or LF followed by a space or tab and something that is not blank. */
bool header_name_ok(const char *p, size_t len);
bool header_value_ok(const char *p, size_t len);

#endif
