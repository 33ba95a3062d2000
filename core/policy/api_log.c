#include <ctype.h>
#include <string.h>

#include <lauxlib.h>

#include "log.h"
#include "session.h"

#include "host.h"
#include "instance.h"
#include "module.h"
#include "object.h"
#include "state.h"
#include "task.h"
#include "visit.h"

#include "api_session.h"
#include "api_sys.h"

/* Keys that the core writes itself. */
static const char *const reserved[] = {
	"ts", "level", "event", "id", "client", "hook", NULL
};

static const char *
hook_name(lua_State *L)
{
	struct policy *p = state_policy(L);
	struct task *t = task_running(L);

	if (t && t->name)
		return t->name;
	return p->loading ? p->loading->name : NULL;
}

static void
begin(lua_State *L, struct log_line *line, struct visit *v, int level)
{
	const char *hook = hook_name(L);

	if (v)
		session_log(v->session, line, level, "hook");
	else
		log_begin(line, (enum log_level)level, "hook");
	if (hook)
		log_str(line, "hook", hook);
}

static void
check_key(lua_State *L, const char *key)
{
	const char *c;
	int i;

	for (c = key; islower((unsigned char)*c) || *c == '_' ||
	    isdigit((unsigned char)*c); c++)
		;
	if (*key == '\0' || *c || c - key > 40)
		luaL_error(L, "log: \"%s\": a key of small letters, digits "
		    "and _ expected", key);
	for (i = 0; reserved[i]; i++) {
		if (strcmp(reserved[i], key) == 0)
			luaL_error(L, "log: the key \"%s\" is taken", key);
	}
}

/* A password that is asked about is not for the log. */
static void
put(lua_State *L, struct log_line *line, const char *key, const char *p,
    size_t len)
{
	if (api_login_leaks(task_visit(L), p, len))
		log_str(line, key, "(withheld: the password is in it)");
	else
		log_bytes(line, key, p, len);
}

static void
add_value(lua_State *L, struct log_line *line, const char *key)
{
	size_t len;
	const char *p;

	switch (lua_type(L, -1)) {
	case LUA_TBOOLEAN:
		log_str(line, key, lua_toboolean(L, -1) ? "true" : "false");
		return;
	case LUA_TNUMBER:
	case LUA_TSTRING:
		lua_pushvalue(L, -1);
		p = lua_tolstring(L, -1, &len);
		put(L, line, key, p, len);
		lua_pop(L, 1);
		return;
	}
	log_str(line, key, state_message(L, -1));
}

/* The table at idx as further keys. */
static void
write_table(lua_State *L, struct log_line *line, int idx)
{
	for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "log: keys are texts");
		check_key(L, lua_tostring(L, -2));
		add_value(L, line, lua_tostring(L, -2));
	}
}

/* The text at idx, a format if more follows. */
static void
write_text(lua_State *L, struct log_line *line, int idx)
{
	size_t len;
	const char *p;

	if (lua_gettop(L) > idx) {
		luaL_checkstring(L, idx);
		state_push(L, HOST_FORMAT);
		lua_insert(L, idx);
		lua_call(L, lua_gettop(L) - idx, 1);
	}
	if (object_test(L, idx, OBJECT_ERROR)) {
		p = state_message(L, idx);
		put(L, line, "msg", p, strlen(p));
		return;
	}
	p = luaL_checklstring(L, idx, &len);
	put(L, line, "msg", p, len);
}

static int
write_line(lua_State *L, struct visit *v, int level, int idx)
{
	struct log_line line;

	begin(L, &line, v, level);
	if (lua_istable(L, idx))
		write_table(L, &line, idx);
	else
		write_text(L, &line, idx);
	log_end(&line);
	return 0;
}

static const char *const levels[] = { "debug", "info", "warn", "error", NULL };

/* session:log(level, fmt, ...) and session:log(level, { key = value }) */
int
api_log_session(lua_State *L)
{
	struct visit *v = visit_check(L, 1, OBJECT_SESSION);
	int level = luaL_checkoption(L, 2, NULL, levels);

	return write_line(L, v, level, 3);
}

/* log.debug and so on: upvalue 1 is the level. */
static int
on_log(lua_State *L)
{
	return write_line(L, task_visit(L),
	    (int)lua_tointeger(L, lua_upvalueindex(1)), 1);
}

/* print: for a first look; a line on level info. */
static int
on_print(lua_State *L)
{
	int i, n = lua_gettop(L);
	luaL_Buffer b;

	for (i = 1; i <= n; i++) {
		if (luaL_callmeta(L, i, "__tostring"))
			lua_replace(L, i);
		else if (!lua_isstring(L, i)) {
			lua_pushstring(L, lua_isnil(L, i) ? "nil" :
			    lua_isboolean(L, i) ? lua_toboolean(L, i) ?
			    "true" : "false" : luaL_typename(L, i));
			lua_replace(L, i);
		}
	}
	luaL_buffinit(L, &b);
	for (i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addchar(&b, '\t');
		lua_pushvalue(L, i);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	lua_replace(L, 1);
	lua_settop(L, 1);
	return write_line(L, task_visit(L), LOG_INFO, 1);
}

void
api_log_open(lua_State *L)
{
	int i;

	lua_newtable(L);
	for (i = 0; levels[i]; i++) {
		lua_pushinteger(L, i);
		lua_pushcclosure(L, on_log, 1);
		lua_setfield(L, -2, levels[i]);
	}
	module_raw(L, "log");
	state_push(L, HOST_GLOBALS);
	lua_pushcfunction(L, on_print);
	lua_setfield(L, -2, "print");
	lua_pop(L, 1);
}
