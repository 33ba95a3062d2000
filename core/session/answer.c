#include "handoff.h"
#include "session_io.h"

#include "answer.h"

/* A chunk that is not the last is answered once. */
static bool
is_single(const struct session *s)
{
	return !s->conf->lmtp ||
	    s->io->chunk.phase == SESSION_CHUNK_FAILED;
}

static void
choose(const struct txn_rcpt *r, const struct reply *common, struct reply *out)
{
	if (r->state == TXN_RCPT_DISCARDED) {
		reply_set(out, 250, "2.0.0", "ok");
		return;
	}
	*out = r->final != NULL ? *r->final : *common;
	handoff_clean(out, "2.0.0");
}

bool
answer_message(struct session *s, const struct reply *common)
{
	struct session_verb_count *count = &s->verbs[s->io->verb];
	unsigned errors = s->errors, ok = count->ok;
	const struct txn_rcpt *r;
	struct reply one;
	bool any = false;

	if (is_single(s)) {
		session_reply(s, common);
		return reply_class(common->code) == 2;
	}
	for (r = s->txn.rcpts; r != NULL; r = r->next) {
		if (r->added)
			continue;
		choose(r, common, &one);
		session_reply(s, &one);
		any = any || reply_class(one.code) == 2;
	}
	/* One message, well or badly served, however many are told. */
	s->errors = errors + (s->errors > errors);
	count->ok = ok + any;
	return any;
}
