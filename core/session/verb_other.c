#include <string.h>

#include "path.h"

#include "session_io.h"
#include "verb.h"

#include "session.h"

void
verb_rset(struct session *s)
{
	session_say(s, "250 2.0.0 ok\r\n");
	if (s->txn.open)
		session_end_txn(s, NULL);
}

void
verb_noop(struct session *s)
{
	session_say(s, "250 2.0.0 ok\r\n");
}

void
verb_help(struct session *s)
{
	session_say(s, "214 2.0.0 HELO EHLO MAIL RCPT DATA RSET NOOP VRFY HELP "
	    "QUIT\r\n");
}

void
verb_quit(struct session *s)
{
	session_say(s, "221 2.0.0 bye\r\n");
	session_end(s, SESSION_QUIT, NULL);
}

/* Known and not implemented. */
void
verb_none(struct session *s)
{
	session_error(s, 502, "5.5.1", "not implemented");
}

/* Keep views of the line for a question; returns where each begins. */
static void
keep_views(struct session *s, struct line a, struct line b)
{
	struct buf *arg = &s->io->arg;

	buf_empty(arg);
	buf_append(arg, a.p, a.len);
	buf_append(arg, "", 1);
	buf_append(arg, b.p, b.len);
	buf_append(arg, "", 1);
}

bool
verb_vrfy_check(struct session *s, const struct command *c)
{
	struct line none = { "", 0 };

	if (c->arg.len == 0) {
		session_error(s, 501, "5.5.4", "an argument is needed");
		return false;
	}
	keep_views(s, c->arg, none);
	s->question.u.vrfy = s->io->arg.p;
	return true;
}

void
verb_vrfy(struct session *s)
{
	const char *text = s->io->arg.p;
	struct path path;
	struct reply r;

	if (!session_in_step(s) || session_refused(s))
		return;
	if (s->io->verdict != VERDICT_ACCEPT) {
		session_say(s, "252 2.5.0 send mail, and see\r\n");
		return;
	}
	if (path_parse_address(text, strlen(text), false, &path) == PATH_OK)
		reply_set(&r, 250, "2.1.5", "<%s>", path.text);
	else
		reply_set(&r, 250, "2.1.5", "ok");
	session_reply(s, &r);
}

bool
verb_unknown_check(struct session *s, const struct command *c)
{
	s->unknown++;
	keep_views(s, c->name, c->arg);
	s->question.u.unknown.verb = s->io->arg.p;
	s->question.u.unknown.rest = s->io->arg.p + c->name.len + 1;
	return true;
}

void
verb_unknown(struct session *s)
{
	if (!session_refused(s))
		session_error(s, 500, "5.5.2", "unknown command");
}
