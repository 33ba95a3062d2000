#include <string.h>
#include <strings.h>

#include <lauxlib.h>

#include "message.h"
#include "session.h"

#include "api_session.h"
#include "object.h"
#include "visit.h"

#include "api_message.h"

struct message *
api_message_check(lua_State *L, int idx)
{
	struct object *o = object_check(L, idx, OBJECT_MESSAGE);
	struct visit *v = visit_self_txn(L, o);

	if (!v->session->txn.message)
		luaL_error(L, "this message is gone");
	return v->session->txn.message;
}

/* session.message, and the argument of headers and message. */
int
api_message_of(lua_State *L, void *visit)
{
	struct visit *v = visit;

	if (v->session->txn.message)
		visit_push_txn(L, v, OBJECT_MESSAGE, VISIT_MESSAGE);
	else
		lua_pushnil(L);
	return 1;
}

static int
get_size(lua_State *L, void *self)
{
	struct message *m = ((struct visit *)self)->session->txn.message;

	lua_pushnumber(L, m ? (double)message_size(m) : 0);
	return 1;
}

static int
get_relay(lua_State *L, void *self)
{
	return object_push_text(L,
	    ((struct visit *)self)->session->txn.relay);
}

static void
set_relay(lua_State *L, void *self, int idx)
{
	struct session *s = ((struct visit *)self)->session;

	s->txn.relay = api_envelope_relay(L, s, idx);
	if (s->txn.handoff)
		s->txn.edited = true;
}

static const struct object_field fields[] = {
	{ "size", get_size, NULL }, { "relay", get_relay, set_relay },
	{ NULL, NULL, NULL }
};

static bool
is_field(const struct message *m, size_t i, const char *name, size_t len)
{
	const char *field, *value;
	size_t flen, vlen;

	message_field(m, i, &field, &flen, &value, &vlen);
	return flen == len && strncasecmp(field, name, len) == 0;
}

/* The index of the n-th field of that name, -1 the last; or -1. */
static long
find_field(const struct message *m, const char *name, size_t len, int n)
{
	size_t i, count = message_field_count(m);

	if (n > 0) {
		for (i = 0; i < count; i++) {
			if (is_field(m, i, name, len) && --n == 0)
				return (long)i;
		}
	} else if (n < 0) {
		for (i = count; i-- > 0;) {
			if (is_field(m, i, name, len) && ++n == 0)
				return (long)i;
		}
	}
	return -1;
}

/* Unfolded: a line end goes, the blank after it stays (RFC 5322 2.2.3). */
static void
push_value(lua_State *L, const char *p, size_t len)
{
	luaL_Buffer b;
	size_t i;

	while (len > 0 && strchr(" \t\r\n", p[len - 1]))
		len--;
	while (len > 0 && strchr(" \t\r\n", *p)) {
		p++;
		len--;
	}
	luaL_buffinit(L, &b);
	for (i = 0; i < len; i++) {
		if (p[i] != '\r' && p[i] != '\n')
			luaL_addchar(&b, p[i]);
	}
	luaL_pushresult(&b);
}

static void
push_field_value(lua_State *L, const struct message *m, size_t i)
{
	const char *field, *value;
	size_t flen, vlen;

	message_field(m, i, &field, &flen, &value, &vlen);
	push_value(L, value, vlen);
}

/* message:header(name [, n]) */
static int
on_header(lua_State *L)
{
	struct message *m = api_message_check(L, 1);
	size_t len;
	const char *name = luaL_checklstring(L, 2, &len);
	long i = find_field(m, name, len, luaL_optint(L, 3, 1));

	if (i < 0)
		lua_pushnil(L);
	else
		push_field_value(L, m, (size_t)i);
	return 1;
}

static int
next_header(lua_State *L)
{
	int i = (int)lua_tointeger(L, lua_upvalueindex(2));

	lua_pushinteger(L, i + 2);
	lua_replace(L, lua_upvalueindex(2));
	lua_rawgeti(L, lua_upvalueindex(1), i + 1);
	if (lua_isnil(L, -1))
		return 1;
	lua_rawgeti(L, lua_upvalueindex(1), i + 2);
	return 2;
}

/* message:headers(): name, value; over a snapshot. */
static int
on_headers(lua_State *L)
{
	struct message *m = api_message_check(L, 1);
	size_t i, count = message_field_count(m), flen, vlen;
	const char *field, *value;
	int n = 0;

	lua_newtable(L);
	for (i = 0; i < count; i++) {
		message_field(m, i, &field, &flen, &value, &vlen);
		if (flen == 0)
			continue;	/* a line that is no field */
		lua_pushlstring(L, field, flen);
		lua_rawseti(L, -2, ++n);
		push_value(L, value, vlen);
		lua_rawseti(L, -2, ++n);
	}
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, next_header, 2);
	return 1;
}

enum { ADDED_MAX = 1000 };	/* a hook's own; C memory is not Lua's */

static void
check_room(lua_State *L, const struct message *m)
{
	if (message_field_count(m) > message_header(m)->count + ADDED_MAX)
		luaL_error(L, "more than %d headers were added", ADDED_MAX);
}

static int
refused(lua_State *L, const char *name)
{
	return luaL_error(L, "\"%s\": the name or value may not be sent as a "
	    "header", name);
}

static int
on_add_header(lua_State *L)
{
	static const char *const places[] = { "top", "bottom", NULL };
	struct message *m = api_message_check(L, 1);
	const char *name = luaL_checkstring(L, 2), *value;
	enum message_place place;
	size_t len;

	value = luaL_checklstring(L, 3, &len);
	place = luaL_checkoption(L, 4, "top", places) == 0 ? MESSAGE_TOP :
	    MESSAGE_BOTTOM;
	check_room(L, m);
	if (message_add_header(m, name, value, len, place))
		return refused(L, name);
	return 0;
}

static int
on_set_header(lua_State *L)
{
	struct message *m = api_message_check(L, 1);
	const char *name = luaL_checkstring(L, 2), *value;
	size_t len;

	value = luaL_checklstring(L, 3, &len);
	check_room(L, m);
	if (message_set_header(m, name, value, len))
		return refused(L, name);
	return 0;
}

/* Those for which the function at 3 says true; from the last up, so that
 * indices stay right. */
static int
remove_matching(lua_State *L, const char *name, size_t len)
{
	struct message *m = api_message_check(L, 1);
	size_t i = message_field_count(m);
	bool gone;
	int n = 0;

	while (i-- > 0) {
		if (i >= message_field_count(m) || !is_field(m, i, name, len))
			continue;
		gone = true;
		if (lua_isfunction(L, 3)) {
			lua_pushvalue(L, 3);
			push_field_value(L, m, i);
			lua_call(L, 1, 1);
			gone = lua_toboolean(L, -1);
			lua_pop(L, 1);
		}
		if (gone) {
			message_field_remove(m, i);
			n++;
		}
	}
	lua_pushinteger(L, n);
	return 1;
}

/* message:remove_header(name [, n | fn(value)]): how many went. */
static int
on_remove_header(lua_State *L)
{
	struct message *m = api_message_check(L, 1);
	size_t len;
	const char *name = luaL_checklstring(L, 2, &len);
	long i;

	if (!lua_isnumber(L, 3)) {
		if (!lua_isnoneornil(L, 3))
			luaL_checktype(L, 3, LUA_TFUNCTION);
		return remove_matching(L, name, len);
	}
	i = find_field(m, name, len, luaL_checkint(L, 3));
	if (i >= 0)
		message_field_remove(m, (size_t)i);
	lua_pushinteger(L, i >= 0);
	return 1;
}

static const luaL_Reg methods[] = {
	{ "header", on_header }, { "headers", on_headers },
	{ "add_header", on_add_header }, { "set_header", on_set_header },
	{ "remove_header", on_remove_header }, { NULL, NULL }
};

static const struct object_class class = {
	OBJECT_MESSAGE, "message", fields, methods, NULL, visit_self_txn
};

void
api_message_open(lua_State *L)
{
	object_register(L, &class);
	api_content_open(L);
}
