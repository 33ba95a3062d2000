#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "conn.h"
#include "path.h"

#include "session_io.h"
#include "verb.h"

#include "session.h"

/* The name goes into the slot that does not hold the present one: if the hooks
 * refuse, the session is what it was (RFC 5321 4.1.4). */
bool
verb_helo_check(struct session *s, const struct command *c)
{
	struct session_io *io = s->io;
	char *slot;

	if (!path_is_helo(c->arg.p, c->arg.len) ||
	    c->arg.len > SESSION_HELO_MAX) {
		session_error(s, 501, "5.5.4",
		    "a domain or address literal is needed");
		return false;
	}
	io->helo_slot ^= 1;
	slot = io->helo[io->helo_slot];
	memcpy(slot, c->arg.p, c->arg.len);
	slot[c->arg.len] = '\0';
	io->old_helo = s->helo;
	io->old_esmtp = s->esmtp;
	s->helo = slot;
	s->esmtp = c->verb == COMMAND_EHLO;
	s->question.u.helo = slot;
	io->old_held = io->held[SESSION_HELD_HELO];
	session_forget_held(s, SESSION_HELD_HELO);
	return true;
}

/* keyword may have arguments behind it. */
static bool
withheld(const struct session *s, const char *keyword)
{
	const char *const *p = s->conf->withhold;
	size_t len = strcspn(keyword, " ");

	for (; p != NULL && *p != NULL; p++)
		if (strlen(*p) == len && strncasecmp(*p, keyword, len) == 0)
			return true;
	return false;
}

static void
put_keyword(struct session *s, const char *keyword)
{
	if (!withheld(s, keyword))
		buf_printf(conn_output(s->conn), "250-%s\r\n", keyword);
}

static void
put_offers(struct session *s)
{
	char auth[VERB_OFFER_MAX];
	const char *const lines[] = {
		verb_tls_offer(s), verb_auth_offer(s, auth),
		verb_xclient_offer(s), verb_xforward_offer(s),
	};
	size_t i;

	for (i = 0; i < sizeof lines / sizeof lines[0]; i++)
		if (lines[i] != NULL)
			put_keyword(s, lines[i]);
}

static void
greet(struct session *s)
{
	struct buf *out = conn_output(s->conn);
	const char *const *p = s->conf->advertise;

	buf_printf(out, "250-%s\r\n", s->conf->hostname);
	put_keyword(s, "PIPELINING");
	if (!withheld(s, "SIZE"))
		buf_printf(out, "250-SIZE %" PRIu64 "\r\n",
		    s->limits.message_size);
	put_keyword(s, "8BITMIME");
	put_keyword(s, "ENHANCEDSTATUSCODES");
	put_offers(s);
	for (; p != NULL && *p != NULL; p++)
		put_keyword(s, *p);
	buf_puts(out, "250 HELP\r\n");
	s->verbs[COMMAND_EHLO].ok++;
}

void
verb_helo(struct session *s)
{
	struct session_io *io = s->io;
	struct reply r;

	if (!session_in_step(s))
		return;
	if (session_refuses(s)) {
		s->helo = io->old_helo;
		s->esmtp = io->old_esmtp;
		io->held[SESSION_HELD_HELO] = io->old_held;
		session_refused(s);
		return;
	}
	if (s->esmtp) {
		greet(s);
	} else {
		reply_set(&r, 250, "", "%s", s->conf->hostname);
		session_reply(s, &r);
	}
	io->pipelining = s->esmtp && !withheld(s, "PIPELINING");
	if (s->state == SESSION_HELLO)
		s->state = SESSION_READY;
	if (s->txn.open)
		session_end_txn(s, NULL);
}
