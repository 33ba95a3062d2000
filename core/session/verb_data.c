#include "clock.h"
#include "conn.h"
#include "mem.h"

#include "handoff.h"
#include "message.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

bool
verb_data_check(struct session *s, const struct command *c)
{
	if (!s->txn.open) {
		session_error(s, 503, "5.5.1", "say MAIL first");
		return false;
	}
	if (s->txn.accepted == 0) {
		session_error(s, 554, "5.5.1", "no valid recipients");
		return false;
	}
	return true;
}

static void
begin_content(struct session *s)
{
	struct session_io *io = s->io;
	const struct message_conf conf = {
		.spool_dir = s->env->spool_dir,
		.memory_max = s->limits.memory_message,
		.header_max = s->limits.header_size,
	};

	line_return(&io->lines, conn_input(s->conn));
	body_init(&io->body);
	s->txn.message = message_new(&conf);
	io->body_done = io->headers_asked = io->too_big = false;
	io->refusal = NULL;
	io->budget = s->conf->timeouts.data;
	io->waiting_since = 0;
	s->state = SESSION_DATA;
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
	begin_content(s);
}

static void
on_content(void *arg, const char *p, size_t len)
{
	struct session *s = arg;
	struct session_io *io = s->io;

	if (io->too_big || io->refusal != NULL)
		return;
	io->too_big = s->limits.message_size != 0 &&
	    io->body.octets > s->limits.message_size;
	if (!io->too_big)
		message_append(s->txn.message, p, len);
}

/* A client may take timeouts.data, and more as long as it keeps up min_rate;
 * what it saved that way is not more than timeouts.data. */
static void
account(struct session *s, size_t octets)
{
	struct session_io *io = s->io;
	const struct session_timeouts *t = &s->conf->timeouts;

	if (io->waiting_since != 0)
		io->budget -= (double)(clock_ms() - io->waiting_since) / 1000;
	io->waiting_since = 0;
	if (t->min_rate > 0)
		io->budget += (double)octets / t->min_rate;
	if (io->budget > t->data)
		io->budget = t->data;
	if (io->budget < 0.001)
		io->budget = 0.001;
}

static void
on_headers_asked(struct session *s)
{
	struct session_io *io = s->io;

	if (session_refuses(s)) {
		if (io->verdict == VERDICT_DROP) {
			session_refused(s);
			return;
		}
		if (io->verdict == VERDICT_DEFER)
			s->errors++;	/* as session_refused has it */
		io->refusal = arena_memdup(s->txn.arena, &io->reply,
		    sizeof io->reply);
		io->refusal_hangup = io->hangup;
	}
	if (io->body_done)
		handoff_start(s);
}

bool
verb_data_input(struct session *s)
{
	struct session_io *io = s->io;
	struct message *m = s->txn.message;
	struct buf *in = conn_input(s->conn);
	size_t before = in->len;

	if (before == 0)
		return false;
	io->body_done = body_read(&io->body, in, on_content, s);
	account(s, before - in->len);
	if (io->body_done)
		message_end(m);
	if (!io->headers_asked && message_header_done(m)) {
		io->headers_asked = true;
		if (!io->too_big && message_status(m) == MESSAGE_OK) {
			session_ask(s, STAGE_HEADERS, on_headers_asked);
			return true;
		}
	}
	if (io->body_done)
		handoff_start(s);
	return true;
}
