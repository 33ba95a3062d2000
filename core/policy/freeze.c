#include <lauxlib.h>

#include "host.h"
#include "state.h"

#include "freeze.h"

enum { DEPTH_MAX = 16 };

static void
push_locked(lua_State *L)
{
	state_push(L, HOST_LOCKED);
}

void
freeze_open(lua_State *L)
{
	lua_newtable(L);
	lua_createtable(L, 0, 1);
	lua_pushliteral(L, "k");
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	state_policy(L)->ref[HOST_LOCKED] = luaL_ref(L, LUA_REGISTRYINDEX);
}

void
freeze_mark(lua_State *L, int t, int contents)
{
	t = state_index(L, t);
	push_locked(L);
	lua_pushvalue(L, t);
	lua_pushvalue(L, contents);
	lua_rawset(L, -3);
	lua_pop(L, 1);
}

bool
freeze_contents(lua_State *L, int idx)
{
	if (lua_type(L, idx) != LUA_TTABLE)
		return false;
	lua_pushvalue(L, idx);
	push_locked(L);
	lua_insert(L, -2);
	lua_rawget(L, -2);
	lua_remove(L, -2);
	if (lua_istable(L, -1))
		return true;
	lua_pop(L, 1);
	return false;
}

static int
on_write_frozen(lua_State *L)
{
	const char *key = lua_type(L, 2) == LUA_TSTRING ?
	    lua_tostring(L, 2) : "?";

	return luaL_error(L, "%s is frozen: \"%s\" cannot be set",
	    lua_tostring(L, lua_upvalueindex(1)), key);
}

static bool
is_item(lua_State *L, int idx, size_t items)
{
	double n;

	if (lua_type(L, idx) != LUA_TNUMBER)
		return false;
	n = lua_tonumber(L, idx);
	return n >= 1 && n <= (double)items && n == (double)(size_t)n;
}

/* Move the named fields of t to a new table, which is left on the stack. */
static void
move_fields(lua_State *L, int t)
{
	size_t items = lua_objlen(L, t);
	int contents;

	lua_newtable(L);
	contents = lua_gettop(L);
	for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
		if (is_item(L, -2, items))
			continue;
		lua_pushvalue(L, -2);
		lua_pushvalue(L, -2);
		lua_rawset(L, contents);
	}
	for (lua_pushnil(L); lua_next(L, contents); lua_pop(L, 1)) {
		lua_pushvalue(L, -2);
		lua_pushnil(L);
		lua_rawset(L, t);
	}
}

/* t looks things up in the table on top of the stack, which is popped. */
static void
lock(lua_State *L, int t, const char *name)
{
	int contents = lua_gettop(L);

	lua_createtable(L, 0, 3);
	lua_pushvalue(L, contents);
	lua_setfield(L, -2, "__index");
	lua_pushstring(L, name);
	lua_pushcclosure(L, on_write_frozen, 1);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, t);

	freeze_mark(L, t, contents);
	lua_settop(L, contents - 1);
}

void
freeze_table(lua_State *L, int idx, const char *name)
{
	idx = state_index(L, idx);
	if (lua_type(L, idx) != LUA_TTABLE)
		return;
	if (lua_getmetatable(L, idx)) {
		lua_pop(L, 1);
		return;
	}
	luaL_checkstack(L, 8, "freeze");
	move_fields(L, idx);
	lock(L, idx, name);
}

static void
deep(lua_State *L, int idx, const char *name, int depth)
{
	idx = state_index(L, idx);
	if (lua_type(L, idx) != LUA_TTABLE || depth == 0)
		return;
	luaL_checkstack(L, 8, "freeze");
	if (lua_getmetatable(L, idx)) {
		lua_pop(L, 1);
		return;
	}
	for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
		deep(L, -1, name, depth - 1);
	freeze_table(L, idx, name);
}

void
freeze_deep(lua_State *L, int idx, const char *name)
{
	deep(L, idx, name, DEPTH_MAX);
}

/* next, pairs and ipairs that see through frozen tables and our objects. */
int
freeze_next(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	if (freeze_contents(L, 1))
		lua_replace(L, 1);
	return lua_next(L, 1) ? 2 : (lua_pushnil(L), 1);
}

/* Items first, then named fields. */
static int
on_next_frozen(lua_State *L)
{
	size_t items;

	lua_settop(L, 2);
	items = lua_objlen(L, 1);
	if (lua_isnil(L, 2) ? items > 0 : is_item(L, 2, items)) {
		if (lua_next(L, 1))
			return 2;
		lua_settop(L, 1);
		lua_pushnil(L);
	}
	if (!freeze_contents(L, 1))
		return 0;
	lua_insert(L, 2);
	return lua_next(L, 2) ? 2 : 0;
}

/* Upvalue 1 is the original next, for which the interpreter has a fast way. */
int
freeze_pairs(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	if (freeze_contents(L, 1)) {
		lua_pop(L, 1);
		lua_pushcfunction(L, on_next_frozen);
	} else
		lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

int
freeze_ipairs(lua_State *L)
{
	if (luaL_getmetafield(L, 1, "__ipairs")) {
		lua_pushvalue(L, 1);
		lua_call(L, 1, 3);
		return 3;
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, 1, 3);
	return 3;
}

/* Call upvalue 1 unless the table is frozen: rawset, table.insert and so on. */
int
freeze_change(lua_State *L)
{
	if (lua_type(L, 1) == LUA_TTABLE && freeze_contents(L, 1))
		return luaL_error(L, "a frozen table cannot be changed");
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

int
freeze_move(lua_State *L)
{
	int to = lua_isnoneornil(L, 5) ? 1 : 5;

	if (lua_type(L, to) == LUA_TTABLE && freeze_contents(L, to))
		return luaL_error(L, "a frozen table cannot be changed");
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}
