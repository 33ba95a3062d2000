#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "log.h"

#include "error.h"
#include "host.h"

#include "state.h"

/* Garbage is collected when memory has grown by half since the last time. */
enum { GC_PAUSE = 150, GC_STEP = 300 };

static void *
allocate(void *ud, void *old, size_t old_size, size_t size)
{
	struct policy *p = ud;
	void *new;

	if (size == 0) {
		if (p->secret && old)
			explicit_bzero(old, old_size);
		free(old);
		p->used -= old_size;
		return NULL;
	}
	if (size > old_size && p->limited &&
	    p->used + (size - old_size) > p->limit) {
		p->starved = true;
		return NULL;
	}
	new = realloc(old, size);
	if (new)
		p->used += size - (old ? old_size : 0);
	return new;
}

static int
on_panic(lua_State *L)
{
	struct policy *p = state_policy(L);

	log_fatal("lua: %s in hook %s", state_message(L, -1),
	    p->conf.running && *p->conf.running ? p->conf.running : "(none)");
}

int
state_open(struct policy *p)
{
	p->L = lua_newstate(allocate, p);
	if (!p->L)
		return -1;
	lua_atpanic(p->L, on_panic);
	lua_gc(p->L, LUA_GCSETPAUSE, GC_PAUSE);
	lua_gc(p->L, LUA_GCSETSTEPMUL, GC_STEP);
	return 0;
}

void
state_close(struct policy *p)
{
	p->limited = false;
	if (p->L)
		lua_close(p->L);
	p->L = NULL;
}

struct policy *
state_policy(lua_State *L)
{
	void *ud;

	lua_getallocf(L, &ud);
	return ud;
}

void
state_show(struct policy *p, const char *name)
{
	if (p->conf.running && p->conf.running_size)
		snprintf(p->conf.running, p->conf.running_size, "%s", name);
}

void
state_push(lua_State *L, int ref)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, state_policy(L)->ref[ref]);
}

int
state_index(lua_State *L, int idx)
{
	return idx > 0 ? idx : lua_gettop(L) + idx + 1;
}

const char *
state_message(lua_State *L, int idx)
{
	const char *text = error_text(L, idx);

	if (text)
		return text;
	if (lua_type(L, idx) == LUA_TSTRING)
		return lua_tostring(L, idx);
	if (lua_isnoneornil(L, idx))
		return "nil";
	return "(an error value that is no text)";
}

int
state_call(struct policy *p, lua_CFunction fn, void *arg, char *error,
    size_t size)
{
	lua_State *L = p->L;
	bool limited = p->limited;
	int top = lua_gettop(L), status;

	p->limited = false;
	status = lua_cpcall(L, fn, arg);
	p->limited = limited;
	if (error && size)
		snprintf(error, size, "%s",
		    status ? state_message(L, -1) : "");
	lua_settop(L, top);
	return status;
}

struct run {
	lua_CFunction fn;
	void *arg;
	struct buf *trace;
	int status;
};

/* The traceback is taken where the error is raised. */
static int
on_error(lua_State *L)
{
	struct policy *p = state_policy(L);

	p->limited = false;
	luaL_traceback(L, L, state_message(L, 1), 1);
	return 1;
}

static int
run(lua_State *L)
{
	struct run *r = lua_touserdata(L, 1);
	struct policy *p = state_policy(L);

	lua_settop(L, 0);
	lua_pushcfunction(L, on_error);
	lua_pushcfunction(L, r->fn);
	lua_pushlightuserdata(L, r->arg);
	p->limited = true;
	r->status = lua_pcall(L, 1, 0, 1);
	p->limited = false;
	if (r->status && r->trace)
		buf_puts(r->trace, state_message(L, -1));
	return 0;
}

int
state_run(struct policy *p, lua_CFunction fn, void *arg, struct buf *trace)
{
	struct run r = { .fn = fn, .arg = arg, .trace = trace };
	char error[256];

	if (state_call(p, run, &r, error, sizeof error)) {
		if (trace)
			buf_puts(trace, error);
		r.status = LUA_ERRMEM;
	}
	state_relieve(p);
	return r.status;
}

struct trace {
	lua_State *co;
	const char *message;
	struct buf *out;
};

static int
trace(lua_State *L)
{
	struct trace *t = lua_touserdata(L, 1);

	luaL_traceback(L, t->co, t->message, 0);
	buf_puts(t->out, lua_tostring(L, -1));
	return 0;
}

void
state_traceback(struct policy *p, lua_State *co, const char *message,
    struct buf *out)
{
	struct trace t = { .co = co, .message = message, .out = out };

	if (state_call(p, trace, &t, NULL, 0))
		buf_puts(out, message);
}

static int
collect(lua_State *L)
{
	lua_gc(L, LUA_GCCOLLECT, 0);
	return 0;
}

void
state_relieve(struct policy *p)
{
	if (!p->starved)
		return;
	p->starved = false;
	state_call(p, collect, NULL, NULL, 0);
	if (p->used < p->limit / 5 * 4 || p->exhausted)
		return;
	p->exhausted = true;
	log_event(LOG_WARN, "lua_memory", "hooks hold %zu of %zu octets",
	    p->used, p->limit);
}
