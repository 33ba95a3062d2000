#include <string.h>

#include "clock.h"
#include "conn.h"
#include "log.h"

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
session_is_early(const struct session *s)
{
	return session_unread(s) > 0 && !s->io->pipelining &&
	    !s->conf->script;
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
	if (session_unread(s) == 0 || (flags & VERB_END) || s->conf->script)
		return true;
	return s->io->pipelining && !(flags & VERB_LAST);
}

static bool
over(unsigned n, unsigned limit)
{
	return limit != 0 && n > limit;
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

static void
dispatch(struct session *s, struct line line)
{
	struct command c;
	const struct verb *row;
	enum command_status status = command_parse(line, &c);

	if (status == COMMAND_NOISE) {
		noise(s);
		return;
	}
	s->io->verb = c.verb;
	s->verbs[c.verb].all++;
	row = verb_row(c.verb);
	if (!admit(s, row, &c))
		return;
	if (status == COMMAND_BAD) {
		session_error(s, 500, "5.5.2", "syntax error");
		return;
	}
	if (row->check != NULL && !row->check(s, &c))
		return;
	if (row->stage != STAGE_START)
		session_ask(s, row->stage, row->proceed);
	else
		row->proceed(s);
}

/* A line that could not be read as a command. */
static void
bad_line(struct session *s, const char *what)
{
	struct command none = { .verb = COMMAND_UNKNOWN };

	s->io->verb = COMMAND_UNKNOWN;
	s->verbs[COMMAND_UNKNOWN].all++;
	if (admit(s, verb_row(COMMAND_UNKNOWN), &none))
		session_error(s, 500, "5.5.2", what);
}

/* No line yet. */
static bool
no_line(struct session *s)
{
	if (s->io->lines.dropped <= SESSION_JUNK_MAX)
		return false;
	session_bye(s, SESSION_ERRORS, 500, "5.5.2", "line too long");
	return true;
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
		return no_line(s);
	case LINE_OK:
		dispatch(s, line);
		break;
	case LINE_LONG:
		bad_line(s, "line too long");
		break;
	case LINE_BARE:
		bad_line(s, "bare CR or LF in a command");
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
	if (s->state == SESSION_DATA)
		done = verb_data_input(s);
	else if (s->io->drain || s->env->draining) {
		session_bye(s, SESSION_DRAIN, 421, "4.3.2", "shutting down");
		done = true;
	} else
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

/* Seconds for the client to say what comes next. */
static double
patience(const struct session *s)
{
	double left;

	if (s->io->wait == SESSION_WAIT_OUTPUT)
		return s->conf->timeouts.command;
	if (s->state == SESSION_DATA)
		return s->io->budget;
	if (s->state != SESSION_HELLO)
		return s->conf->timeouts.command;
	left = s->conf->timeouts.greeting -
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
	    io->wait != SESSION_WAIT_OUTPUT;

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
	case CONN_SECURED:
		return;
	case CONN_DATA:
		if (early != NULL && session_is_early(s)) {
			session_early_cancel(s);
			early(io->early_arg, true);
			return;
		}
		break;
	case CONN_EOF:
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
		if (!observing(s))
			session_end(s, SESSION_LOST, NULL);
		return;
	}
	session_run(s);
}
