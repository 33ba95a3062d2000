#include <string.h>

#include "conn.h"
#include "utf8.h"

#include "session_io.h"
#include "verb.h"

#include "session.h"

void
session_wipe_line(struct session *s)
{
	struct buf *in = conn_input(s->conn);

	if (s->io->lines.lent > 0)
		explicit_bzero(in->p, s->io->lines.lent);
}

static void
violation(struct session *s)
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
	violation(s);
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

/* An operator who asks why mail does not come in finds it in the log. */
static bool
bar(struct session *s, const char *text)
{
	session_note(s, 530, "5.7.0", text);
	session_error(s, 530, "5.7.0", text);
	return true;
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
	    !(flags & VERB_CLEAR))
		return bar(s, "say STARTTLS first");
	if (s->conf->auth == SESSION_AUTH_REQUIRED && s->auth_user == NULL &&
	    (flags & VERB_LOGIN))
		return bar(s, "authentication is required");
	return false;
}

/* What every command is held against before its own row. */
static bool
admit(struct session *s, const struct verb *row, const struct command *c)
{
	if (!may_follow(s, row->flags)) {
		violation(s);
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
	if (c->verb == COMMAND_UNKNOWN && s->io->astray) {
		session_error(s, 500, "5.5.2", "unknown command");
		return false;
	}
	return row->check == NULL || row->check(s, c);
}

/* A client that does not wait for AUTH's answer sends name and password as
 * commands: no hook is to see them. */
static bool
is_astray(const struct session *s, enum command_verb verb)
{
	if (verb == COMMAND_UNKNOWN)
		return s->io->astray;
	return verb == COMMAND_AUTH;
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
	s->io->astray = is_astray(s, c.verb);
	s->verbs[c.verb].all++;
	row = verb_row(c.verb);
	if (status == COMMAND_BAD && s->io->framed) {
		verb_bdat_bad(s);
		return;
	}
	fine = check(s, row, &c, status);
	if (s->io->astray && s->conn != NULL)
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
	if (s->io->framed)
		verb_bdat_bad(s);
	else if (admit(s, verb_row(COMMAND_UNKNOWN), &none))
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

static bool
begins(struct line line, const char *word)
{
	size_t n = strlen(word);

	line.len = line.len < n ? line.len : n;
	return line_is(line, word);
}

/* AUTH alone may bring more than a command (RFC 4954 4).  What follows BDAT
 * nobody knows if the line cannot be read; some might overlook the blanks. */
static void
look_at(struct session *s, struct line start)
{
	struct line_reader *lines = &s->io->lines;

	if (lines->discarding)
		return;
	lines->max = s->conf->limits.command_line;
	if (s->conf->auth != SESSION_AUTH_OFF && begins(start, "AUTH ") &&
	    lines->max < SASL_LINE_MAX)
		lines->max = SASL_LINE_MAX;
	while (start.len > 0 && *start.p == ' ') {
		start.p++;
		start.len--;
	}
	s->io->framed = begins(start, command_verb_name(COMMAND_BDAT));
}

bool
session_read_command(struct session *s)
{
	struct session_io *io = s->io;
	struct buf *in = conn_input(s->conn);
	struct line line;

	line_return(&io->lines, in);
	if (in->len == 0)
		return false;
	line.p = in->p;
	line.len = in->len;
	look_at(s, line);
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
