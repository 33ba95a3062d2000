#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>

#include "coroutines.h"
#include "host.h"
#include "module.h"
#include "nearest.h"
#include "object.h"
#include "state.h"

#include "sandbox.h"

enum { LOAD_MAX = 1024 * 1024, FREEZE_DEPTH = 16 };

static void
push_ref(lua_State *L, enum host_ref ref)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, state_policy(L)->ref[ref]);
}

bool
sandbox_contents(lua_State *L, int idx)
{
	if (lua_type(L, idx) != LUA_TTABLE)
		return false;
	lua_pushvalue(L, idx);
	push_ref(L, HOST_LOCKED);
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

	push_ref(L, HOST_LOCKED);
	lua_pushvalue(L, t);
	lua_pushvalue(L, contents);
	lua_rawset(L, -3);
	lua_settop(L, contents - 1);
}

static int
absolute(lua_State *L, int idx)
{
	return idx > 0 ? idx : lua_gettop(L) + idx + 1;
}

void
sandbox_freeze(lua_State *L, int idx, const char *name)
{
	idx = absolute(L, idx);
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
freeze_deep(lua_State *L, int idx, const char *name, int depth)
{
	idx = absolute(L, idx);
	if (lua_type(L, idx) != LUA_TTABLE || depth == 0)
		return;
	luaL_checkstack(L, 8, "freeze");
	if (lua_getmetatable(L, idx)) {
		lua_pop(L, 1);
		return;
	}
	for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1))
		freeze_deep(L, -1, name, depth - 1);
	sandbox_freeze(L, idx, name);
}

void
sandbox_freeze_deep(lua_State *L, int idx, const char *name)
{
	freeze_deep(L, idx, name, FREEZE_DEPTH);
}

/* next, pairs and ipairs that see through frozen tables and our objects. */
static int
on_next(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	if (sandbox_contents(L, 1))
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
	if (!sandbox_contents(L, 1))
		return 0;
	lua_insert(L, 2);
	return lua_next(L, 2) ? 2 : 0;
}

/* Upvalue 1 is the original next, for which the interpreter has a fast way. */
static int
on_pairs(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	if (sandbox_contents(L, 1)) {
		lua_pop(L, 1);
		lua_pushcfunction(L, on_next_frozen);
	} else
		lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

static int
on_ipairs(lua_State *L)
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
static int
on_change(lua_State *L)
{
	if (lua_type(L, 1) == LUA_TTABLE && sandbox_contents(L, 1))
		return luaL_error(L, "a frozen table cannot be changed");
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

static int
on_collectgarbage(lua_State *L)
{
	if (strcmp(luaL_optstring(L, 1, "collect"), "count") != 0)
		return luaL_error(L, "collectgarbage: only \"count\" is "
		    "possible here");
	lua_pushnumber(L, (double)state_policy(L)->used / 1024);
	return 1;
}

int
sandbox_load(lua_State *L, const char *p, size_t len, const char *path)
{
	const char *name = lua_pushfstring(L, "@%s", path);
	int status = luaL_loadbufferx(L, p, len, name, "t");

	lua_remove(L, -2);
	return status;
}

/* load(text [, name [, mode [, env]]]): text only, never bytecode. */
static int
on_load(lua_State *L)
{
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);
	const char *name = luaL_optstring(L, 2, "=(load)");

	if (len > LOAD_MAX)
		return luaL_error(L, "load: the text is too long");
	if (!lua_isnoneornil(L, 4))
		luaL_checktype(L, 4, LUA_TTABLE);
	if (luaL_loadbufferx(L, text, len, name, "t")) {
		lua_pushnil(L);
		lua_insert(L, -2);
		return 2;
	}
	if (!lua_isnoneornil(L, 4)) {
		lua_pushvalue(L, 4);
		lua_setfenv(L, -2);
	}
	return 1;
}

static int
on_undefined(lua_State *L)
{
	char text[NEAREST_MAX + 32];
	const char *name;
	struct nearest n;

	if (lua_type(L, 2) != LUA_TSTRING)
		return luaL_error(L, "undefined global");
	name = lua_tostring(L, 2);
	nearest_init(&n, name);
	for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1))
		nearest_offer(&n, lua_tostring(L, -2));
	return luaL_error(L, "undefined global \"%s\"%s", name,
	    nearest_hint(&n, text));
}

static int
on_write_global(lua_State *L)
{
	return luaL_error(L, "global \"%s\" cannot be set: use a local, or "
	    "session.note", lua_type(L, 2) == LUA_TSTRING ?
	    lua_tostring(L, 2) : "?");
}

static void
open_libraries(lua_State *L, bool jit)
{
	static const struct {
		const char *name;
		lua_CFunction open;
	} libs[] = {
		{ "", luaopen_base }, { LUA_TABLIBNAME, luaopen_table },
		{ LUA_STRLIBNAME, luaopen_string },
		{ LUA_MATHLIBNAME, luaopen_math },
		{ LUA_BITLIBNAME, luaopen_bit }, { LUA_OSLIBNAME, luaopen_os },
	};
	size_t i;

	for (i = 0; i < sizeof libs / sizeof libs[0]; i++) {
		lua_pushcfunction(L, libs[i].open);
		lua_pushstring(L, libs[i].name);
		lua_call(L, 1, 0);
	}
	if (!jit)
		return;
	lua_pushcfunction(L, luaopen_jit);
	lua_pushstring(L, LUA_JITLIBNAME);
	lua_call(L, 1, 0);
	luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
}

static void
seed_random(lua_State *L)
{
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
		return;		/* cannot be, after boot */
	lua_getglobal(L, "math");
	lua_getfield(L, -1, "randomseed");
	lua_pushnumber(L, seed);
	lua_call(L, 1, 0);
	lua_pushnil(L);
	lua_setfield(L, -2, "randomseed");
	lua_pop(L, 1);
}

/* Copy fields of the global table of that name into a new one; leave it. */
static void
copy_fields(lua_State *L, const char *from, const char *const *field)
{
	lua_newtable(L);
	if (from)
		lua_getglobal(L, from);
	else
		lua_pushvalue(L, LUA_GLOBALSINDEX);
	for (; *field; field++) {
		lua_getfield(L, -1, *field);
		lua_setfield(L, -3, *field);
	}
	lua_pop(L, 1);
}

/* Replace field of the table on top by fn with the old one as upvalue. */
static void
wrap(lua_State *L, const char *field, const char *upvalue, lua_CFunction fn)
{
	lua_getfield(L, -1, upvalue);
	lua_pushcclosure(L, fn, 1);
	lua_setfield(L, -2, field);
}

static const char *const base[] = {
	"assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal",
	"rawget", "rawset", "select", "setmetatable", "getmetatable",
	"tonumber", "tostring", "type", "unpack", "xpcall", "_VERSION", NULL
};
static const char *const os_fields[] = {
	"clock", "date", "difftime", "time", NULL
};

/* The library of that name, changed where it must be, frozen, in globals. */
static void
add_library(lua_State *L, const char *name)
{
	lua_getglobal(L, name);
	if (strcmp(name, "table") == 0) {
		wrap(L, "insert", "insert", on_change);
		wrap(L, "remove", "remove", on_change);
		wrap(L, "sort", "sort", on_change);
	}
	if (strcmp(name, "string") == 0) {
		lua_pushnil(L);
		lua_setfield(L, -2, "dump");
	}
	sandbox_freeze(L, -1, name);
	lua_setfield(L, -2, name);
}

/* Methods of strings look into the table of functions, not the frozen one. */
static void
protect_strings(lua_State *L)
{
	lua_pushliteral(L, "");
	lua_getmetatable(L, -1);
	lua_getglobal(L, "string");
	if (sandbox_contents(L, -1))
		lua_setfield(L, -3, "__index");
	lua_pop(L, 1);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 2);
}

/* Builds the table of globals and leaves it on the stack. */
static void
make_globals(lua_State *L)
{
	static const char *const libs[] = { "table", "string", "math", "bit" };
	size_t i;

	copy_fields(L, NULL, base);
	wrap(L, "rawset", "rawset", on_change);
	wrap(L, "pairs", "next", on_pairs);
	wrap(L, "ipairs", "ipairs", on_ipairs);
	lua_pushcfunction(L, on_next);
	lua_setfield(L, -2, "next");
	lua_pushcfunction(L, on_load);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "load");
	lua_setfield(L, -2, "loadstring");
	lua_pushcfunction(L, on_collectgarbage);
	lua_setfield(L, -2, "collectgarbage");
	lua_pushcfunction(L, module_require);
	lua_setfield(L, -2, "require");
	for (i = 0; i < sizeof libs / sizeof libs[0]; i++)
		add_library(L, libs[i]);
	protect_strings(L);
	copy_fields(L, "os", os_fields);
	sandbox_freeze(L, -1, "os");
	lua_setfield(L, -2, "os");
	coroutines_open(L);
	sandbox_freeze(L, -1, "coroutine");
	lua_setfield(L, -2, "coroutine");
}

static void
new_ref(lua_State *L, enum host_ref ref)
{
	struct policy *p = state_policy(L);

	p->ref[ref] = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* The table that hooks have for globals: empty, looking into the real one. */
static void
make_env(lua_State *L)
{
	int globals = lua_gettop(L);

	lua_newtable(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, globals, "_G");
	lua_newtable(L);
	lua_pushvalue(L, globals);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, on_write_global);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);

	push_ref(L, HOST_LOCKED);
	lua_pushvalue(L, -2);
	lua_pushvalue(L, globals);
	lua_rawset(L, -3);
	lua_pop(L, 1);
	lua_pushvalue(L, -1);
	new_ref(L, HOST_ENV);
	lua_replace(L, LUA_GLOBALSINDEX);

	lua_newtable(L);
	lua_pushcfunction(L, on_undefined);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, globals);
	new_ref(L, HOST_GLOBALS);
}

void
sandbox_open(lua_State *L)
{
	struct policy *p = state_policy(L);

	open_libraries(L, p->conf.jit);
	seed_random(L);
	lua_getglobal(L, "string");
	lua_getfield(L, -1, "format");
	new_ref(L, HOST_FORMAT);
	lua_pop(L, 1);
	lua_newtable(L);
	lua_createtable(L, 0, 1);
	lua_pushliteral(L, "k");
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	new_ref(L, HOST_LOCKED);
	make_globals(L);
	make_env(L);
}
