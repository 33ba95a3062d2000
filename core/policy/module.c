#include <string.h>

#include <lauxlib.h>

#include "chunk.h"
#include "freeze.h"
#include "host.h"
#include "sandbox.h"
#include "state.h"

#include "module.h"

static const char prefix[] = "lunette.";

/* What a later version will have. */
static const char *const absent[] = {
	"net", "http", "smtp", "cache", "rate", "metric", "json", "mime", NULL
};

static const char *
short_name(const char *name)
{
	size_t n = sizeof prefix - 1;

	return strncmp(name, prefix, n) == 0 ? name + n : NULL;
}

static int
not_found(lua_State *L, const char *name, const char *tried)
{
	const char *own = short_name(name);
	size_t i;

	for (i = 0; own && absent[i]; i++) {
		if (strcmp(absent[i], own) == 0)
			return luaL_error(L, "module \"%s\" is not in this "
			    "version", name);
	}
	return luaL_error(L, "module \"%s\" not found (tried %s)", name,
	    tried && *tried ? tried : "nothing");
}

/* Run the chunk on top of the stack; leaves the module's value, or an error. */
static int
run(lua_State *L, const char *name)
{
	const char *own = short_name(name);
	int args = 1;

	lua_pushstring(L, name);
	if (own) {
		state_push(L, HOST_RAW);
		lua_getfield(L, -1, own);
		lua_remove(L, -2);
		args = 2;
	}
	if (lua_pcall(L, args, 1, 0))
		return -1;
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		lua_pushboolean(L, 1);
	}
	return 0;
}

/* require "bit" is what everybody writes. */
static bool
push_library(lua_State *L, const char *name)
{
	state_push(L, HOST_GLOBALS);
	lua_pushstring(L, name);
	lua_rawget(L, -2);
	if (lua_istable(L, -1) && strcmp(name, "_G") != 0)
		return true;
	lua_pop(L, 2);
	return false;
}

int
module_require(lua_State *L)
{
	struct policy *p = state_policy(L);
	const char *name = luaL_checkstring(L, 1), *path = NULL, *text;
	size_t len;

	lua_settop(L, 1);
	state_push(L, HOST_LOADED);
	lua_getfield(L, 2, name);
	if (lua_islightuserdata(L, -1))
		return luaL_error(L, "module \"%s\" requires itself", name);
	if (!lua_isnil(L, -1))
		return 1;
	if (push_library(L, name))
		return 1;
	text = p->conf.find(p->conf.find_arg, POLICY_MODULE, name, &len, &path);
	if (!text)
		return not_found(L, name, path);
	if (!path)
		path = name;
	chunk_remember(p, path);
	if (sandbox_load(L, text, len, path))
		return lua_error(L);

	lua_pushlightuserdata(L, p);
	lua_setfield(L, 2, name);
	if (run(L, name)) {
		lua_pushnil(L);
		lua_setfield(L, 2, name);
		return lua_error(L);
	}
	if (short_name(name) || p->frozen)
		freeze_table(L, -1, name);
	lua_pushvalue(L, -1);
	lua_setfield(L, 2, name);
	return 1;
}

void
module_raw(lua_State *L, const char *name)
{
	state_push(L, HOST_RAW);
	lua_insert(L, -2);
	lua_setfield(L, -2, name);
	lua_pop(L, 1);
}

void
module_freeze(lua_State *L)
{
	state_push(L, HOST_LOADED);
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
		freeze_table(L, -1, lua_tostring(L, -2));
	lua_pop(L, 1);
}
