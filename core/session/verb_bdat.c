#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conn.h"

#include "content.h"
#include "handoff.h"
#include "message.h"
#include "offer.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

/*
 * BDAT (RFC 3030 2).  The octets of a chunk follow its command at once, wanted
 * or not: they are taken out of the input in any case, and only then comes the
 * answer.  So none of them is ever read as a command.  Where their number
 * cannot be known the session ends.
 *
 * After a refusal the message has failed: its transaction is over, and what
 * else is in the pipeline is thrown away until LAST or RSET.
 */
enum {
	BDAT_SMALL = 512,	/* such chunks count against limits.commands */
	BDAT_TEXT_MAX = 64,
};

void
verb_bdat_bad(struct session *s)
{
	session_bye(s, SESSION_ERRORS, 501, "5.5.4",
	    "a number of octets is needed, and LAST or nothing");
}

/* chunk-size [SP "LAST"] */
static bool
parse(struct line arg, struct session_chunk *out)
{
	const char *space = memchr(arg.p, ' ', arg.len);
	struct line number = arg, rest = { arg.p + arg.len, 0 };
	unsigned long long n;

	if (space != NULL) {
		number.len = (size_t)(space - arg.p);
		rest.p = space;
		rest.len = arg.len - number.len;
	}
	while (rest.len > 0 && *rest.p == ' ') {
		rest.p++;
		rest.len--;
	}
	if (command_number(number, &n) != 0)
		return false;
	out->size = out->left = n;
	out->last = rest.len > 0;
	return rest.len == 0 || line_is(rest, "LAST");
}

bool
verb_bdat_check(struct session *s, const struct command *c)
{
	struct session_chunk *k = &s->io->chunk;

	if (!parse(c->arg, k)) {
		verb_bdat_bad(s);
		return false;
	}
	if (k->size < BDAT_SMALL && !k->last && s->limits.commands != 0 &&
	    ++s->junk > s->limits.commands) {
		session_bye(s, SESSION_ERRORS, 421, "4.7.0",
		    "too many commands");
		return false;
	}
	return true;
}

static void
refuse_chunk(struct session *s, int code, const char *enhanced,
    const char *text)
{
	struct session_chunk *k = &s->io->chunk;

	k->code = code;
	k->enhanced = enhanced;
	k->text = text;
}

/* What the protocol has against a chunk here.  True if something. */
static bool
is_out_of_place(struct session *s)
{
	struct session_chunk *k = &s->io->chunk;
	const struct txn *t = &s->txn;

	if (!offer_has(s, EHLO_CHUNKING))
		refuse_chunk(s, 502, "5.5.1", "not implemented");
	else if (k->phase == SESSION_CHUNK_FAILED)
		refuse_chunk(s, 503, "5.5.1", "the message has failed");
	else if (!t->open)
		refuse_chunk(s, 503, "5.5.1", "say MAIL first");
	else if (t->accepted == 0)
		refuse_chunk(s, s->conf->lmtp ? 503 : 554, "5.5.1",
		    "no valid recipients");
	else if (k->size == 0 && !k->last && k->empty++ > 0)
		refuse_chunk(s, 551, "5.7.1", "too many empty chunks");
	return k->code != 0;
}

/* Would the chunks so far and this one be more than twice the limit? */
static bool
is_far_too_big(const struct session *s)
{
	const struct session_chunk *k = &s->io->chunk;
	uint64_t limit = s->limits.message_size;

	if (limit == 0)
		return false;
	limit = limit < UINT64_MAX / 2 ? limit * 2 : UINT64_MAX;
	return k->total > limit || k->size > limit - k->total;
}

static void
on_data_asked(struct session *s)
{
	struct session_chunk *k = &s->io->chunk;

	if (!content_keep_refusal(s))
		return;
	if (s->io->refusal == NULL)
		content_begin(s, CONTENT_CHUNKS);
	else
		content_time(s);
	k->phase = SESSION_CHUNK_OPEN;
	k->empty = k->size == 0;
	k->total = k->size;
	k->coming = true;
}

void
verb_bdat(struct session *s)
{
	struct session_io *io = s->io;
	struct session_chunk *k = &io->chunk;
	bool wanted;

	line_return(&io->lines, conn_input(s->conn));
	k->code = 0;
	if (k->phase == SESSION_CHUNK_NONE)
		k->total = k->empty = 0;
	wanted = !is_out_of_place(s);
	if (is_far_too_big(s)) {
		session_bye(s, SESSION_ERRORS, 552, "5.3.4",
		    "message too big");
		return;
	}
	if (wanted && k->phase == SESSION_CHUNK_NONE) {
		io->refusal = NULL;
		session_ask(s, STAGE_DATA, on_data_asked);
		return;
	}
	if (k->phase != SESSION_CHUNK_OPEN)
		content_time(s);
	k->total += k->size;
	k->coming = true;
}

/* A refusal is said at the end of the first chunk that knows it. */
static bool
has_failed(const struct session *s)
{
	const struct session_io *io = s->io;

	return io->refusal != NULL || io->too_big ||
	    message_status(s->txn.message) != MESSAGE_OK;
}

static void
say_refused(struct session *s)
{
	struct session_chunk *k = &s->io->chunk;

	session_note(s, k->code, k->enhanced, k->text);
	session_error(s, k->code, k->enhanced, k->text);
	if (k->code == 502)
		return;
	if (s->txn.open) {
		k->phase = SESSION_CHUNK_FAILED;
		session_end_txn(s, NULL);
	}
	if (k->last)
		k->phase = SESSION_CHUNK_NONE;
}

/* The end of a chunk, or of a piece of one. */
static void
on_piece(struct session *s)
{
	struct session_chunk *k = &s->io->chunk;
	char text[BDAT_TEXT_MAX];

	if (k->left > 0)
		return;
	k->coming = false;
	s->io->armed = false;
	if (k->code != 0) {
		if (s->io->pipelining || session_in_step(s))
			say_refused(s);
	} else if (k->last || has_failed(s)) {
		k->phase = k->last ? SESSION_CHUNK_NONE : SESSION_CHUNK_FAILED;
		handoff_start(s);
	} else if (s->io->pipelining || session_in_step(s)) {
		snprintf(text, sizeof text, "250 2.0.0 %" PRIu64 " octets\r\n",
		    k->size);
		session_say(s, text);
	}
}

/* The octets of a chunk that belongs to a message. */
static void
read_content(struct session *s)
{
	struct session_io *io = s->io;
	struct session_chunk *k = &io->chunk;
	struct buf *in = conn_input(s->conn);
	size_t before = in->len;

	body_read_chunk(&io->body, in, k->left, content_add, s);
	content_account(s, before - in->len);
	k->left -= before - in->len;
	if (k->left == 0 && k->last) {
		body_end_chunks(&io->body, content_add, s);
		message_end(s->txn.message);
	}
	content_advance(s, on_piece);
}

bool
verb_bdat_input(struct session *s)
{
	struct session_chunk *k = &s->io->chunk;
	struct buf *in = conn_input(s->conn);
	size_t n = in->len;

	if (k->left > 0 && n == 0)
		return false;
	if (k->code == 0 && s->txn.message != NULL) {
		read_content(s);
		return true;
	}
	if (n > k->left)
		n = (size_t)k->left;
	buf_consume(in, n);
	content_account(s, n);
	k->left -= n;
	on_piece(s);
	return true;
}

bool
verb_bdat_excludes(struct session *s)
{
	switch (s->io->chunk.phase) {
	case SESSION_CHUNK_NONE:
		return false;
	case SESSION_CHUNK_OPEN:
		session_error(s, 503, "5.5.1", "BDAT LAST has not come");
		break;
	case SESSION_CHUNK_FAILED:
		session_error(s, 503, "5.5.1", "say RSET first");
		break;
	}
	return true;
}

void
verb_bdat_reset(struct session *s)
{
	s->io->chunk.phase = SESSION_CHUNK_NONE;
}
