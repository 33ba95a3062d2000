#include <stdio.h>
#include <string.h>

#include <lauxlib.h>
#include <luajit.h>

#include "clock.h"
#include "mem.h"
#include "session.h"

#include "api_sys.h"
#include "chunk.h"
#include "freeze.h"
#include "host.h"
#include "instance.h"
#include "module.h"
#include "object.h"
#include "run.h"
#include "settings.h"
#include "state.h"
#include "task.h"

#include "lifecycle.h"

enum { COUNT_STEP = 10000 };	/* instructions between two looks at the clock */

/* start or stop of all hooks, one after the other. */
struct lifecycle {
	struct policy *policy;
	enum stage stage;
	size_t next;
	struct task task;
	double seconds;
	char *error;			/* start: where a failure goes */
	size_t size;
	bool failed, over, stepping, ended;
	void (*done)(void *arg);
	void *arg;
};

/* Only while loading: the JIT is off then, so that the hook always fires. */
static void
on_count(lua_State *L, lua_Debug *ar)
{
	struct policy *p = state_policy(L);

	if (!p->load_deadline || clock_ms() <= p->load_deadline)
		return;
	lua_getinfo(L, "Sl", ar);
	lua_pushfstring(L, "%s:%d: it took longer than %d s to load",
	    ar->short_src, ar->currentline, (int)p->conf.start_timeout);
	lua_error(L);
}

void
lifecycle_limit(struct policy *p, bool on)
{
	if (p->conf.start_timeout <= 0)
		return;
	p->load_deadline = on ? clock_ms() +
	    (int64_t)(p->conf.start_timeout * 1000) : 0;
	lua_sethook(p->L, on ? on_count : NULL, on ? LUA_MASKCOUNT : 0,
	    COUNT_STEP);
}

static int
push_call(lua_State *L, void *arg)
{
	struct lifecycle *c = arg;
	struct instance *in = c->policy->instance[c->next - 1];

	lua_rawgeti(L, LUA_REGISTRYINDEX, in->fn[c->stage]);
	return 0;
}

/* Call the next ones until one waits, or all are through. */
static void
step(struct lifecycle *c)
{
	struct policy *p = c->policy;
	struct instance *in;

	c->stepping = true;
	while (!c->failed && c->next < p->instances) {
		in = p->instance[c->next++];
		if (!(in->stages >> c->stage & 1))
			continue;
		c->ended = false;
		c->task.name = in->name;
		c->task.stage = c->stage;
		if (c->stage == STAGE_START) {
			p->loading = in;
			lifecycle_limit(p, true);
		}
		task_start(&c->task, in->timeout > 0 ? in->timeout :
		    c->seconds, push_call, c);
		p->loading = NULL;
		if (!c->ended) {
			c->stepping = false;
			return;
		}
	}
	c->stepping = false;
	c->over = true;
	if (c->done)
		c->done(c->arg);
}

static void
on_done(struct task *t, enum task_result result, lua_State *co,
    const char *message)
{
	struct lifecycle *c = t->owner;
	char text[512];

	text[0] = '\0';
	if (result == TASK_DONE && !lua_isnoneornil(co, 1))
		snprintf(text, sizeof text, "it returned %s: return nothing",
		    object_describe(co, 1));
	else if (result == TASK_DONE && !lua_isnoneornil(co, 2))
		snprintf(text, sizeof text, "%s", state_message(co, 2));
	if (result == TASK_FAILED || result == TASK_TIMEOUT)
		chunk_first_line(c->policy, message, text, sizeof text);
	if (text[0] && c->stage == STAGE_START) {
		if (result == TASK_FAILED && chunk_has_line(text))
			snprintf(c->error, c->size, "%s", text);
		else
			snprintf(c->error, c->size, "%s: start: %s", t->name,
			    text);
		c->failed = true;
	} else if (text[0])
		run_log_error(c->policy, NULL, t->name, stage_name(c->stage),
		    message ? message : text);
	c->ended = true;
	if (!c->stepping)
		step(c);
}

static struct lifecycle *
begin(struct policy *p, enum stage stage, double seconds)
{
	struct lifecycle *c = mem_alloc(sizeof *c);

	c->policy = p;
	c->stage = stage;
	c->seconds = seconds;
	task_init(&c->task, p, c, on_done);
	return c;
}

int
lifecycle_start(struct policy *p, char *error, size_t size)
{
	struct lifecycle *c = begin(p, STAGE_START, p->conf.start_timeout);
	int failed;

	c->error = error;
	c->size = size;
	step(c);
	while (!c->over && p->env)
		ev_run(p->env->loop, EVRUN_ONCE);
	failed = c->failed;
	task_cancel(&c->task);
	mem_free(c);
	return failed ? -1 : 0;
}

static void
freeze_instance(lua_State *L, struct instance *in)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, in->settings);
	lua_pushnil(L);
	lua_setmetatable(L, -2);
	freeze_deep(L, -1, "settings");
	if (freeze_contents(L, -1))
		settings_guard(L, in);
	lua_settop(L, 0);
	lua_rawgeti(L, LUA_REGISTRYINDEX, in->table);
	freeze_table(L, -1, in->name);
	lua_settop(L, 0);
}

static int
freeze(lua_State *L)
{
	struct policy *p = state_policy(L);
	size_t i;

	lua_settop(L, 0);
	for (i = 0; i < p->instances; i++)
		freeze_instance(L, p->instance[i]);
	module_freeze(L);
	if (p->conf.jit)
		luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_ON);
	lua_gc(L, LUA_GCCOLLECT, 0);
	return 0;
}

int
lifecycle_freeze(struct policy *p, char *error, size_t size)
{
	if (state_call(p, freeze, NULL, error, size))
		return -1;
	p->frozen = true;
	if (!p->conf.checking && p->env)
		api_clock_begin(p);
	return 0;
}

void
policy_stop(struct policy *p, void (*done)(void *arg), void *arg)
{
	struct lifecycle *c;

	if (p->stopping) {
		done(arg);
		return;
	}
	api_clock_close(p);
	c = begin(p, STAGE_STOP, p->conf.start_timeout);
	c->done = done;
	c->arg = arg;
	p->stopping = c;
	step(c);
}

static void
on_nothing(void *arg)
{
}

void
lifecycle_close(struct policy *p)
{
	if (!p->stopping && p->frozen && p->env)
		policy_stop(p, on_nothing, NULL);
	if (!p->stopping)
		return;
	task_cancel(&p->stopping->task);
	mem_free(p->stopping);
	p->stopping = NULL;
}
