#include <math.h>
#include <string.h>

#include <lauxlib.h>

#include "clock.h"
#include "mem.h"
#include "session.h"

#include "host.h"
#include "module.h"
#include "quantity.h"
#include "run.h"
#include "state.h"
#include "task.h"

#include "api_sys.h"

enum { SLEEP_MAX = 86400, BEGINNING = 15 };

static double
check_seconds(lua_State *L, int idx, const char *what)
{
	double n = -1;

	if (lua_type(L, idx) == LUA_TNUMBER)
		n = lua_tonumber(L, idx);
	else if (quantity_duration(luaL_checkstring(L, idx), &n))
		n = -1;
	if (!(n >= 0) || !isfinite(n))
		luaL_error(L, "%s: a number of seconds expected", what);
	return n;
}

static int
on_now(lua_State *L)
{
	lua_pushnumber(L, clock_wall());
	return 1;
}

/* clock.sleep(seconds) */
struct sleep {
	ev_timer timer;
	struct ev_loop *loop;
};

static void
on_wake(struct ev_loop *loop, ev_timer *w, int events)
{
	task_over(w->data);
}

static int
push_nothing(lua_State *L, void *op)
{
	lua_pushboolean(L, 1);
	return 1;
}

static void
end_sleep(void *op)
{
	struct sleep *s = op;

	if (s->loop)
		ev_timer_stop(s->loop, &s->timer);
}

static int
start_sleep(lua_State *L)
{
	static const struct wait_class class = { push_nothing, end_sleep };
	double seconds = check_seconds(L, 1, "sleep");
	struct sleep *s;

	if (seconds > SLEEP_MAX)
		seconds = SLEEP_MAX;
	s = task_wait(L, &class, "clock.sleep", sizeof *s);
	if (s) {
		s->loop = state_policy(L)->env->loop;
		ev_timer_init(&s->timer, on_wake, seconds, 0);
		s->timer.data = s;
		ev_timer_start(s->loop, &s->timer);
	}
	return task_yield(L);
}

/*
 * clock.every(period, fn [, "worker"]): work that comes back.  Without
 * "worker" it runs where conf.leads says so.  A worker that does not lead
 * takes it that the leader has just run it, so that one who takes over waits a
 * period; but while a generation begins nobody may lead yet.
 */
struct every {
	struct policy *policy;
	struct every *next;
	int fn;
	double period, begun, due;	/* seconds; ev_now */
	bool each;
	const char *name;
	double timeout;
	ev_timer timer;
	struct task task;
};

static void
on_every_done(struct task *t, enum task_result result, lua_State *co,
    const char *message)
{
	struct every *e = t->owner;

	if (message)
		run_log_error(e->policy, NULL, e->name, "every", message);
	else if (result == TASK_DONE && lua_isnil(co, 1) &&
	    !lua_isnoneornil(co, 2))
		run_log_error(e->policy, NULL, e->name, "every",
		    state_message(co, 2));
}

static int
push_every(lua_State *L, void *arg)
{
	struct every *e = arg;

	lua_rawgeti(L, LUA_REGISTRYINDEX, e->fn);
	return 0;
}

static void
on_turn(struct ev_loop *loop, ev_timer *w, int events)
{
	struct every *e = w->data;
	const struct policy_conf *conf = &e->policy->conf;
	double now = ev_now(loop);

	if (!e->each && conf->leads && !conf->leads(conf->leads_arg)) {
		if (now > e->begun + BEGINNING)
			e->due = now + e->period;
		return;
	}
	if (now < e->due || e->task.active)
		return;
	e->due = now + e->period;
	e->task.name = e->name;
	e->task.stage = STAGE_START;
	task_start(&e->task, e->timeout, push_every, e);
}

static int
on_every(lua_State *L)
{
	static const char *const where[] = { "one", "worker", NULL };
	struct policy *p = state_policy(L);
	double period = check_seconds(L, 1, "every");
	bool each = luaL_checkoption(L, 3, "one", where) == 1;
	struct task *t = task_running(L);
	struct every *e;

	luaL_checktype(L, 2, LUA_TFUNCTION);
	if (p->frozen || !t || t->stage != STAGE_START)
		return luaL_error(L, "every: only in start");
	if (period < 0.1)
		return luaL_error(L, "every: at least 0.1 s");
	e = arena_alloc(p->arena, sizeof *e);
	e->policy = p;
	e->period = period;
	e->each = each;
	e->name = t->name;
	e->timeout = t->seconds;
	task_init(&e->task, p, e, on_every_done);
	lua_pushvalue(L, 2);
	e->fn = luaL_ref(L, LUA_REGISTRYINDEX);
	e->next = p->every;
	p->every = e;
	return 0;
}

void
api_clock_begin(struct policy *p)
{
	struct every *e;

	for (e = p->every; e; e = e->next) {
		e->begun = ev_now(p->env->loop);
		ev_timer_init(&e->timer, on_turn, 0,
		    e->period < 1 ? e->period : 1);
		e->timer.data = e;
		ev_timer_start(p->env->loop, &e->timer);
		ev_unref(p->env->loop);
	}
}

void
api_clock_close(struct policy *p)
{
	struct every *e;

	for (e = p->every; e; e = e->next) {
		task_cancel(&e->task);
		if (!ev_is_active(&e->timer))
			continue;
		ev_ref(p->env->loop);
		ev_timer_stop(p->env->loop, &e->timer);
	}
	p->every = NULL;
}

void
api_clock_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "now", on_now }, { "every", on_every }, { NULL, NULL }
	};

	lua_newtable(L);
	luaL_setfuncs(L, functions, 0);
	lua_pushcfunction(L, start_sleep);
	lua_setfield(L, -2, "sleep");
	module_raw(L, "clock");
}
