#include <stdio.h>
#include <string.h>

#include "conn.h"
#include "mem.h"
#include "tls.h"

#include "offer.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

/*
 * AUTH (RFC 4954).  Credentials are in the input buffer and in struct sasl,
 * and nowhere else; both are overwritten as soon as they have been used.
 */
enum { FAILURE_DELAY = 1 };		/* seconds */

static bool
is_clear(const struct session *s)
{
	return s->tls == NULL && !s->conf->auth_without_tls;
}

static bool
is_wanted(const struct session *s)
{
	return s->conf->auth != SESSION_AUTH_OFF &&
	    session_listens(s, STAGE_AUTH) && !offer_is_withheld(s, "AUTH");
}

/* EXTERNAL is for those whose certificate we have checked. */
static bool
is_mechanism(const struct session *s, enum sasl_mechanism m)
{
	if (!(s->conf->mechanisms >> m & 1))
		return false;
	return m != SASL_EXTERNAL || (s->tls != NULL && s->tls->verified &&
	    s->tls->subject != NULL);
}

const char *
verb_auth_offer(const struct session *s, char out[VERB_OFFER_MAX])
{
	int m, n = 4;

	if (!is_wanted(s) || is_clear(s))
		return NULL;
	snprintf(out, VERB_OFFER_MAX, "AUTH");
	for (m = 0; m < SASL_MECHANISMS; m++)
		if (is_mechanism(s, (enum sasl_mechanism)m))
			n += snprintf(out + n, (size_t)(VERB_OFFER_MAX - n),
			    " %s", sasl_name((enum sasl_mechanism)m));
	return n > 4 ? out : NULL;
}

void
verb_auth_forget(struct session *s)
{
	struct session_io *io = s->io;

	if (io->sasl == NULL)
		return;
	sasl_clear(io->sasl);
	mem_free(io->sasl);
	io->sasl = NULL;
	memset(&io->login, 0, sizeof io->login);
	io->reader = NULL;
}

static void
cancel(struct session *s, int code, const char *enhanced, const char *text)
{
	verb_auth_forget(s);
	session_error(s, code, enhanced, text);
}

/* io->reply is what it is told, unless it has failed too often. */
static void
on_delayed(struct session *s)
{
	struct session_io *io = s->io;

	if (!session_in_step(s))
		return;
	if (io->auth_failures >= SESSION_AUTH_TRIES)
		session_bye(s, SESSION_ERRORS, 421, "4.7.0",
		    "too many failed logins");
	else if (io->hangup)
		session_end(s, SESSION_DROPPED, &io->reply);
	else
		session_reply(s, &io->reply);
}

/* Every failure costs the client the same time. */
static void
fail(struct session *s)
{
	verb_auth_forget(s);
	s->io->auth_failures++;
	session_delay(s, FAILURE_DELAY, on_delayed);
}

/* Nobody has said a word for these credentials. */
static void
fail_unknown(struct session *s)
{
	reply_set(&s->io->reply, 535, "5.7.8", "authentication failed");
	s->io->hangup = false;
	session_note(s, 535, "5.7.8", "authentication failed");
	fail(s);
}

/* Whoever has logged in is not held to what was thought of him before. */
static void
succeed(struct session *s)
{
	struct session_io *io = s->io;

	s->auth_user = arena_strdup(s->arena, io->login.user);
	s->auth_mechanism = io->login.mechanism;
	verb_auth_forget(s);
	io->astray = false;
	memset(io->held, 0, sizeof io->held);
	session_say(s, "235 2.7.0 welcome\r\n");
}

static void
on_asked(struct session *s)
{
	if (!session_in_step(s))
		return;
	switch (s->io->verdict) {
	case VERDICT_ACCEPT:
		succeed(s);
		break;
	case VERDICT_REJECT:
		fail(s);
		break;
	case VERDICT_DEFER:
	case VERDICT_FAULT:
	case VERDICT_DROP:
		verb_auth_forget(s);
		session_refused(s);
		break;
	case VERDICT_NONE:
	case VERDICT_DISCARD:
	case VERDICT_QUARANTINE:
	case VERDICT_REPLY:
		fail_unknown(s);
		break;
	}
}

/* With EXTERNAL the certificate says who it is. */
static void
ask(struct session *s)
{
	const struct sasl *sasl = s->io->sasl;
	struct session_login *login = &s->io->login;

	s->io->reader = NULL;
	login->mechanism = sasl_name(sasl->mechanism);
	login->user = sasl->mechanism == SASL_EXTERNAL ? s->tls->subject :
	    sasl->user;
	login->password = sasl->has_password ? sasl->password : NULL;
	login->authzid = sasl->has_authzid ? sasl->authzid : NULL;
	s->question.u.login = login;
	session_ask(s, STAGE_AUTH, on_asked);
}

static bool read_response(struct session *);

/* What follows from the client's last line. */
static void
go_on(struct session *s, enum sasl_status status)
{
	switch (status) {
	case SASL_CHALLENGE:
		buf_printf(conn_output(s->conn), "334 %s\r\n",
		    s->io->sasl->challenge);
		s->io->reader = read_response;
		break;
	case SASL_DONE:
		ask(s);
		break;
	case SASL_CANCELLED:
		cancel(s, 501, "5.7.0", "cancelled");
		break;
	case SASL_BAD:
		cancel(s, 501, "5.5.2", "this is no base64");
		break;
	case SASL_REFUSED:
		fail_unknown(s);
		break;
	}
}

static void
take_response(struct session *s, struct line line)
{
	enum sasl_status status;

	if (!session_in_step(s))
		return;
	status = sasl_step(s->io->sasl, line);
	session_wipe_line(s);
	go_on(s, status);
}

/* One that cannot be read may hold them all the same. */
static void
refuse_response(struct session *s, int code, const char *enhanced,
    const char *text)
{
	if (!session_in_step(s))
		return;
	buf_wipe(conn_input(s->conn));
	cancel(s, code, enhanced, text);
}

/* A line of the dialogue. */
static bool
read_response(struct session *s)
{
	struct session_io *io = s->io;
	struct line line;

	io->lines.max = SASL_LINE_MAX;
	switch (line_next(&io->lines, conn_input(s->conn), &line)) {
	case LINE_MORE:
		return session_no_line(s);
	case LINE_OK:
		take_response(s, line);
		break;
	case LINE_LONG:
		refuse_response(s, 500, "5.5.6", "line too long for AUTH");
		break;
	case LINE_BARE:
		refuse_response(s, 501, "5.5.2", "bare CR or LF");
		break;
	}
	io->armed = false;
	return true;
}

static bool
is_possible(struct session *s)
{
	if (!is_wanted(s))
		session_error(s, 503, "5.5.1", "AUTH is not offered");
	else if (s->auth_user != NULL)
		session_error(s, 503, "5.5.1", "once is enough");
	else if (s->txn.open)
		session_error(s, 503, "5.5.1", "not in a transaction");
	else if (is_clear(s) && verb_tls_offer(s) != NULL)
		session_error(s, 538, "5.7.11", "say STARTTLS first");
	else if (is_clear(s))
		session_error(s, 503, "5.5.1", "AUTH is not offered");
	else if (!s->esmtp)
		session_error(s, 503, "5.5.1", "say EHLO first");
	else
		return true;
	return false;
}

/* "PLAIN", "PLAIN AGEAYg==". */
static bool
split(struct line arg, struct line *name, struct line *initial)
{
	const char *space = memchr(arg.p, ' ', arg.len);

	*name = arg;
	initial->p = NULL;
	initial->len = 0;
	if (space == NULL)
		return arg.len > 0;
	name->len = (size_t)(space - arg.p);
	initial->p = space + 1;
	initial->len = arg.len - name->len - 1;
	return memchr(initial->p, ' ', initial->len) == NULL;
}

bool
verb_auth_check(struct session *s, const struct command *c)
{
	struct session_io *io = s->io;
	enum sasl_mechanism m;
	struct line name, initial;

	if (!is_possible(s))
		return false;
	if (!split(c->arg, &name, &initial)) {
		session_error(s, 501, "5.5.4", "say AUTH and a mechanism");
		return false;
	}
	if (sasl_parse_name(name, &m) != 0 || !is_mechanism(s, m)) {
		session_error(s, 504, "5.5.4", "no such mechanism");
		return false;
	}
	if (session_over_rate(s, SESSION_RATE_LOGINS)) {
		s->errors++;
		return false;
	}
	io->sasl = mem_alloc(sizeof *io->sasl);
	io->sasl_status = sasl_start(io->sasl, m, initial);
	return true;
}

void
verb_auth(struct session *s)
{
	go_on(s, s->io->sasl_status);
}
