#include "clock.h"
#include "conn.h"

#include "content.h"
#include "handoff.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

size_t
session_unread(const struct session *s)
{
	if (s->conn == NULL)
		return 0;
	return conn_input(s->conn)->len - s->io->lines.lent;
}

bool
session_is_implicit(const struct session *s)
{
	return s->conf->tls == SESSION_TLS_IMPLICIT && !s->conf->script;
}

/* With TLS from the start it is the client that begins. */
bool
session_is_early(const struct session *s)
{
	return session_unread(s) > 0 && !s->io->pipelining &&
	    !s->conf->script && !session_is_mute(s);
}

bool
session_is_mute(const struct session *s)
{
	const struct session_io *io = s->io;

	if (io->wait == SESSION_WAIT_TLS || (s->conf->proxy && !io->begun))
		return true;
	return session_is_implicit(s) && s->tls == NULL;
}

/* One step with what the client sent.  False if there is nothing to do. */
static bool
read_input(struct session *s)
{
	bool done;

	if (conn_errno(s->conn) != 0) {
		session_end(s, SESSION_LOST, NULL);
		return true;
	}
	if (conn_output_full(s->conn)) {
		s->io->wait = SESSION_WAIT_OUTPUT;
		conn_want_drained(s->conn);
		return true;
	}
	if (s->io->chunk.coming)
		done = verb_bdat_input(s);
	else if (s->io->chunk.phase == SESSION_CHUNK_OPEN) {
		content_account(s, 0);
		done = session_read_command(s);
	} else if (s->state == SESSION_DATA)
		done = verb_data_input(s);
	else if (s->io->drain || s->env->draining) {
		session_bye(s, SESSION_DRAIN, 421, "4.3.2", "shutting down");
		done = true;
	} else if (s->io->reader != NULL)
		done = s->io->reader(s);
	else
		done = session_read_command(s);
	if (done || !conn_eof(s->conn))
		return done;
	session_end(s, SESSION_LOST, NULL);
	return true;
}

/* One step.  False if the loop has to stop and wait for input. */
static bool
step(struct session *s)
{
	session_fn fn = s->io->next;

	if (fn == NULL)
		return read_input(s);
	s->io->next = NULL;
	fn(s);
	return true;
}

/* Observers are not cut short by a client that leaves. */
static bool
observing(const struct session *s)
{
	return s->asking && stage_is_observer(s->question.stage);
}

/* A client that will say no more and has left nothing to read is gone. */
static bool
has_left(const struct session *s)
{
	return s->conn != NULL && conn_eof(s->conn) && !s->conf->script &&
	    session_unread(s) == 0 && !observing(s);
}

/* A tenth of it, and no more than half a minute, if others want to come in. */
static double
hurried(const struct session *s, double seconds)
{
	if (!s->env->stress)
		return seconds;
	return seconds < 300 ? seconds / 10 : 30;
}

/* Is it content that we wait for, wanted or not? */
static bool
is_content(const struct session *s)
{
	return s->state == SESSION_DATA || s->io->chunk.coming;
}

/* Seconds for the client to say what comes next. */
static double
patience(const struct session *s)
{
	double left;

	if (s->io->wait == SESSION_WAIT_TLS)
		return s->conf->timeouts.tls;
	if (s->io->wait == SESSION_WAIT_OUTPUT)
		return s->conf->timeouts.command;
	if (is_content(s))
		return s->io->budget;
	if (s->state == SESSION_GREETING)
		return SESSION_PROXY_WAIT;
	if (s->state != SESSION_HELLO)
		return hurried(s, s->conf->timeouts.command);
	left = hurried(s, s->conf->timeouts.greeting) -
	    (double)(clock_ms() - s->io->banner_at) / 1000;
	return left > 0.001 ? left : 0.001;
}

/* The deadline runs while we wait for the client.  From end-of-data to its
 * answer it is that of after_data. */
static void
arm(struct session *s)
{
	struct session_io *io = s->io;
	bool ours = io->wait != SESSION_WAIT_NONE &&
	    io->wait != SESSION_WAIT_OUTPUT && io->wait != SESSION_WAIT_TLS;

	if (s->state == SESSION_HANDOFF)
		return;
	if (ours) {
		if (io->armed)
			conn_deadline(s->conn, 0);
		io->armed = false;
	} else if (!io->armed || is_content(s)) {
		if (is_content(s))
			io->waiting_since = clock_ms();
		conn_deadline(s->conn, patience(s));
		io->armed = true;
	}
}

void
session_run(struct session *s)
{
	struct session_io *io = s->io;

	if (io->running)
		return;
	io->running = true;
	for (;;) {
		while (io->wait == SESSION_WAIT_NONE && step(s))
			;
		if (io->wait == SESSION_WAIT_NONE || !has_left(s))
			break;
		session_end(s, SESSION_LOST, NULL);
	}
	io->running = false;
	if (s->conn == NULL)
		return;
	conn_flush(s->conn);
	arm(s);
}

static void
on_timeout(struct session *s)
{
	s->io->armed = false;
	if (s->state == SESSION_HANDOFF)
		handoff_expired(s);
	else if (s->io->wait == SESSION_WAIT_OUTPUT)
		session_end(s, SESSION_TIMEOUT, NULL);
	else if (s->io->wait == SESSION_WAIT_TLS)
		verb_tls_failed(s, "timed out");
	else
		session_bye(s, SESSION_TIMEOUT, 421, "4.4.2",
		    "timeout, closing");
	session_run(s);
}

void
session_event(void *arg, enum conn_event event)
{
	struct session *s = arg;
	struct session_io *io = s->io;
	void (*early)(void *, bool) = io->early;

	switch (event) {
	case CONN_CONNECTED:
		return;
	case CONN_SECURED:
		verb_tls_secured(s);
		break;
	case CONN_DATA:
		if (early != NULL && session_is_early(s)) {
			session_early_cancel(s);
			early(io->early_arg, true);
			return;
		}
		break;
	case CONN_EOF:
		if (io->wait == SESSION_WAIT_TLS)
			verb_tls_failed(s, "the client has left");
		break;
	case CONN_DRAINED:
		if (io->wait == SESSION_WAIT_OUTPUT) {
			io->wait = SESSION_WAIT_NONE;
			io->armed = false;
		}
		break;
	case CONN_TIMEOUT:
		on_timeout(s);
		return;
	case CONN_ERROR:
		if (io->wait == SESSION_WAIT_TLS)
			verb_tls_failed(s, conn_strerror(s->conn));
		else if (!observing(s))
			session_end(s, SESSION_LOST, NULL);
		return;
	}
	session_run(s);
}
