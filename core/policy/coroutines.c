#include <lauxlib.h>

#include "host.h"
#include "state.h"
#include "task.h"

#include "coroutines.h"

/* The part that must be Lua: only Lua frames can yield and go on. */
static const char shim[] =
"local create, resume, mark, pass = ...\n"
"local error = error\n"
"local function step(co, ok, first, ...)\n"
"	if ok and first == mark then\n"
"		return step(co, resume(co, pass()))\n"
"	end\n"
"	return ok, first, ...\n"
"end\n"
"local function through(co, ...)\n"
"	return step(co, resume(co, ...))\n"
"end\n"
"local function result(ok, ...)\n"
"	if ok then return ... end\n"
"	error((...), 0)\n"
"end\n"
"local function wrap(f)\n"
"	local co = create(f)\n"
"	return function(...) return result(step(co, resume(co, ...))) end\n"
"end\n"
"return through, wrap\n";

static bool
is_hook(lua_State *L)
{
	struct policy *p = state_policy(L);

	return L == p->L || (p->running && L == p->running->co);
}

static int
on_yield(lua_State *L)
{
	if (is_hook(L))
		return luaL_error(L, "attempt to yield outside a coroutine");
	return lua_yield(L, lua_gettop(L));
}

/* A hook's own coroutine is not to be had: it is used again. */
static int
on_running(lua_State *L)
{
	if (is_hook(L))
		lua_pushnil(L);
	else
		lua_pushthread(L);
	return 1;
}

static int
on_isyieldable(lua_State *L)
{
	lua_pushboolean(L, !is_hook(L) && lua_isyieldable(L));
	return 1;
}

void
coroutines_open(lua_State *L)
{
	static const luaL_Reg own[] = {
		{ "yield", on_yield }, { "running", on_running },
		{ "isyieldable", on_isyieldable }, { NULL, NULL }
	};
	int lib, native;

	lua_getglobal(L, "coroutine");
	native = lua_gettop(L);
	lua_newtable(L);
	lib = lua_gettop(L);
	luaL_setfuncs(L, own, 0);
	lua_getfield(L, native, "create");
	lua_setfield(L, lib, "create");
	lua_getfield(L, native, "status");
	lua_setfield(L, lib, "status");

	if (luaL_loadbufferx(L, shim, sizeof shim - 1, "=coroutine", "t"))
		lua_error(L);
	lua_getfield(L, native, "create");
	lua_getfield(L, native, "resume");
	task_push_mark(L);
	lua_pushcfunction(L, task_pass);
	lua_call(L, 4, 2);
	lua_setfield(L, lib, "wrap");
	lua_setfield(L, lib, "resume");
	lua_remove(L, native);
}
