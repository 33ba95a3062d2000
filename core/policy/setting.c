#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "nexthop.h"
#include "session.h"
#include "value.h"

#include "api_list.h"
#include "chunk.h"
#include "host.h"
#include "instance.h"
#include "object.h"
#include "quantity.h"
#include "state.h"

#include "setting.h"

int
setting_complain(lua_State *L, const struct setting_place *at,
    const char *fmt, ...)
{
	const struct policy *p = state_policy(L);
	const struct value *v = at->v;
	char what[512], first[SETTING_PLACE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	if (v)
		lua_pushfstring(L, "%s:%d: hooks: %s: %s: %s",
		    v->file ? v->file : p->conf.conf_path ?
		    p->conf.conf_path : "hooks", v->line, at->in->name,
		    at->name, what);
	else {
		snprintf(first, sizeof first, "%.*s",
		    (int)strcspn(at->name, ".["), at->name);
		lua_pushfstring(L, "%s:%d: settings: %s: %s", at->in->path,
		    chunk_line_of(at->in->text, at->in->len, first), at->name,
		    what);
	}
	return lua_error(L);
}

int
setting_expected(lua_State *L, const struct setting_place *at, const char *what)
{
	return setting_complain(L, at, "%s expected, got %s", what,
	    object_describe(L, -1));
}

void
setting_string(lua_State *L, const struct setting_place *at, int of)
{
	const struct value *v;

	if (lua_type(L, -1) == LUA_TLIGHTUSERDATA) {
		v = lua_touserdata(L, -1);
		lua_pop(L, 1);
		lua_pushlstring(L, v->s.p, v->s.len);
	}
	if (lua_type(L, -1) != LUA_TSTRING)
		setting_expected(L, at, "a text");
}

void
setting_number(lua_State *L, const struct setting_place *at, int of)
{
	if (lua_type(L, -1) != LUA_TNUMBER)
		setting_expected(L, at, "a number");
}

void
setting_boolean(lua_State *L, const struct setting_place *at, int of)
{
	if (lua_type(L, -1) != LUA_TBOOLEAN)
		setting_expected(L, at, "true or false");
}

static void
quantity(lua_State *L, const struct setting_place *at,
    int (*parse)(const char *, double *), const char *what)
{
	double n = -1;

	if (lua_type(L, -1) == LUA_TNUMBER)
		n = lua_tonumber(L, -1);
	else if (lua_type(L, -1) == LUA_TSTRING &&
	    parse(lua_tostring(L, -1), &n))
		n = -1;
	if (!(n >= 0))
		setting_expected(L, at, what);
	lua_pop(L, 1);
	lua_pushnumber(L, n);
}

void
setting_duration(lua_State *L, const struct setting_place *at, int of)
{
	quantity(L, at, quantity_duration, "a duration (\"5m\", or seconds)");
}

void
setting_size(lua_State *L, const struct setting_place *at, int of)
{
	quantity(L, at, quantity_size, "a size (\"50M\", or octets)");
}

void
setting_relay(lua_State *L, const struct setting_place *at, int of)
{
	struct policy *p = state_policy(L);
	const struct route_table none = { NULL, 0 };
	const struct route_table *routes = p->conf.routes;
	const char *why = NULL;

	if (lua_type(L, -1) != LUA_TSTRING)
		setting_expected(L, at, "a relay");
	if (!routes && p->env)
		routes = p->env->routes;
	if (!routes && !strchr(lua_tostring(L, -1), ':'))
		return;		/* a name, and nobody told us the names */
	if (!route_find(routes ? routes : &none, lua_tostring(L, -1),
	    p->arena, &why))
		setting_complain(L, at, "%s expected", why ? why : "a relay");
}

void
setting_url(lua_State *L, const struct setting_place *at, int of)
{
	const char *p, *text;

	if (lua_type(L, -1) != LUA_TSTRING)
		setting_expected(L, at, "a URL");
	text = lua_tostring(L, -1);
	p = text + strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
	if (p == text || *p != ':')
		setting_complain(L, at, "a URL expected, got \"%s\"", text);
}

static void
make_list(lua_State *L, const struct setting_place *at, enum list_kind kind)
{
	char error[256], name[SETTING_PLACE_MAX + 64];

	snprintf(name, sizeof name, "%.60s:%s", at->in->name, at->name);
	if (api_list_make(L, kind, lua_gettop(L), name, error, sizeof error))
		setting_complain(L, at, "%s", error);
	lua_remove(L, -2);
}

void
setting_cidrs(lua_State *L, const struct setting_place *at, int of)
{
	make_list(L, at, LIST_CIDRS);
}

void
setting_domains(lua_State *L, const struct setting_place *at, int of)
{
	make_list(L, at, LIST_DOMAINS);
}

void
setting_addresses(lua_State *L, const struct setting_place *at, int of)
{
	make_list(L, at, LIST_ADDRESSES);
}

bool
setting_is_descriptor(lua_State *L, int idx)
{
	bool yes;

	if (lua_type(L, idx) != LUA_TTABLE || !lua_getmetatable(L, idx))
		return false;
	state_push(L, HOST_SETTING);
	yes = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return yes;
}

/* No default, and a kind that cannot do without a value. */
static bool
is_required(lua_State *L, int idx)
{
	const char *kind;
	bool yes;

	if (!setting_is_descriptor(L, idx))
		return false;
	lua_getfield(L, idx, "default");
	lua_getfield(L, idx < 0 ? idx - 1 : idx, "kind");
	kind = lua_tostring(L, -1);
	yes = lua_isnil(L, -2) && kind && strcmp(kind, "optional") != 0 &&
	    strcmp(kind, "record") != 0;
	lua_pop(L, 2);
	return yes;
}

void
setting_widen(lua_State *L, int decl)
{
	const char *only = NULL;

	if (lua_type(L, -1) != LUA_TSTRING &&
	    lua_type(L, -1) != LUA_TLIGHTUSERDATA)
		return;
	for (lua_pushnil(L); lua_next(L, decl); lua_pop(L, 1)) {
		if (!is_required(L, -1))
			continue;
		if (only) {
			lua_pop(L, 2);
			return;
		}
		only = lua_tostring(L, -2);
	}
	if (!only)
		return;
	lua_newtable(L);
	lua_insert(L, -2);
	lua_setfield(L, -2, only);
}
