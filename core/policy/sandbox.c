#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>

#include "coroutines.h"
#include "freeze.h"
#include "host.h"
#include "module.h"
#include "nearest.h"
#include "state.h"

#include "sandbox.h"

enum { LOAD_MAX = 1024 * 1024 };

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
		wrap(L, "insert", "insert", freeze_change);
		wrap(L, "remove", "remove", freeze_change);
		wrap(L, "sort", "sort", freeze_change);
		wrap(L, "move", "move", freeze_move);
	}
	if (strcmp(name, "string") == 0) {
		lua_pushnil(L);
		lua_setfield(L, -2, "dump");
	}
	freeze_table(L, -1, name);
	lua_setfield(L, -2, name);
}

/* Methods of strings look into the table of functions, not the frozen one. */
static void
protect_strings(lua_State *L)
{
	lua_pushliteral(L, "");
	lua_getmetatable(L, -1);
	lua_getglobal(L, "string");
	if (freeze_contents(L, -1))
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
	wrap(L, "rawset", "rawset", freeze_change);
	wrap(L, "pairs", "next", freeze_pairs);
	wrap(L, "ipairs", "ipairs", freeze_ipairs);
	lua_pushcfunction(L, freeze_next);
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
	freeze_table(L, -1, "os");
	lua_setfield(L, -2, "os");
	coroutines_open(L);
	freeze_table(L, -1, "coroutine");
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

	freeze_mark(L, -1, globals);
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
	freeze_open(L);
	make_globals(L);
	make_env(L);
}
