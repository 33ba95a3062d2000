#include "clock.h"
#include "conn.h"
#include "mem.h"

#include "message.h"
#include "session_io.h"

#include "content.h"

void
content_time(struct session *s)
{
	s->io->budget = s->conf->timeouts.data;
	s->io->waiting_since = 0;
}

void
content_begin(struct session *s, enum content_form form)
{
	struct session_io *io = s->io;
	const struct message_conf conf = {
		.spool_dir = s->env->spool_dir,
		.memory_max = s->limits.memory_message,
		.header_max = s->limits.header_size,
	};

	line_return(&io->lines, conn_input(s->conn));
	if (form == CONTENT_CHUNKS)
		body_init_chunks(&io->body);
	else
		body_init(&io->body);
	s->txn.message = message_new(&conf);
	io->body_done = io->headers_asked = io->too_big = false;
	io->refusal = NULL;
	content_time(s);
	s->state = SESSION_DATA;
}

void
content_add(void *arg, const char *p, size_t len)
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
void
content_account(struct session *s, size_t octets)
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

bool
content_keep_refusal(struct session *s)
{
	struct session_io *io = s->io;

	if (!session_refuses(s))
		return true;
	if (io->verdict == VERDICT_DROP) {
		session_refused(s);
		return false;
	}
	if (io->verdict == VERDICT_DEFER)
		s->errors++;	/* as session_refused has it */
	io->refusal = arena_memdup(s->txn.arena, &io->reply,
	    sizeof io->reply);
	io->refusal_hangup = io->hangup;
	return true;
}

static void
on_headers_asked(struct session *s)
{
	if (content_keep_refusal(s))
		s->io->after_piece(s);
}

void
content_advance(struct session *s, session_fn next)
{
	struct session_io *io = s->io;
	const struct message *m = s->txn.message;

	io->after_piece = next;
	if (!io->headers_asked && message_header_done(m)) {
		io->headers_asked = true;
		if (!io->too_big && message_status(m) == MESSAGE_OK) {
			session_ask(s, STAGE_HEADERS, on_headers_asked);
			return;
		}
	}
	next(s);
}
