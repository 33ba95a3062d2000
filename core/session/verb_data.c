#include "conn.h"

#include "content.h"
#include "handoff.h"
#include "message.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

bool
verb_data_check(struct session *s, const struct command *c)
{
	if (verb_bdat_excludes(s))
		return false;
	if (!s->txn.open) {
		session_error(s, 503, "5.5.1", "say MAIL first");
		return false;
	}
	if (s->txn.accepted == 0) {
		/* RFC 2033 4.2 wants another code for LMTP */
		session_error(s, s->conf->lmtp ? 503 : 554, "5.5.1",
		    "no valid recipients");
		return false;
	}
	return true;
}

/* What hooks refuse here is over, as after end-of-data: the client begins
 * again with MAIL. */
void
verb_data(struct session *s)
{
	if (!session_in_step(s))
		return;
	if (session_refused(s)) {
		if (s->state != SESSION_CLOSING)
			session_end_txn(s, NULL);
		return;
	}
	session_say(s, "354 end data with <CR><LF>.<CR><LF>\r\n");
	content_begin(s, CONTENT_DATA);
}

static void
on_piece(struct session *s)
{
	if (s->io->body_done)
		handoff_start(s);
}

bool
verb_data_input(struct session *s)
{
	struct session_io *io = s->io;
	struct buf *in = conn_input(s->conn);
	size_t before = in->len;

	if (before == 0)
		return false;
	io->body_done = body_read(&io->body, in, content_add, s);
	content_account(s, before - in->len);
	if (io->body_done)
		message_end(s->txn.message);
	content_advance(s, on_piece);
	return true;
}
