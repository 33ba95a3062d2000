#include <string.h>

#include "conn.h"
#include "log.h"
#include "mem.h"

#include "session_io.h"

#include "session.h"

void
session_ask(struct session *s, enum stage stage, session_fn next)
{
	struct session_io *io = s->io;

	io->next = next;
	io->verdict = VERDICT_NONE;
	io->hangup = false;
	io->quarantine = io->why = NULL;
	if (!session_listens(s, stage))
		return;
	if (stage_is_observer(stage) && s->conn != NULL)
		conn_flush(s->conn);
	s->question.stage = stage;
	s->asking = true;
	io->wait = SESSION_WAIT_ANSWER;
	s->env->policy->ask(s, &s->question);
}

void
session_delay(struct session *s, double seconds, session_fn next)
{
	struct session_io *io = s->io;

	io->next = next;
	io->wait = SESSION_WAIT_DELAY;
	if (seconds > SESSION_DELAY_MAX)
		seconds = SESSION_DELAY_MAX;
	ev_timer_set(&io->timer, seconds, 0.);
	ev_timer_start(s->env->loop, &io->timer);
}

void
session_abandon(struct session *s)
{
	struct session_io *io = s->io;

	if (s->asking) {
		s->asking = false;
		s->env->policy->forget(s);
	}
	session_early_cancel(s);
	verb_auth_forget(s);
	ev_timer_stop(s->env->loop, &io->timer);
	/* What the next hop may have taken is waited for, to be logged. */
	if (!io->delivering || !relay_committed(s->txn.handoff)) {
		relay_free(s->txn.handoff);
		s->txn.handoff = NULL;
		io->delivering = false;
	}
	io->wait = SESSION_WAIT_NONE;
}

static bool
is_greeting(enum stage stage)
{
	return stage == STAGE_PRE_CONNECTION || stage == STAGE_CONNECT;
}

/* The code that a verdict has at this stage, once it is known to refuse. */
static int
refusal_code(enum stage stage, const struct verdict *v)
{
	int class = v->kind == VERDICT_REJECT ? 5 : 4;

	if (v->kind == VERDICT_FAULT)
		return is_greeting(stage) ? 421 : 451;
	if (v->kind == VERDICT_DEFER && v->hangup)
		return 421;
	if (reply_class(v->code) == class)
		return v->code;
	return class == 5 ? stage_reject_code(stage) : stage_defer_code(stage);
}

/* Who gives no reason at `auth` tells no one which half was wrong. */
static void
set_reply(struct reply *r, enum stage stage, int code,
    const struct verdict *v)
{
	const char *enhanced = stage_enhanced(stage, reply_class(code));
	const char *text = "try again later";

	if (v->kind == VERDICT_FAULT) {
		enhanced = "4.3.0";
		text = "temporary failure of policy, try again later";
	} else if (reply_class(code) == 2) {
		enhanced = "2.0.0";
		text = "ok";
	} else if (reply_class(code) == 5) {
		text = stage == STAGE_AUTH ? "authentication failed" :
		    "refused by policy";
	} else if (stage == STAGE_AUTH) {
		text = "try to authenticate later";
	}
	if (v->enhanced != NULL && reply_enhanced_ok(v->enhanced, code))
		enhanced = v->enhanced;
	if (v->text != NULL && *v->text != '\0')
		text = v->text;
	reply_set(r, code, enhanced, "%s", text);
}

static void
count_verdict(struct session *s, enum verdict_kind kind)
{
	if (kind == VERDICT_REJECT || kind == VERDICT_DROP)
		session_count(&s->env->stats->rejected, 1);
	else if (kind == VERDICT_DEFER || kind == VERDICT_FAULT)
		session_count(&s->env->stats->deferred, 1);
}

/* What was asked about, and what was answered. */
static void
log_verdict(struct session *s, enum stage stage, const struct verdict *v)
{
	struct log_line line;

	session_log(s, &line, v->kind == VERDICT_ACCEPT ? LOG_DEBUG : LOG_INFO,
	    "verdict");
	if (line.off)
		return;
	log_str(&line, "stage", stage_name(stage));
	if (v->hook != NULL)
		log_str(&line, "hook", v->hook);
	log_str(&line, "verdict", verdict_name(v->kind));
	if (s->io->reply.code != 0) {
		log_fmt(&line, "code", "%d", s->io->reply.code);
		log_str(&line, "enhanced", s->io->reply.enhanced);
		log_str(&line, "text", s->io->reply.text);
	} else if (v->text != NULL)
		log_str(&line, "text", v->text);
	session_log_txn(s, &line);
	if (v->later && stage != STAGE_RCPT)
		log_str(&line, "later", "true");
	log_end(&line);
}

/* A reject or defer that waits for RCPT.  As in a chain the first one stays,
 * but a defer gives way to a reject. */
static bool
hold(struct session *s, enum stage stage, const struct verdict *v)
{
	enum session_held who = stage == STAGE_HELO ? SESSION_HELD_HELO :
	    stage == STAGE_MAIL ? SESSION_HELD_SENDER : SESSION_HELD_CLIENT;
	struct verdict *held = &s->io->held[who];
	bool early = stage <= STAGE_MAIL && stage != STAGE_AUTH;

	if (!v->later || !early ||
	    (v->kind != VERDICT_REJECT && v->kind != VERDICT_DEFER))
		return false;
	if (held->kind == VERDICT_REJECT || held->kind == v->kind)
		return true;
	*held = *v;
	held->enhanced = arena_strdup(s->arena, v->enhanced);
	held->text = arena_strdup(s->arena, v->text);
	held->hook = arena_strdup(s->arena, v->hook);
	held->relay = NULL;
	held->held = NULL;
	held->delay = 0;
	return true;
}

void
session_forget_held(struct session *s, enum session_held who)
{
	memset(&s->io->held[who], 0, sizeof s->io->held[who]);
}

/* Make of a verdict what the verbs go by. */
static void
take(struct session *s, enum stage stage, const struct verdict *v)
{
	struct session_io *io = s->io;
	int code = 0;

	io->verdict = v->kind;
	io->hangup = v->hangup;
	io->quarantine = io->why = NULL;
	switch (v->kind) {
	case VERDICT_NONE:
		return;
	case VERDICT_REJECT:
	case VERDICT_DEFER:
	case VERDICT_FAULT:
		code = refusal_code(stage, v);
		break;
	case VERDICT_REPLY:
		code = v->code != 0 ? v->code : 250;
		break;
	case VERDICT_QUARANTINE:
		io->quarantine = arena_strdup(s->txn.arena, v->relay);
		break;
	case VERDICT_DISCARD:
		io->why = arena_strdup(s->txn.arena, v->text);
		break;
	case VERDICT_ACCEPT:
	case VERDICT_DROP:
		break;
	}
	io->reply.code = 0;
	if (code != 0)
		set_reply(&io->reply, stage, code, v);
	if (code == 421)
		io->hangup = true;
	log_verdict(s, stage, v);
	tally_add(&io->tally, s->arena, stage, v);
	if (hold(s, stage, v))
		io->verdict = VERDICT_NONE;
	else
		count_verdict(s, v->kind);
}

/* What is held comes first, for the other one is the answer. */
static void
take_all(struct session *s, enum stage stage, const struct verdict *v)
{
	double delay = v->delay;

	if (v->held != NULL) {
		take(s, stage, v->held);
		if (delay < v->held->delay)
			delay = v->held->delay;
	}
	take(s, stage, v);
	if (delay > 0)
		session_delay(s, delay, s->io->next);
}

void
session_answer(struct session *s, const struct verdict *v)
{
	enum stage stage = s->question.stage;

	if (!s->asking)
		return;
	s->asking = false;
	session_early_cancel(s);
	s->io->wait = SESSION_WAIT_NONE;
	if (!stage_is_observer(stage))
		take_all(s, stage, v);
	session_run(s);
}

bool
session_use_held(struct session *s)
{
	const struct verdict *use = NULL;
	int who;

	for (who = 0; who < SESSION_HELD; who++) {
		const struct verdict *held = &s->io->held[who];

		if (held->kind != VERDICT_NONE && (use == NULL ||
		    (use->kind == VERDICT_DEFER &&
		    held->kind == VERDICT_REJECT)))
			use = held;
	}
	if (use != NULL)
		take(s, STAGE_RCPT, use);
	return use != NULL;
}

bool
session_refuses(const struct session *s)
{
	switch (s->io->verdict) {
	case VERDICT_NONE:
	case VERDICT_ACCEPT:
	case VERDICT_DISCARD:
	case VERDICT_QUARANTINE:
		return false;
	case VERDICT_REJECT:
	case VERDICT_DEFER:
	case VERDICT_DROP:
	case VERDICT_REPLY:
	case VERDICT_FAULT:
		break;
	}
	return true;
}

bool
session_refused(struct session *s)
{
	struct session_io *io = s->io;
	enum session_reason reason = SESSION_DROPPED;

	if (!session_refuses(s))
		return false;
	if (s->state == SESSION_GREETING)
		reason = io->verdict == VERDICT_FAULT ? SESSION_FAULT :
		    SESSION_REFUSED;
	if (io->verdict == VERDICT_DROP) {
		session_end(s, SESSION_DROPPED, NULL);
	} else if (io->hangup || s->state == SESSION_GREETING) {
		session_end(s, reason, &io->reply);
	} else {
		if (io->verdict == VERDICT_DEFER)
			s->errors++;	/* a 5xx counts by itself */
		session_reply(s, &io->reply);
	}
	return true;
}
