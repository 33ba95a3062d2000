#include <string.h>

#include "clock.h"
#include "conn.h"
#include "log.h"
#include "mem.h"
#include "proxy.h"

#include "offer.h"
#include "session_io.h"

#include "session.h"

/*
 * opening: from accept to the banner: a PROXY header, pre_connection, an
 * implicit TLS handshake, connect.
 *
 * What follows a PROXY header is not ours to take if it is the beginning of a
 * handshake: on such a listener no octet is read before it is known to belong
 * to the header.
 */
enum {
	SHORTEST = 15,			/* "PROXY UNKNOWN" and CRLF */
	FIXED = 16,			/* of version 2, up to its length */
};

static void
log_connect(struct session *s)
{
	struct log_line line;
	char text[ADDR_TEXT_MAX];

	session_log(s, &line, s->quiet ? LOG_DEBUG : LOG_INFO, "connect");
	log_str(&line, "listener", s->conf->listener);
	log_str(&line, "server", addr_text(&s->server, text));
	if (addr_family(&s->proxy) != 0)
		log_str(&line, "proxy", addr_text(&s->proxy, text));
	log_end(&line);
}

static void
say_banner(struct session *s)
{
	struct reply r;

	reply_set(&r, 220, "", "%s %s", s->conf->hostname,
	    s->conf->lmtp ? "LMTP" : "ESMTP");
	session_reply(s, &r);
	s->state = s->helo != NULL ? SESSION_READY : SESSION_HELLO;
	s->io->banner_at = clock_ms();
}

/* XCLIENT brought a name that the hooks do not like: the client says it
 * itself, and is told so. */
static void
on_helo_asked(struct session *s)
{
	if (session_refuses(s)) {
		if (s->io->verdict == VERDICT_DROP || s->io->hangup) {
			session_refused(s);
			return;
		}
		s->helo = NULL;
	}
	say_banner(s);
}

static void
on_connect_asked(struct session *s)
{
	if (session_refused(s))
		return;
	if (s->io->drain || s->env->draining) {
		session_bye(s, SESSION_DRAIN, 421, "4.3.2", "shutting down");
		return;
	}
	if (s->helo != NULL) {
		s->question.u.helo = s->helo;
		session_ask(s, STAGE_HELO, on_helo_asked);
	} else
		say_banner(s);
}

static void
ask_connect(struct session *s)
{
	session_ask(s, STAGE_CONNECT, on_connect_asked);
}

static void
on_pre_connection_asked(struct session *s)
{
	if (session_refused(s))
		return;
	if (session_is_implicit(s) && s->tls == NULL)
		verb_tls_handshake(s, ask_connect);
	else
		ask_connect(s);
}

static void
begin(struct session *s)
{
	s->io->begun = true;
	s->io->xclient = cidr_list_has(&s->conf->xclient_clients, &s->client);
	log_connect(s);
	session_ask(s, STAGE_PRE_CONNECTION, on_pre_connection_asked);
}

/* False if there is no room for this client, with the session ended. */
static bool
readdress(struct session *s)
{
	const char *line = NULL;

	s->trusted = cidr_list_has(&s->conf->trusted, &s->client);
	s->quiet = cidr_list_has(&s->conf->quiet_clients, &s->client);
	if (s->env->readdress != NULL)
		line = s->env->readdress(s);
	if (line == NULL)
		return true;
	if (!session_is_implicit(s) || s->tls != NULL)
		conn_puts(s->conn, line);
	session_end(s, SESSION_REFUSED, NULL);
	return false;
}

void
opening_again(struct session *s)
{
	struct session_io *io = s->io;

	memset(io->held, 0, sizeof io->held);
	s->state = SESSION_GREETING;
	s->limits = s->conf->limits;
	s->errors = s->unknown = s->junk = 0;
	io->auth_failures = 0;
	offer_forget(s);
	verb_xforward_forget(s);
	if (!readdress(s))
		return;
	log_connect(s);
	session_ask(s, STAGE_PRE_CONNECTION, on_pre_connection_asked);
}

/* A proxy that comes for itself (LOCAL) has not been counted either. */
static void
take_header(struct session *s, const struct proxy_header *h)
{
	if (!h->local) {
		s->proxy = s->client;
		s->client = h->client;
		s->server = h->server;
		s->proxy_header = arena_memdup(s->arena, h, sizeof *h);
	}
	if (readdress(s))
		begin(s);
}

static void
no_header(struct session *s, const char *why)
{
	session_note(s, 0, "", why);
	session_end(s, SESSION_REFUSED, NULL);
}

/* How many octets there must be at least, from what there is. */
static size_t
needed(const struct buf *in)
{
	const unsigned char *p = (const unsigned char *)in->p;

	if (in->len < SHORTEST)
		return SHORTEST;
	if (p[0] == 'P')
		return in->len + (p[in->len - 1] == '\r' ? 1 : 2);
	if (in->len < FIXED)
		return FIXED;
	return FIXED + ((size_t)p[14] << 8 | p[15]);
}

static bool
read_header(struct session *s)
{
	struct buf *in = conn_input(s->conn);
	const char *error = "";
	struct proxy_header h;
	size_t len;

	if (in->len == 0)
		return false;
	switch (proxy_parse(in->p, in->len, &h, &len, &error)) {
	case PROXY_MORE:
		if (session_is_implicit(s))
			conn_set_input_max(s->conn, needed(in));
		return false;
	case PROXY_BAD:
		no_header(s, error);
		return true;
	case PROXY_DONE:
		break;
	}
	buf_consume(in, len);
	if (session_is_implicit(s)) {
		conn_pause(s->conn);
		conn_set_input_max(s->conn, CONN_INPUT_MAX);
	}
	s->io->reader = NULL;
	s->io->armed = false;
	take_header(s, &h);
	return true;
}

void
opening_attach(struct session *s)
{
	if (!session_is_implicit(s))
		return;
	if (s->conf->proxy)
		conn_set_input_max(s->conn, SHORTEST);
	else
		conn_pause(s->conn);
}

void
opening_start(struct session *s)
{
	if (!s->conf->proxy)
		begin(s);
	else if (!cidr_list_has(&s->conf->proxy_clients, &s->client))
		no_header(s, "no proxy of ours");
	else
		s->io->reader = read_header;
}
