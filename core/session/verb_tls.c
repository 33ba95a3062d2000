#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "conn.h"
#include "mem.h"
#include "tls.h"

#include "offer.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

static bool
is_offered(const struct session *s)
{
	return (s->conf->tls == SESSION_TLS_OFFERED ||
	    s->conf->tls == SESSION_TLS_REQUIRED) &&
	    s->conf->tls_server != NULL && !s->conf->script &&
	    !offer_is_withheld(s, "STARTTLS");
}

/* Who the client is was said in the clear and cannot be unsaid (RFC 3207
 * 4.2): too late for TLS. */
static bool
is_named(const struct session *s)
{
	return s->verbs[COMMAND_XCLIENT].ok > 0;
}

const char *
verb_tls_offer(const struct session *s)
{
	return is_offered(s) && s->tls == NULL && !is_named(s) ? "STARTTLS" :
	    NULL;
}

/* It is asked about when the stream has gone. */
static void
keep_info(struct session *s, const struct tls_info *stream)
{
	struct tls_info *info = arena_memdup(s->arena, stream, sizeof *stream);

	info->version = arena_strdup(s->arena, stream->version);
	info->cipher = arena_strdup(s->arena, stream->cipher);
	info->sni = arena_strdup(s->arena, stream->sni);
	info->subject = arena_strdup(s->arena, stream->subject);
	info->fingerprint = arena_strdup(s->arena, stream->fingerprint);
	s->tls = info;
}

static void
secure(struct session *s, session_fn next)
{
	struct session_io *io = s->io;

	line_return(&io->lines, conn_input(s->conn));
	line_init(&io->lines, s->conf->limits.command_line);
	io->next = next;
	io->wait = SESSION_WAIT_TLS;
	io->armed = false;
	conn_resume(s->conn);
	conn_secure_server(s->conn, s->conf->tls_server);
}

void
verb_tls_handshake(struct session *s, session_fn next)
{
	if (session_admits(s, SESSION_RATE_HANDSHAKES))
		secure(s, next);
	else
		session_end(s, SESSION_REFUSED, NULL);
}

void
verb_tls_secured(struct session *s)
{
	if (s->io->wait != SESSION_WAIT_TLS)
		return;
	keep_info(s, conn_tls(s->conn));
	s->io->wait = SESSION_WAIT_NONE;
	s->io->armed = false;
	conn_deadline(s->conn, 0);
}

void
verb_tls_failed(struct session *s, const char *why)
{
	char text[TLS_ERROR_MAX + 32];

	snprintf(text, sizeof text, "TLS handshake: %s", why);
	session_note(s, 0, "", text);
	session_end(s, SESSION_TLS, NULL);
}

bool
verb_starttls_check(struct session *s, const struct command *c)
{
	if (s->tls != NULL)
		session_error(s, 503, "5.5.1", "TLS is there already");
	else if (!is_offered(s))
		session_error(s, 502, "5.5.1", "not implemented");
	else if (c->arg.len > 0)
		session_error(s, 501, "5.5.4", "no argument is allowed");
	else if (s->txn.open)
		session_error(s, 503, "5.5.1", "not in a transaction");
	else if (is_named(s))
		session_error(s, 503, "5.5.1", "not after XCLIENT");
	else
		return true;
	return false;
}

/* Refused once the handshake is done, it hears no more than that (RFC 3207
 * 4.1). */
static void
on_starttls_asked(struct session *s)
{
	struct session_io *io = s->io;

	if (!session_refuses(s))
		return;
	if (io->verdict == VERDICT_DROP || io->hangup)
		session_refused(s);
	else
		io->tls_refusal = arena_memdup(s->arena, &io->reply,
		    sizeof io->reply);
}

/* RFC 3207 4.2: what was said in the clear was never said. */
static void
on_secured(struct session *s)
{
	s->helo = NULL;
	s->esmtp = false;
	s->auth_user = s->auth_mechanism = NULL;
	session_forget_held(s, SESSION_HELD_HELO);
	session_forget_held(s, SESSION_HELD_SENDER);
	offer_forget(s);
	verb_xforward_forget(s);
	s->io->banner_at = clock_ms();
	s->state = SESSION_HELLO;
	session_ask(s, STAGE_STARTTLS, on_starttls_asked);
}

void
verb_starttls(struct session *s)
{
	if (!session_in_step(s))
		return;
	if (!session_admits(s, SESSION_RATE_HANDSHAKES)) {
		session_error(s, 454, "4.7.0", "too many TLS handshakes");
		return;
	}
	session_say(s, "220 2.0.0 ready for TLS\r\n");
	secure(s, on_secured);
}
