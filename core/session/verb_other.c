#include <string.h>

#include "path.h"
#include "utf8.h"

#include "offer.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

void
verb_rset(struct session *s)
{
	verb_bdat_reset(s);
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
	struct reply r;

	reply_set(&r, 214, "2.0.0", "%s%s%s%s%s MAIL RCPT DATA%s RSET NOOP "
	    "VRFY HELP QUIT", s->conf->lmtp ? "LHLO" : "HELO EHLO",
	    verb_tls_offer(s) != NULL ? " STARTTLS" : "",
	    offer_has(s, EHLO_AUTH) ? " AUTH" : "",
	    verb_xclient_offer(s) != NULL ? " XCLIENT" : "",
	    verb_xforward_offer(s) != NULL ? " XFORWARD" : "",
	    offer_has(s, EHLO_CHUNKING) ? " BDAT" : "");
	session_reply(s, &r);
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

/* VRFY has the parameter SMTPUTF8, too (RFC 6531 3.7.4.2).  True, and cut off,
 * if it is there and may be. */
static bool
cut_utf8(const struct session *s, struct line *arg)
{
	struct line word = { NULL, strlen(" SMTPUTF8") };

	if (!offer_has(s, EHLO_SMTPUTF8) || arg->len < word.len)
		return false;
	word.p = arg->p + arg->len - word.len;
	if (!line_is(word, " SMTPUTF8"))
		return false;
	arg->len -= word.len;
	while (arg->len > 0 && arg->p[arg->len - 1] == ' ')
		arg->len--;
	return true;
}

bool
verb_vrfy_check(struct session *s, const struct command *c)
{
	struct line none = { "", 0 }, arg = c->arg;
	bool utf8 = cut_utf8(s, &arg);

	if (arg.len == 0) {
		session_error(s, 501, "5.5.4", "an argument is needed");
		return false;
	}
	if (utf8_has_8bit(arg) && !utf8) {
		session_error(s, 553, "5.6.7",
		    "addresses beyond ASCII are not supported");
		return false;
	}
	if (!utf8_ok(arg)) {
		session_error(s, 501, "5.5.2", "this is not valid UTF-8");
		return false;
	}
	keep_views(s, arg, none);
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
	if (path_parse_address(text, strlen(text), true, &path) == PATH_OK)
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
