#include <string.h>

#include "mem.h"

#include "argument.h"
#include "handoff.h"
#include "nexthop.h"
#include "offer.h"
#include "parameter.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

/* Those that were refused cost memory, too, until the transaction ends. */
static bool
too_many(const struct session *s)
{
	unsigned limit = offer_recipients(s);

	return (limit != 0 && s->txn.accepted >= limit) ||
	    s->txn.refused >= SESSION_REFUSED_MAX;
}

static void
take_out(struct session *s)
{
	struct txn_rcpt *r, *next;

	for (r = s->io->rcpt; r != NULL; r = next) {
		next = r->next;
		txn_take_out(&s->txn, r);
	}
	s->io->rcpt = NULL;
	s->txn.refused++;
}

/* It is not an error: those accepted so far are to get their message. */
static bool
is_over_rate(struct session *s)
{
	if (!session_over_rate(s, SESSION_RATE_RECIPIENTS))
		return false;
	take_out(s);
	return true;
}

bool
verb_rcpt_check(struct session *s, const struct command *c)
{
	struct txn *t = &s->txn;
	struct txn_rcpt said = { .state = TXN_RCPT_ASKED };
	struct argument a;
	struct txn_rcpt *r;

	if (verb_bdat_excludes(s))
		return false;
	if (!t->open) {
		session_error(s, 503, "5.5.1", "say MAIL first");
		return false;
	}
	if (!argument_parse(s, c->arg, ARGUMENT_TO, &a) ||
	    !parameter_rcpt(s, &a.params, &said))
		return false;
	if (too_many(s)) {
		session_error(s, 452, "4.5.3", "too many recipients");
		return false;
	}
	r = txn_add_rcpt(t, &a.path);
	r->serial = ++s->rcpt_serial;
	r->original = arena_strndup(t->arena, a.original.p, a.original.len);
	r->params = argument_params(t->arena, &a.params);
	r->notify = said.notify;
	r->orcpt = said.orcpt;
	s->io->rcpt = r;
	s->question.u.rcpt = r;
	if (is_over_rate(s))
		return false;
	if (!session_use_held(s))
		return true;
	verb_rcpt(s);
	return false;
}

static const struct txn_rcpt *
first_accepted(const struct session *s)
{
	const struct txn_rcpt *r = s->txn.rcpts;

	while (r != NULL && r->state != TXN_RCPT_ACCEPTED)
		r = r->next;
	return r;
}

/* It goes where those are going that it joins. */
struct txn_rcpt *
session_add_rcpt(struct session *s, const struct path *path)
{
	const struct txn_rcpt *first = first_accepted(s);
	struct txn_rcpt *r = txn_add_rcpt(&s->txn, path);

	r->added = true;
	r->serial = ++s->rcpt_serial;
	if (s->io->rcpt == NULL) {
		r->state = TXN_RCPT_ACCEPTED;
		r->relay = first != NULL ? first->relay : NULL;
	}
	s->txn.edited = true;
	return r;
}

/* The recipient in question and those that hooks added while it was asked
 * about, which are behind it, share one fate. */
static void
settle(struct session *s, enum txn_rcpt_state state)
{
	struct txn_rcpt *r, *asked = s->io->rcpt;

	for (r = asked; r != NULL; r = r->next) {
		if (r->state != TXN_RCPT_ASKED)
			continue;
		r->state = state;
		if (r->relay == NULL)
			r->relay = asked->relay;
	}
	s->io->rcpt = NULL;
}

static void
count_accepted(struct session *s, enum txn_rcpt_state state)
{
	settle(s, state);
	s->txn.accepted++;
	s->recipients++;
	session_count(&s->env->stats->recipients, 1);
	s->state = SESSION_RCPT;
}

static bool
differ(const char *a, const char *b)
{
	return a != b && (a == NULL || b == NULL || strcmp(a, b) != 0);
}

/* One transaction has one next hop and one policy: the first recipient's. */
static bool
fits(const struct session *s, const struct txn_rcpt *r)
{
	const struct txn_rcpt *first = first_accepted(s);
	const char *usual = s->conf->relay->name;

	if (first == NULL)
		return true;
	return !differ(first->relay != NULL ? first->relay : usual,
	    r->relay != NULL ? r->relay : usual) &&
	    !differ(first->group, r->group);
}

static void
refuse(struct session *s, int code, const char *enhanced, const char *text)
{
	session_note(s, code, enhanced, text);
	take_out(s);
	session_error(s, code, enhanced, text);
}

static void
say_accepted(struct session *s, enum txn_rcpt_state state)
{
	count_accepted(s, state);
	session_say(s, "250 2.1.5 ok\r\n");
}

/* Put it to the next hop, if that can be asked. */
static void
ask_next_hop(struct session *s)
{
	struct session_io *io = s->io;
	struct txn *t = &s->txn;

	if (!handoff_relay(s, io->rcpt->relay)) {
		refuse(s, 451, "4.3.0", "no way to this recipient");
	} else if (!relay_can_check(t->handoff)) {
		say_accepted(s, TXN_RCPT_ACCEPTED);
	} else {
		io->delivering = false;
		io->wait = SESSION_WAIT_RELAY;
		relay_rcpt(t->handoff, t, io->rcpt);
	}
}

void
verb_rcpt(struct session *s)
{
	struct session_io *io = s->io;

	if (session_refuses(s)) {
		take_out(s);
		session_refused(s);
	} else if (io->verdict == VERDICT_NONE) {
		refuse(s, 550, "5.7.1", "relaying denied");
	} else if (io->verdict == VERDICT_DISCARD) {
		say_accepted(s, TXN_RCPT_DISCARDED);
	} else if (!fits(s, io->rcpt)) {
		refuse(s, 452, "4.5.3",
		    "send this recipient in another transaction");
	} else if (s->conf->check_with_relay) {
		ask_next_hop(s);
	} else {
		say_accepted(s, TXN_RCPT_ACCEPTED);
	}
}

void
verb_rcpt_result(struct session *s, const struct relay_result *result)
{
	struct reply r = result->reply;

	handoff_clean(&r, "2.1.5");
	if (reply_class(r.code) == 2)
		count_accepted(s, TXN_RCPT_ACCEPTED);
	else
		take_out(s);
	session_reply(s, &r);
}
