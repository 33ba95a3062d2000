#include <lauxlib.h>

#include "host.h"
#include "object.h"
#include "state.h"

#include "api_session.h"

/*
 * A note is a table that takes plain data only, so that no session can hold
 * on to what belongs to another.  Tables put into it become notes as well.
 * Lua asks for a new key only: what replaces a value is not looked at, which
 * does no harm, for a handle that is kept too long raises on every use.
 */
enum { DEPTH_MAX = 8 };

static void adopt(lua_State *, int idx, int depth);

static void
check(lua_State *L, int idx, int depth)
{
	switch (lua_type(L, idx)) {
	case LUA_TNIL:
	case LUA_TBOOLEAN:
	case LUA_TNUMBER:
	case LUA_TSTRING:
		return;
	case LUA_TTABLE:
		adopt(L, idx, depth);
		return;
	}
	luaL_error(L, "a note holds plain data only, not %s",
	    object_describe(L, idx));
}

static void
push_meta(lua_State *L)
{
	state_push(L, HOST_NOTE);
}

/* The table at idx, and what is in it, becomes part of a note. */
static void
adopt(lua_State *L, int idx, int depth)
{
	idx = state_index(L, idx);
	luaL_checkstack(L, 6, "note");
	if (depth >= DEPTH_MAX)
		luaL_error(L, "a note is at most %d tables deep", DEPTH_MAX);
	push_meta(L);
	if (lua_getmetatable(L, idx)) {
		if (!lua_rawequal(L, -1, -2))
			luaL_error(L, "a note holds plain data only, not a "
			    "table with a metatable");
		lua_pop(L, 2);
		return;
	}
	for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
		check(L, -2, depth + 1);
		check(L, -1, depth + 1);
	}
	lua_setmetatable(L, idx);
}

static int
on_newindex(lua_State *L)
{
	check(L, 2, 1);
	check(L, 3, 1);
	lua_settop(L, 3);
	lua_rawset(L, 1);
	return 0;
}

void
api_note_push(lua_State *L)
{
	lua_newtable(L);
	push_meta(L);
	lua_setmetatable(L, -2);
}

void
api_note_open(lua_State *L)
{
	struct policy *p = state_policy(L);

	lua_newtable(L);
	lua_pushcfunction(L, on_newindex);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	p->ref[HOST_NOTE] = luaL_ref(L, LUA_REGISTRYINDEX);
}
