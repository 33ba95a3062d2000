#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "clock.h"
#include "mem.h"

#include "argument.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

/* SIZE= (RFC 1870 6).  Is there room for so much, as far as one can say now? */
static bool
check_size(struct session *s, const struct command_param *p, uint64_t *out)
{
	unsigned long long n;
	struct statvfs fs;

	if (p->value.p == NULL || command_number(p->value, &n) != 0) {
		session_error(s, 501, "5.5.4", "bad SIZE");
		return false;
	}
	if (s->limits.message_size != 0 && n > s->limits.message_size) {
		session_error(s, 552, "5.3.4", "message too big");
		return false;
	}
	if (n > s->limits.memory_message && s->env->spool_dir != NULL &&
	    statvfs(s->env->spool_dir, &fs) == 0 &&
	    n / fs.f_frsize >= fs.f_bavail) {
		session_error(s, 452, "4.3.1", "no space for this now");
		return false;
	}
	*out = n;
	return true;
}

static bool
check_params(struct session *s, const struct command_params *params,
    struct txn_sender *sender)
{
	size_t i;

	for (i = 0; i < params->count; i++) {
		const struct command_param *p = &params->item[i];

		if (command_param_is(p, "SIZE")) {
			if (!check_size(s, p, &sender->size))
				return false;
		} else if (!command_param_is(p, "BODY")) {
			session_error(s, 555, "5.5.4",
			    "parameter not supported");
			return false;
		} else if (line_is(p->value, "8BITMIME")) {
			sender->eight_bit = true;
		} else if (!line_is(p->value, "7BIT")) {
			session_error(s, 501, "5.5.4", "bad BODY");
			return false;
		}
	}
	return true;
}

static void
begin_txn(struct session *s, const struct argument *a, uint64_t size,
    bool eight_bit)
{
	struct txn *t = &s->txn;

	snprintf(t->id, sizeof t->id, "%s.%u", s->id, ++s->txns);
	t->began = clock_wall();
	t->sender.path = a->path;
	t->sender.original = arena_strndup(t->arena, a->original.p,
	    a->original.len);
	t->sender.params = argument_params(t->arena, &a->params);
	t->sender.size = size;
	t->sender.eight_bit = eight_bit;
	s->question.u.sender = &t->sender;
}

bool
verb_mail_check(struct session *s, const struct command *c)
{
	struct argument a;
	struct txn_sender sender = { .size = 0 };

	if (s->txn.open) {
		session_error(s, 503, "5.5.1", "one sender is enough");
		return false;
	}
	if (s->limits.messages != 0 && s->messages >= s->limits.messages) {
		session_bye(s, SESSION_ERRORS, 421, "4.7.0",
		    "too many messages");
		return false;
	}
	if (!argument_parse(s, c->arg, "FROM:", &a) ||
	    !check_params(s, &a.params, &sender))
		return false;
	begin_txn(s, &a, sender.size, sender.eight_bit);
	return true;
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
