#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * reply: an SMTP reply, into wire form and out of it (RFC 5321 4.2).
 *
 * reply_write makes "250-2.1.0 text" lines: each at most 512 octets with its
 * CRLF (4.5.3.1.5), longer text split at a space; "\n" in text begins a new
 * line; every other control byte and every 8-bit byte becomes "?".
 */
enum { REPLY_LINE_MAX = 512, REPLY_TEXT_MAX = 4096 };

struct reply {
	int code;		/* 200 to 599 */
	char enhanced[12];	/* "2.1.0"; "" for none */
	char text[REPLY_TEXT_MAX];	/* lines apart by "\n" */
};

/* Fill in; text is cut to fit. */
void reply_set(struct reply *, int code, const char *enhanced, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
void reply_write(const struct reply *, struct buf *out);
/* The class of a code: 2, 3, 4, 5. */
int reply_class(int code);
/* Is text a well-formed enhanced code of that class (RFC 3463 2)? */
bool reply_enhanced_ok(const char *text, int code);
/* Length of such a code at the start of text, or 0. */
size_t reply_enhanced_len(const char *text, int code);

/*
 * The other direction: the next hop's replies, which are hostile input.
 * Feed bytes; limits: a line of 2,048, 100 lines, 64 KiB.  LF alone is taken
 * as a line end from a next hop that sends it.  Mixed codes, a code below 200
 * or above 599, no code: malformed.  Text is kept up to REPLY_TEXT_MAX, with
 * control bytes made "?".
 */
enum reply_result { REPLY_MORE, REPLY_DONE, REPLY_MALFORMED };

struct reply_parser {
	struct reply reply;
	enum reply_result state;	/* private, like what follows */
	size_t lines, octets, text_len;
};

void reply_parser_init(struct reply_parser *);
/* Consumes whole lines from in, and nothing behind the last line of a reply.
 * After REPLY_DONE, parser->reply holds it until the next call, which begins
 * anew.  REPLY_MALFORMED is for good: that connection is out of step. */
enum reply_result reply_parse(struct reply_parser *, struct buf *in);

#endif
