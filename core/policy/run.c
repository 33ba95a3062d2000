#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "buf.h"
#include "log.h"
#include "mem.h"
#include "session.h"

#include "api_session.h"
#include "api_verdict.h"
#include "chain.h"
#include "chunk.h"
#include "host.h"
#include "instance.h"
#include "object.h"
#include "state.h"
#include "visit.h"

#include "run.h"

static void on_done(struct task *, enum task_result, lua_State *, const char *);

void
run_init(struct run *r, struct visit *v)
{
	r->visit = v;
	task_init(&r->task, v->policy, r, on_done);
	r->task.visit = v;
}

static void
free_verdict(struct verdict *v)
{
	mem_free((char *)(uintptr_t)v->enhanced);
	mem_free((char *)(uintptr_t)v->text);
	mem_free((char *)(uintptr_t)v->relay);
	memset(v, 0, sizeof *v);
}

void
run_cancel(struct run *r)
{
	task_cancel(&r->task);
	api_session_release(r->visit);
	free_verdict(&r->best);
	free_verdict(&r->held);
	r->open = false;
	r->visit->asked++;
}

void
run_clear(struct run *r)
{
	run_cancel(r);
}

void
run_log_error(struct policy *p, struct visit *v, const char *hook,
    const char *stage, const char *text)
{
	struct log_line line;
	char first[512];

	if (v)
		session_log(v->session, &line, LOG_ERROR, "hook_error");
	else
		log_begin(&line, LOG_ERROR, "hook_error");
	chunk_first_line(p, text, first, sizeof first);
	log_str(&line, "hook", hook);
	log_str(&line, "stage", stage);
	log_str(&line, "error", first);
	if (strchr(text, '\n'))
		log_str(&line, "traceback", strchr(text, '\n') + 1);
	log_end(&line);
	if (p->env && p->env->stats)
		p->env->stats->hook_errors++;
}

static int
rank(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_NONE:
		return 0;
	case VERDICT_ACCEPT:
		return 1;
	case VERDICT_QUARANTINE:
		return 2;
	case VERDICT_DISCARD:
		return 3;
	case VERDICT_DEFER:
	case VERDICT_FAULT:
		return 4;
	case VERDICT_REJECT:
	case VERDICT_DROP:
	case VERDICT_REPLY:
		return 5;
	}
	return 0;
}

/* Is it held until RCPT, where an AUTH may have forgiven it? */
static bool
is_held(const struct run *r, const struct verdict *v)
{
	return (v->later || r->current->later) && r->stage < STAGE_RCPT &&
	    r->stage != STAGE_AUTH &&
	    (v->kind == VERDICT_REJECT || v->kind == VERDICT_DEFER);
}

/* The strongest counts, among equals the first. */
static void
keep(struct run *r, const struct verdict *v)
{
	const struct instance *in = r->current;
	bool held = is_held(r, v);
	struct verdict *kept = held ? &r->held : &r->best;

	if (rank(v->kind) <= rank(kept->kind))
		return;
	free_verdict(kept);
	*kept = *v;
	kept->enhanced = mem_strdup(v->enhanced);
	kept->text = mem_strdup(v->text);
	kept->relay = mem_strdup(v->relay);
	kept->hook = in->name;
	kept->later = held;
}

/* What a failure counts as. */
static void
fail(struct run *r, const char *text)
{
	struct verdict v = { .kind = VERDICT_FAULT };

	if (api_login_leaks(r->visit, text, strlen(text)))
		text = "(the error is withheld: the password is in it)";
	run_log_error(r->visit->policy, r->visit, r->current->name,
	    stage_name(r->stage), text);
	if (stage_is_observer(r->stage))
		return;
	switch (r->current->on_error) {
	case INSTANCE_DEFER:
		break;
	case INSTANCE_NEXT:
		return;
	case INSTANCE_REJECT:
		if (stage_reject_code(r->stage))
			v.kind = VERDICT_REJECT;
		break;
	}
	keep(r, &v);
}

static void
warn(struct run *r, const char *text)
{
	struct log_line line;

	session_log(r->visit->session, &line, LOG_WARN, "hook_warning");
	log_str(&line, "hook", r->current->name);
	log_str(&line, "stage", stage_name(r->stage));
	log_str(&line, "msg", text);
	log_end(&line);
}

/* A password never goes back to the client, nor into the log. */
static void
keep_safe(struct run *r, const struct verdict *v)
{
	struct verdict plain = *v;

	if (v->text && api_login_leaks(r->visit, v->text, strlen(v->text))) {
		warn(r, "the text of the verdict is withheld: the password "
		    "is in it");
		plain.text = NULL;
	}
	keep(r, &plain);
}

/* What the function returned is on the stack of co. */
static void
take_results(struct run *r, lua_State *co)
{
	const struct verdict *v = api_verdict_get(co, 1);
	const char *misfit;
	char text[600];

	if (r->task.made > (v ? 1 : 0))
		warn(r, "a verdict was made but not returned: is a return "
		    "missing?");
	if (v) {
		misfit = api_verdict_misfit(v, r->stage);
		if (!misfit) {
			keep_safe(r, v);
			return;
		}
		snprintf(text, sizeof text, "%s at stage %s: %s",
		    verdict_name(v->kind), stage_name(r->stage), misfit);
	} else if (!lua_isnoneornil(co, 1))
		snprintf(text, sizeof text, "%s returned %s: return a verdict "
		    "or nothing", stage_name(r->stage),
		    object_describe(co, 1));
	else if (!lua_isnoneornil(co, 2))
		snprintf(text, sizeof text, "%s returned nil and an error: "
		    "%.400s", stage_name(r->stage), state_message(co, 2));
	else
		return;
	fail(r, text);
}

static void
finish(struct run *r)
{
	struct session *s = r->visit->session;
	struct verdict v = r->best, held = r->held;

	if (held.kind != VERDICT_NONE)
		v.held = &held;
	memset(&r->best, 0, sizeof r->best);
	memset(&r->held, 0, sizeof r->held);
	r->open = false;
	r->visit->asked++;
	r->visit->reply_hook = v.hook;
	session_answer(s, &v);	/* the session may be gone after this */
	free_verdict(&v);
	free_verdict(&held);
}

static bool
is_skipped(const struct visit *v, const struct instance *in)
{
	return v->skip && (v->skip[in->index / 64] >> in->index % 64 & 1);
}

static double
deadline(const struct run *r)
{
	const struct session_timeouts *t = &r->visit->session->conf->timeouts;

	if (r->current->timeout > 0)
		return r->current->timeout;
	return r->stage == STAGE_MESSAGE ? t->message_hook : t->hook;
}

static int
push_call(lua_State *L, void *arg)
{
	struct run *r = arg;

	lua_rawgeti(L, LUA_REGISTRYINDEX, r->current->fn[r->stage]);
	return api_session_push_args(L, r->visit, r->stage);
}

/* Ask one hook after the other until one waits, or decides, or all are done. */
static void
step(struct run *r)
{
	r->stepping = true;
	while (*r->next && rank(r->best.kind) < rank(VERDICT_REJECT)) {
		r->current = *r->next++;
		if (is_skipped(r->visit, r->current))
			continue;
		r->ended = false;
		r->task.name = r->current->name;
		r->task.stage = r->stage;
		task_start(&r->task, deadline(r), push_call, r);
		if (!r->ended) {
			r->stepping = false;
			return;
		}
	}
	r->stepping = false;
	finish(r);
}

static void
on_done(struct task *t, enum task_result result, lua_State *co,
    const char *message)
{
	struct run *r = t->owner;

	if (result == TASK_DONE)
		take_results(r, co);
	else
		fail(r, message ? message : "it waited in a check");
	api_session_release(r->visit);
	r->ended = true;
	if (!r->stepping)
		step(r);
}

void
run_ask(struct run *r, enum stage stage)
{
	struct session *s = r->visit->session;

	assert(!r->open);
	r->stage = stage;
	r->next = chain_stage(r->visit->policy, s->conf->chain, stage);
	r->open = true;
	r->visit->asked++;
	step(r);
}

struct reply_call {
	struct visit *visit;
	struct instance *in;
};

static int
call_reply(lua_State *L)
{
	struct reply_call *c = lua_touserdata(L, 1);

	lua_rawgeti(L, LUA_REGISTRYINDEX, c->in->fn[STAGE_REPLY]);
	visit_push(L, c->visit, OBJECT_SESSION, VISIT_SESSION);
	visit_push_reply(L, c->visit);
	lua_call(L, 2, 2);
	if (!lua_isnil(L, -2))
		return luaL_error(L, "reply returned %s: change reply.text, "
		    "and return nothing", object_describe(L, -2));
	if (!lua_isnil(L, -1))
		return luaL_error(L, "reply returned nil and an error: %s",
		    state_message(L, -1));
	return 0;
}

void
run_reply(struct visit *v, const char *verb, struct reply *reply)
{
	struct policy *p = v->policy;
	struct instance *const *at = chain_stage(p, v->session->conf->chain,
	    STAGE_REPLY);
	struct reply_call c = { .visit = v };
	struct buf trace;

	p->replying = v;
	v->replies++;
	v->reply = reply;
	v->reply_verb = verb;
	for (; *at; at++) {
		if (is_skipped(v, *at))
			continue;
		c.in = *at;
		p->loading = c.in;
		state_show(p, c.in->name);
		buf_init(&trace);
		if (state_run(p, call_reply, &c, &trace)) {
			buf_append(&trace, "", 1);
			run_log_error(p, v, (*at)->name, "reply", trace.p);
		}
		buf_clear(&trace);
	}
	state_show(p, "");
	p->loading = NULL;
	p->replying = NULL;
	v->reply = NULL;
	v->reply_hook = NULL;
}
