#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * line: cut CRLF-terminated command lines out of a byte buffer.
 *
 * The reader owns no memory.  A line is a view into the buffer, valid until
 * the next call; only then are its bytes consumed.  Only CRLF ends a line
 * (RFC 5321 2.3.8).  A line that holds a bare CR or LF is reported, whole, as
 * LINE_BARE when its CRLF has come; one longer than max is thrown away as it
 * arrives and reported once as LINE_LONG, whatever else it holds.  Neither
 * result lends bytes.  After each of them the reader is in step again.
 */
enum line_result {
	LINE_OK,		/* *out holds a line, without its CRLF */
	LINE_MORE,		/* no complete line yet */
	LINE_LONG,		/* a line over the limit was thrown away */
	LINE_BARE,		/* one with a bare CR or LF was thrown away */
};

struct line {
	const char *p;
	size_t len;
};

bool line_is(struct line, const char *text);	/* case ignored */

struct line_reader {
	size_t max;		/* longest line, CRLF not counted */
	size_t scanned;		/* bytes already searched */
	size_t lent;		/* bytes of the line the caller still sees */
	size_t dropped;		/* bytes of the present overlong line so far */
	bool bare;		/* the present line holds a bare CR or LF */
	bool discarding;	/* inside a line that is over the limit */
};

void line_init(struct line_reader *, size_t max);
enum line_result line_next(struct line_reader *, struct buf *,
    struct line *out);
/* Consume the line that is lent, now: what is left in the buffer is input
 * that nobody has looked at. */
void line_return(struct line_reader *, struct buf *);

#endif
