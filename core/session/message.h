#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "header.h"

struct buf;

/*
 * message: the content of one message, and what hooks changed of it.
 *
 * Content is stored as it came, unstuffed, with CRLF line ends: in memory up
 * to memory_max octets, then in an unlinked file of spool_dir.  The header
 * block is kept in memory as well (up to header_max).  Edits are a list that
 * message_reader applies on the way out; the stored bytes never change.
 *
 * Hooks' views stay valid until message_free.
 */
struct message;

struct message_conf {
	const char *spool_dir;
	size_t memory_max;
	size_t header_max;
};

enum message_status {
	MESSAGE_OK,
	MESSAGE_HEADER_LONG,	/* header over header_max, or of too many
				 * fields: 552 5.3.4 */
	MESSAGE_NO_SPACE,	/* the file could not be written: 452 4.3.1 */
};

struct message *message_new(const struct message_conf *);
void message_free(struct message *);

/* Append content.  Once a status is not OK, more is counted and dropped. */
enum message_status message_append(struct message *, const char *p, size_t n);
enum message_status message_status(const struct message *);
/* The end has come: completes the last line and the header. */
void message_end(struct message *);

uint64_t message_size(const struct message *);	/* octets stored so far */
/* Has the empty line been seen, or the end?  Before that message_header has
 * nothing and message_body_offset moves. */
bool message_header_done(const struct message *);
/* As it came.  Content that begins with a blank has no header: its first line
 * would continue ours. */
const struct header *message_header(const struct message *);
uint64_t message_body_offset(const struct message *);
/* Copy stored content from an offset; returns octets copied, 0 at the end,
 * -1 with errno if the file cannot be read. */
long message_read(const struct message *, uint64_t offset, char *out, size_t n);

/* Edits (doc/hooks.md, message).  Names and values are checked; -1 if they
 * may not be sent.  Values are unfolded or folded with LF or CRLF. */
enum message_place { MESSAGE_TOP, MESSAGE_BOTTOM };
int message_add_header(struct message *, const char *name, const char *value,
    size_t len, enum message_place);
int message_set_header(struct message *, const char *name, const char *value,
    size_t len);
/* The fields hooks see now: stored ones that are not removed, with edits, in
 * order.  An index is valid until the next edit. */
size_t message_field_count(const struct message *);
/* name and value are views; value is as stored, folded, without the last
 * CRLF and leading space. */
void message_field(const struct message *, size_t i, const char **name,
    size_t *name_len, const char **value, size_t *value_len);
void message_field_remove(struct message *, size_t i);
bool message_edited(const struct message *);

/* The trace header of ours, "Received: ...\r\n": below the headers added at
 * top, above all that came. */
void message_set_trace(struct message *, const char *text);

/*
 * What goes out: canonical CRLF content with the edits applied, from the top.
 * No dot-stuffing here; body_write does that for SMTP, maildir writes LF.
 */
struct message_reader {
	const struct message *m;
	int part;		/* private */
	size_t index;
	uint64_t offset;
};

void message_reader_init(struct message_reader *, const struct message *);
/* Append up to about max octets to out; returns 1 if more follows, 0 at the
 * end, -1 with errno if stored content cannot be read (451, never 250). */
int message_reader_next(struct message_reader *, struct buf *out, size_t max);
uint64_t message_out_size(const struct message *);	/* for SIZE= */

#endif
