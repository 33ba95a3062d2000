#ifndef FAKE_HOOKS_H
#define FAKE_HOOKS_H

#include "session_fake.h"

/* The hooks of a faked session. */
/* A word of an argument or of fake.words, up to what cannot be in it. */
static inline const char *
fake_word(const char *p, char out[32])
{
	size_t n = strcspn(p, "@ -_");

	snprintf(out, 32, "%.*s", (int)(n < 31 ? n : 31), p);
	return out;
}

static inline const char *
fake_stage_word(const char *stage, char out[32])
{
	const char *p = fake.words;
	size_t n = strlen(stage);

	for (; p != NULL; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, stage, n) == 0 && p[n] == '=')
			return fake_word(p + n + 1, out);
	}
	return "";
}

static inline void
fake_verdict(const char *word, struct verdict *v)
{
	static const struct verdict beside = {
		.kind = VERDICT_REJECT, .text = "besides", .hook = "beside",
		.later = true,
	};
	static const struct {
		const char *word;
		enum verdict_kind kind;
	} kinds[] = {
		{ "no", VERDICT_REJECT }, { "wait", VERDICT_DEFER },
		{ "ok", VERDICT_ACCEPT }, { "drop", VERDICT_DROP },
		{ "discard", VERDICT_DISCARD }, { "fault", VERDICT_FAULT },
		{ "quarantine", VERDICT_QUARANTINE },
		{ "reply", VERDICT_REPLY },
	};
	size_t i, n = strcspn(word, ".");

	memset(v, 0, sizeof *v);
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strlen(kinds[i].word) == n &&
		    strncmp(kinds[i].word, word, n) == 0)
			v->kind = kinds[i].kind;
	if (v->kind == VERDICT_QUARANTINE)
		v->relay = "elsewhere";
	if (v->kind == VERDICT_REPLY) {
		v->code = 250;
		v->text = "done\nwell";
	}
	v->later = strstr(word, ".later") != NULL;
	if (strstr(word, ".beside") != NULL)
		v->held = &beside;
	v->hangup = strstr(word, ".hangup") != NULL;
	v->delay = strstr(word, ".slow") != NULL ? 0.001 : 0;
	if (strstr(word, ".text") != NULL) {
		v->enhanced = v->kind == VERDICT_REJECT ? "5.9.9" : "4.9.9";
		v->text = "so says the hook";
	}
	v->hook = "fake";
}

/* What the session asked, as text, and the word that decides. */
static inline void
fake_decide(struct session *s, struct verdict *v, char event[600])
{
	const struct session_question *q = &s->question;
	const char *arg = NULL, *stage = stage_name(q->stage);
	char word[32];

	switch (q->stage) {
	case STAGE_HELO:
		arg = q->u.helo;
		break;
	case STAGE_MAIL:
		arg = q->u.sender->path.text;
		break;
	case STAGE_RCPT:
		arg = q->u.rcpt->path.text;
		if (strstr(arg, "-hub"))
			q->u.rcpt->relay = "hub";
		if (strstr(arg, "-red@"))
			q->u.rcpt->group = "red";
		if (strstr(arg, "-also@")) {
			struct path extra;

			path_parse_address("extra@x.test", 12, false, &extra);
			session_add_rcpt(s, &extra);
		}
		break;
	case STAGE_VRFY:
		arg = q->u.vrfy;
		break;
	case STAGE_UNKNOWN:
		arg = q->u.unknown.rest;
		break;
	case STAGE_AUTH:
		snprintf(event, 600, "auth(%.99s %.99s %.99s %.99s)",
		    q->u.login->mechanism, q->u.login->user,
		    q->u.login->password ? q->u.login->password : "-",
		    q->u.login->authzid ? q->u.login->authzid : "-");
		fake_verdict(fake_stage_word(stage, word), v);
		return;
	case STAGE_RELAYED:
		snprintf(event, 600, "relayed(%d)", q->u.result->reply.code);
		return;
	default:
		snprintf(event, 600, "%s", stage);
		arg = fake_stage_word(stage, word);
		fake_verdict(arg, v);
		if (strstr(arg, ".part"))
			s->txn.rcpts_last->relay = "hub";
		return;
	}
	snprintf(event, 600, "%s(%.500s)", stage, arg);
	fake_verdict(fake_word(arg, word), v);
	if (q->stage == STAGE_RCPT && v->kind == VERDICT_NONE &&
	    arg[0] != 'x')
		v->kind = VERDICT_ACCEPT;
}

static inline void
fake_answer(struct session *s)
{
	struct verdict v = { .kind = VERDICT_NONE };
	char event[600];

	fake_decide(s, &v, event);
	fake_event(event, NULL);
	session_answer(s, &v);
}

static inline void
fake_ask(struct session *s, const struct session_question *q)
{
	if (q != &s->question || fake.pending)
		fake_event("WRONG-ASK", NULL);
	if (fake.late)
		fake.pending = true;
	else
		fake_answer(s);
}

static inline void
fake_forget(struct session *s)
{
	fake_event("forget", stage_name(s->question.stage));
	fake.pending = false;
}

static inline void
fake_reply(struct session *s, const char *verb, struct reply *r)
{
	if (strcmp(verb, "VRFY") != 0)
		return;
	r->code = r->code == 550 ? 553 : 250;
	snprintf(r->text, sizeof r->text, "changed");
}

static inline void
fake_txn_reset(struct session *s)
{
	if (s->txn.open || s->txn.rcpts != NULL || s->txn.message != NULL)
		fake_event("WRONG-RESET", NULL);
}

static inline void
fake_gone(struct session *s)
{
	fake.gone++;
}

static inline void
fake_summary(struct session *s, struct log_line *line)
{
	log_str(line, "summary", "fake");
}

static inline void
fake_ended(struct session *s)
{
	fake.ended++;
	fake.s = NULL;
}

#endif
