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
 * CRLF.CRLF ends it (or .CRLF at once, the CRLF of DATA being the first).
 * Memory is constant however long a line is.
 *
 * A bare CR or LF is counted and comes out as CRLF: whether such a message may
 * go on is for the caller to say when the end has come.  For the framing it is
 * no line end.  So a dot behind it is content: it is not removed, and with
 * nothing but line ends of any kind around it ends nothing; it comes out as a
 * line with one dot, which the writer doubles.  A dot behind a CRLF is removed
 * unless CRLF follows, also if what follows is a bare CR or LF.
 */
struct body_reader {
	int state;		/* private, as is plain */
	bool plain;		/* content has no dot rules and no end */
	uint64_t octets;	/* content so far, as it comes out */
	uint64_t bare_cr, bare_lf, nul;
	size_t line;		/* octets in the present line */
	size_t longest;		/* longest line so far, its end not counted */
	bool eight_bit;
};

typedef void (*body_fn)(void *arg, const char *p, size_t len);

void body_init(struct body_reader *);
/* Consumes from in; true when the end has been consumed, and not one byte
 * more.  fn gets whole runs, views into in. */
bool body_read(struct body_reader *, struct buf *in, body_fn, void *arg);

/*
 * The same for BDAT (RFC 3030 2), where octets are counted and a dot is a dot.
 * Chunks are cut anywhere: what is between the CR and the LF of a line end,
 * too.  body_read_chunk consumes at most max octets; body_end_chunks is for
 * the end of the last chunk, and gives out what is missing of a CRLF.
 */
void body_init_chunks(struct body_reader *);
void body_read_chunk(struct body_reader *, struct buf *in, uint64_t max,
    body_fn, void *arg);
void body_end_chunks(struct body_reader *, body_fn, void *arg);

/*
 * The way out: every line that begins with a dot gets another.  Input is
 * content in pieces of any length.  Whoever made it, what is written has no
 * bare CR or LF (each becomes CRLF) and one end: the one of body_write_end.
 */
struct body_writer {
	int state;		/* private */
};

void body_writer_init(struct body_writer *);
void body_write(struct body_writer *, const char *p, size_t len,
    struct buf *out);
/* The end: a CRLF if the last line had none, then ".\r\n".  After that the
 * writer is as new. */
void body_write_end(struct body_writer *, struct buf *out);

#endif
