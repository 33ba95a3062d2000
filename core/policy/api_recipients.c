#include <string.h>

#include <lauxlib.h>

#include "session.h"

#include "object.h"
#include "visit.h"

#include "api_session.h"

/* The recipients: those that were accepted, and those that hooks added. */
static bool
is_listed(const struct txn_rcpt *r)
{
	return r->state == TXN_RCPT_ACCEPTED ||
	    (r->state == TXN_RCPT_ASKED && r->added);
}

static struct visit *
check_recipients(lua_State *L)
{
	struct object *o = object_check(L, 1, OBJECT_RECIPIENTS);

	return visit_self_txn(L, o);
}

static int
on_length(lua_State *L)
{
	const struct txn_rcpt *r;
	int n = 0;

	for (r = check_recipients(L)->session->txn.rcpts; r; r = r->next)
		n += is_listed(r);
	lua_pushinteger(L, n);
	return 1;
}

static int
next_item(lua_State *L)
{
	int i = (int)lua_tointeger(L, 2) + 1;

	lua_pushinteger(L, i);
	lua_rawgeti(L, 1, i);
	return lua_isnil(L, -1) ? 1 : 2;
}

/* ipairs: over what is there now, whatever the loop changes. */
static int
on_ipairs(lua_State *L)
{
	struct visit *v = check_recipients(L);
	struct txn_rcpt *r;
	int n = 0;

	lua_pushcfunction(L, next_item);
	lua_newtable(L);
	for (r = v->session->txn.rcpts; r; r = r->next) {
		if (!is_listed(r))
			continue;
		visit_push_rcpt(L, v, r);
		lua_rawseti(L, -2, ++n);
	}
	lua_pushinteger(L, 0);
	return 3;
}

static int
on_add(lua_State *L)
{
	struct visit *v = check_recipients(L);
	struct txn_rcpt *r;
	struct path path;
	unsigned n = 0, limit = v->session->limits.recipients;

	if (!v->session->txn.open)
		return luaL_error(L, "add: there is no transaction yet");
	for (r = v->session->txn.rcpts; r; r = r->next)
		n++;
	if (limit && n >= limit)
		return luaL_error(L, "add: more than %u recipients (limit)",
		    limit);
	api_envelope_path(L, v->session, 2, &path);
	r = session_add_rcpt(v->session, &path);
	if (!r)
		return luaL_error(L, "add: no recipient can be added now");
	visit_push_rcpt(L, v, r);
	return 1;
}

static int
on_addresses(lua_State *L)
{
	struct visit *v = check_recipients(L);
	const struct txn_rcpt *r;
	int n = 0;

	lua_newtable(L);
	for (r = v->session->txn.rcpts; r; r = r->next) {
		if (!is_listed(r))
			continue;
		lua_pushstring(L, r->path.text);
		lua_rawseti(L, -2, ++n);
	}
	return 1;
}

/* recipients[i], for the present ones; anything else is a method. */
static int
on_index(lua_State *L)
{
	struct visit *v = check_recipients(L);
	struct txn_rcpt *r = v->session->txn.rcpts;
	int i;

	if (lua_type(L, 2) != LUA_TNUMBER) {
		lua_pushvalue(L, lua_upvalueindex(1));
		lua_insert(L, 1);
		lua_call(L, 2, 1);
		return 1;
	}
	for (i = (int)lua_tointeger(L, 2); r; r = r->next) {
		if (is_listed(r) && --i == 0) {
			visit_push_rcpt(L, v, r);
			return 1;
		}
	}
	lua_pushnil(L);
	return 1;
}

static const luaL_Reg methods[] = {
	{ "add", on_add }, { "addresses", on_addresses }, { NULL, NULL }
};

static const luaL_Reg meta[] = {
	{ "__len", on_length }, { "__ipairs", on_ipairs }, { NULL, NULL }
};

static const struct object_class class = {
	OBJECT_RECIPIENTS, "recipients", NULL, methods, meta, visit_self_txn
};

void
api_recipients_open(lua_State *L)
{
	object_register(L, &class);
	object_wrap_index(L, OBJECT_RECIPIENTS, on_index);
}
