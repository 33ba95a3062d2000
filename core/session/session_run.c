#include <string.h>
#include <strings.h>

#include "clock.h"
#include "conn.h"
#include "log.h"
#include "utf8.h"

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

void
session_wipe_line(struct session *s)
{
	struct buf *in = conn_input(s->conn);

	if (s->io->lines.lent > 0)
		explicit_bzero(in->p, s->io->lines.lent);
}

void
session_violation(struct session *s)
{
	session_note(s, 554, "5.5.0", "synchronisation violation");
	session_bye(s, SESSION_ERRORS, 554, "5.5.0",
	    "synchronisation violation");
}

bool
session_in_step(struct session *s)
{
	if (session_unread(s) == 0 || s->conf->script)
		return true;
	session_violation(s);
	return false;
}

/* May more input be there behind this command? */
static bool
may_follow(const struct session *s, unsigned flags)
{
	if (session_unread(s) == 0 || s->conf->script ||
	    (flags & (VERB_END | VERB_FRAMED)))
		return true;
	return s->io->pipelining && !(flags & VERB_LAST);
}

static bool
over(unsigned n, unsigned limit)
{
	return limit != 0 && n > limit;
}

/* What is not served before TLS (RFC 3207 4) or AUTH (RFC 4954 6), and after
 * a handshake that the hooks did not like. */
static bool
is_barred(struct session *s, unsigned flags)
{
	if (s->io->tls_refusal != NULL && !(flags & VERB_END)) {
		session_reply(s, s->io->tls_refusal);
		return true;
	}
	if (s->conf->tls == SESSION_TLS_REQUIRED && s->tls == NULL &&
	    !(flags & VERB_CLEAR)) {
		session_error(s, 530, "5.7.0", "say STARTTLS first");
		return true;
	}
	if (s->conf->auth == SESSION_AUTH_REQUIRED && s->auth_user == NULL &&
	    (flags & VERB_LOGIN)) {
		session_error(s, 530, "5.7.0", "authentication is required");
		return true;
	}
	return false;
}

/* What every command is held against before its own row. */
static bool
admit(struct session *s, const struct verb *row, const struct command *c)
{
	if (!may_follow(s, row->flags)) {
		session_violation(s);
		return false;
	}
	if (s->limits.errors != 0 && s->errors >= s->limits.errors &&
	    !(row->flags & VERB_END)) {
		session_bye(s, SESSION_ERRORS, 421, "4.7.0",
		    "too many errors");
		return false;
	}
	if (!(row->flags & VERB_FREE) &&
	    over(++s->junk, s->limits.commands)) {
		session_bye(s, SESSION_ERRORS, 421, "4.7.0",
		    "too many commands");
		return false;
	}
	if (row->flags & VERB_FRAMED)
		return true;
	if (is_barred(s, row->flags))
		return false;
	if ((row->flags & VERB_BARE) && c->arg.len > 0) {
		session_error(s, 501, "5.5.4", "no argument is allowed");
		return false;
	}
	if ((row->flags & VERB_GREETED) && s->state == SESSION_HELLO) {
		session_error(s, 503, "5.5.1", "say HELO or EHLO first");
		return false;
	}
	return true;
}

static void
noise(struct session *s)
{
	session_note(s, 0, "", "another protocol is spoken");
	session_end(s, SESSION_REFUSED, NULL);
}

/* All that the protocol says.  False if that has been answered. */
static bool
check(struct session *s, const struct verb *row, const struct command *c,
    enum command_status status)
{
	if (!admit(s, row, c))
		return false;
	if (status == COMMAND_BAD ||
	    (!(row->flags & VERB_8BIT) && utf8_has_8bit(c->arg))) {
		session_error(s, 500, "5.5.2", "syntax error");
		return false;
	}
	return row->check == NULL || row->check(s, c);
}

/* Nobody knows what follows such a line, if it cannot be read. */
static bool
is_framed(struct line line)
{
	line.len = line.len < 4 ? line.len : 4;
	return line_is(line, command_verb_name(COMMAND_BDAT));
}

static void
dispatch(struct session *s, struct line line)
{
	struct command c;
	const struct verb *row;
	enum command_status status = command_parse(line, &c);
	bool fine;

	if (status == COMMAND_NOISE) {
		noise(s);
		return;
	}
	s->io->verb = c.verb;
	s->verbs[c.verb].all++;
	row = verb_row(c.verb);
	if (status == COMMAND_BAD && is_framed(line)) {
		verb_bdat_bad(s);
		return;
	}
	fine = check(s, row, &c, status);
	if (c.verb == COMMAND_AUTH && s->conn != NULL)
		session_wipe_line(s);
	if (!fine)
		return;
	if (row->stage != STAGE_START)
		session_ask(s, row->stage, row->proceed);
	else
		row->proceed(s);
}

/* A line that could not be read as a command. */
static void
bad_line(struct session *s, const char *enhanced, const char *what)
{
	struct command none = { .verb = COMMAND_UNKNOWN };

	s->io->verb = COMMAND_UNKNOWN;
	s->verbs[COMMAND_UNKNOWN].all++;
	if (admit(s, verb_row(COMMAND_UNKNOWN), &none))
		session_error(s, 500, enhanced, what);
}

/* Longer than any exchange of AUTH may be, or just too long. */
static void
long_line(struct session *s)
{
	if (s->io->lines.max > s->conf->limits.command_line)
		bad_line(s, "5.5.6", "line too long for AUTH");
	else
		bad_line(s, "5.5.2", "line too long");
}

bool
session_no_line(struct session *s)
{
	if (s->io->lines.dropped <= SESSION_JUNK_MAX)
		return false;
	session_bye(s, SESSION_ERRORS, 500, "5.5.2", "line too long");
	return true;
}

/* AUTH alone may bring more than a command (RFC 4954 4). */
static void
set_line_max(struct session *s, struct line start)
{
	struct line_reader *lines = &s->io->lines;

	if (lines->discarding)
		return;
	lines->max = s->conf->limits.command_line;
	start.len = start.len < 5 ? start.len : 5;
	if (s->conf->auth != SESSION_AUTH_OFF && line_is(start, "AUTH ") &&
	    lines->max < SASL_LINE_MAX)
		lines->max = SASL_LINE_MAX;
}

/* Cut a line and serve it.  False if there is none. */
static bool
read_command(struct session *s)
{
	struct session_io *io = s->io;
	struct buf *in = conn_input(s->conn);
	struct line line;

	line_return(&io->lines, in);
	if (in->len == 0)
		return false;
	line.p = in->p;
	line.len = in->len;
	set_line_max(s, line);
	if (s->state == SESSION_HELLO && !io->lines.discarding &&
	    command_is_noise(in->p, in->len)) {
		noise(s);
		return true;
	}
	if (over(s->errors, s->limits.soft_errors) && !io->paced) {
		io->paced = true;
		session_delay(s, 1, NULL);
		return true;
	}
	switch (line_next(&io->lines, in, &line)) {
	case LINE_MORE:
		return session_no_line(s);
	case LINE_OK:
		dispatch(s, line);
		break;
	case LINE_LONG:
		long_line(s);
		break;
	case LINE_BARE:
		bad_line(s, "5.5.2", "bare CR or LF in a command");
		break;
	}
	io->paced = false;
	io->armed = false;
	return true;
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
		done = read_command(s);
	} else if (s->state == SESSION_DATA)
		done = verb_data_input(s);
	else if (s->io->drain || s->env->draining) {
		session_bye(s, SESSION_DRAIN, 421, "4.3.2", "shutting down");
		done = true;
	} else if (s->io->reader != NULL)
		done = s->io->reader(s);
	else
		done = read_command(s);
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

/* Seconds for the client to say what comes next. */
static double
patience(const struct session *s)
{
	double left;

	if (s->io->wait == SESSION_WAIT_TLS)
		return s->conf->timeouts.tls;
	if (s->io->wait == SESSION_WAIT_OUTPUT)
		return s->conf->timeouts.command;
	if (s->state == SESSION_DATA)
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
	} else if (!io->armed || s->state == SESSION_DATA) {
		if (s->state == SESSION_DATA)
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
