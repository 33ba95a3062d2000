#include <stdio.h>

#include "clock.h"
#include "mem.h"

#include "argument.h"
#include "parameter.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

static void
begin_txn(struct session *s, const struct argument *a,
    const struct txn_sender *sender)
{
	struct txn *t = &s->txn;

	snprintf(t->id, sizeof t->id, "%s.%u", s->id, ++s->txns);
	t->began = clock_wall();
	t->sender = *sender;
	t->sender.path = a->path;
	t->sender.original = arena_strndup(t->arena, a->original.p,
	    a->original.len);
	t->sender.params = argument_params(t->arena, &a->params);
	s->question.u.sender = &t->sender;
}

bool
verb_mail_check(struct session *s, const struct command *c)
{
	struct argument a;
	struct txn_sender sender = { .size = 0 };

	if (verb_bdat_excludes(s))
		return false;
	if (s->txn.open) {
		session_error(s, 503, "5.5.1", "one sender is enough");
		return false;
	}
	if (s->limits.messages != 0 && s->messages >= s->limits.messages) {
		session_bye(s, SESSION_ERRORS, 421, "4.7.0",
		    "too many messages");
		return false;
	}
	if (!argument_parse(s, c->arg, ARGUMENT_FROM, &a) ||
	    !parameter_mail(s, &a.params, &sender))
		return false;
	begin_txn(s, &a, &sender);
	if (!session_over_rate(s, SESSION_RATE_MESSAGES))
		return true;
	s->errors++;		/* as one that the hooks put off */
	session_end_txn(s, NULL);
	return false;
}

void
verb_mail(struct session *s)
{
	if (session_refuses(s)) {
		session_refused(s);
		if (s->state != SESSION_CLOSING)
			session_end_txn(s, NULL);
		return;
	}
	s->txn.open = true;
	s->state = SESSION_MAIL;
	session_say(s, "250 2.1.0 ok\r\n");
}
