#ifndef BODY_H
#define BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * body: what follows DATA: undo dot-stuffing, find the end (RFC 5321 4.5.2).
 *
 * Pieces of content come out by a callback, with every line end a CRLF.  Only
 * CRLF.CRLF ends it (or .CRLF at once).  Bare CR and LF are counted and come
 * out as CRLF: whether such a message may go on is for the caller to say when
 * the end has come.  Memory is constant however long a line is.
 */
struct body_reader {
	int state;		/* private */
	uint64_t octets;	/* content so far, as it comes out */
	uint64_t bare_cr, bare_lf, nul;
	size_t line;		/* octets in the present line */
	size_t longest;		/* longest line so far, CRLF not counted */
	bool eight_bit;
};

typedef void (*body_fn)(void *arg, const char *p, size_t len);

void body_init(struct body_reader *);
/* Consumes from in; true when the end has been consumed, and not one byte
 * more.  fn gets whole runs, views into in. */
bool body_read(struct body_reader *, struct buf *in, body_fn, void *arg);

/*
 * The way out: lines with any content are dot-stuffed anew.  Input to
 * body_write is content with CRLF line ends, in pieces of any length.
 */
struct body_writer {
	int state;		/* private */
};

void body_writer_init(struct body_writer *);
void body_write(struct body_writer *, const char *p, size_t len,
    struct buf *out);
/* The end: a CRLF if the last line had none, then ".\r\n". */
void body_write_end(struct body_writer *, struct buf *out);

#endif
