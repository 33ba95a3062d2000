#include <string.h>

#include "path.h"

#include "offer.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

/* The name goes into the slot that does not hold the present one: if the hooks
 * refuse, the session is what it was (RFC 5321 4.1.4). */
bool
verb_helo_check(struct session *s, const struct command *c)
{
	struct session_io *io = s->io;
	char *slot = io->helo[s->helo == io->helo[0]];

	if (c->verb == COMMAND_LHLO && !s->conf->lmtp) {
		session_error(s, 502, "5.5.1", "not implemented");
		return false;
	}
	if (c->verb != COMMAND_LHLO && s->conf->lmtp) {
		/* RFC 2033 4.1 */
		session_error(s, 500, "5.5.1", "this is LMTP, say LHLO");
		return false;
	}
	if (!path_is_helo(c->arg.p, c->arg.len) ||
	    c->arg.len > SESSION_HELO_MAX) {
		session_error(s, 501, "5.5.4",
		    "a domain or address literal is needed");
		return false;
	}
	memcpy(slot, c->arg.p, c->arg.len);
	slot[c->arg.len] = '\0';
	io->old_helo = s->helo;
	io->old_esmtp = s->esmtp;
	s->helo = slot;
	s->esmtp = c->verb != COMMAND_HELO;
	s->question.u.helo = slot;
	io->old_held = io->held[SESSION_HELD_HELO];
	session_forget_held(s, SESSION_HELD_HELO);
	return true;
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
	offer_make(s);
	if (s->esmtp) {
		offer_say(s);
		s->verbs[io->verb].ok++;
	} else {
		reply_set(&r, 250, "", "%s", s->conf->hostname);
		session_reply(s, &r);
	}
	io->pipelining = offer_has(s, EHLO_PIPELINING);
	verb_bdat_reset(s);
	if (s->state == SESSION_HELLO)
		s->state = SESSION_READY;
	if (s->txn.open)
		session_end_txn(s, NULL);
}
