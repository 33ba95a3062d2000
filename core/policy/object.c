#include <string.h>

#include "host.h"
#include "nearest.h"
#include "state.h"

#include "object.h"

static const char *const names[OBJECT_KINDS] = {
	[OBJECT_ERROR] = "an error", [OBJECT_VERDICT] = "a verdict",
	[OBJECT_LIST] = "a list", [OBJECT_DICT] = "a shared dictionary",
	[OBJECT_SESSION] = "a session", [OBJECT_CLIENT] = "a client",
	[OBJECT_SERVER] = "a server", [OBJECT_COUNTS] = "counts",
	[OBJECT_LIMITS] = "limits", [OBJECT_TXN] = "a transaction",
	[OBJECT_SENDER] = "a sender", [OBJECT_RCPT] = "a recipient",
	[OBJECT_RECIPIENTS] = "recipients", [OBJECT_MESSAGE] = "a message",
	[OBJECT_REPLY] = "a reply", [OBJECT_RESULT] = "a result",
	[OBJECT_DIGEST] = "a digest", [OBJECT_WALK] = "an iterator",
	[OBJECT_TLS] = "tls", [OBJECT_AUTH] = "auth",
	[OBJECT_PROXY] = "a proxy", [OBJECT_LOGIN] = "a login",
};

_Static_assert((int)OBJECT_KINDS <= (int)HOST_KINDS, "room for metatables");

const char *
object_describe(lua_State *L, int idx)
{
	struct object *o;

	switch (lua_type(L, idx)) {
	case LUA_TNONE:
	case LUA_TNIL:
		return "nil";
	case LUA_TBOOLEAN:
		return lua_toboolean(L, idx) ? "true" : "false";
	case LUA_TNUMBER:
		return "a number";
	case LUA_TSTRING:
	case LUA_TLIGHTUSERDATA:	/* a long one, in settings.c */
		return "a text";
	case LUA_TTABLE:
		return "a table";
	case LUA_TFUNCTION:
		return "a function";
	case LUA_TUSERDATA:
		o = lua_touserdata(L, idx);
		return o->kind < OBJECT_KINDS ? names[o->kind] : "an object";
	}
	return "a value of no use";
}

int
object_push_text(lua_State *L, const char *s)
{
	if (s)
		lua_pushstring(L, s);
	else
		lua_pushnil(L);
	return 1;
}

/* Names of the lookup table at idx, for the hint. */
static const char *
hint(lua_State *L, int idx, const char *name, char out[NEAREST_MAX + 32])
{
	struct nearest n;

	nearest_init(&n, name);
	for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
		if (lua_type(L, -2) == LUA_TSTRING)
			nearest_offer(&n, lua_tostring(L, -2));
	}
	return nearest_hint(&n, out);
}

static int
no_field(lua_State *L, const struct object_class *c)
{
	char text[NEAREST_MAX + 32];
	const char *name;

	if (lua_type(L, 2) != LUA_TSTRING)
		return luaL_error(L, "%s has no field of that type (%s)",
		    c->name, object_describe(L, 2));
	name = lua_tostring(L, 2);
	return luaL_error(L, "%s has no field \"%s\"%s", c->name, name,
	    hint(L, lua_upvalueindex(1), name, text));
}

static const struct object_class *
find(lua_State *L, const struct object_field **field, void **self)
{
	const struct object_class *c = lua_touserdata(L, lua_upvalueindex(2));
	struct object *o = lua_touserdata(L, 1);

	if (!o || lua_type(L, 1) != LUA_TUSERDATA || o->kind != c->kind)
		luaL_error(L, "%s expected", c->name);
	lua_pushvalue(L, 2);
	lua_rawget(L, lua_upvalueindex(1));
	*field = NULL;
	*self = o;
	if (lua_islightuserdata(L, -1)) {
		*field = lua_touserdata(L, -1);
		if (c->self)
			*self = c->self(L, o);
	}
	return c;
}

static int
on_index(lua_State *L)
{
	const struct object_field *field;
	const struct object_class *c;
	void *self;

	c = find(L, &field, &self);
	if (field)
		return field->get(L, self);
	if (lua_isnil(L, -1))
		return no_field(L, c);
	return 1;		/* a method */
}

static int
on_newindex(lua_State *L)
{
	const struct object_field *field;
	const struct object_class *c;
	void *self;

	c = find(L, &field, &self);
	if (!field && lua_isnil(L, -1))
		return no_field(L, c);
	if (!field || !field->set)
		return luaL_error(L, "%s.%s cannot be written", c->name,
		    lua_tostring(L, 2));
	field->set(L, self, 3);
	return 0;
}

static int
on_tostring(lua_State *L)
{
	lua_pushstring(L, object_describe(L, 1));
	return 1;
}

static void
lookup_table(lua_State *L, const struct object_class *c)
{
	const struct object_field *f;
	const luaL_Reg *m;

	lua_newtable(L);
	for (f = c->field; f && f->name; f++) {
		lua_pushlightuserdata(L, (void *)(uintptr_t)f);
		lua_setfield(L, -2, f->name);
	}
	for (m = c->method; m && m->name; m++) {
		lua_pushcfunction(L, m->func);
		lua_setfield(L, -2, m->name);
	}
}

static void
closure(lua_State *L, const char *event, lua_CFunction fn,
    const struct object_class *c)
{
	/* stack: metatable, lookup */
	lua_pushvalue(L, -1);
	lua_pushlightuserdata(L, (void *)(uintptr_t)c);
	lua_pushcclosure(L, fn, 2);
	lua_setfield(L, -3, event);
}

void
object_register(lua_State *L, const struct object_class *c)
{
	struct policy *p = state_policy(L);

	lua_newtable(L);
	lua_pushcfunction(L, on_tostring);
	lua_setfield(L, -2, "__tostring");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lookup_table(L, c);
	closure(L, "__index", on_index, c);
	closure(L, "__newindex", on_newindex, c);
	lua_pop(L, 1);
	if (c->meta)
		luaL_setfuncs(L, c->meta, 0);
	p->meta[c->kind] = luaL_ref(L, LUA_REGISTRYINDEX);
}

void
object_add_method(lua_State *L, enum object_kind kind, const char *name)
{
	struct policy *p = state_policy(L);

	lua_rawgeti(L, LUA_REGISTRYINDEX, p->meta[kind]);
	lua_getfield(L, -1, "__index");
	lua_getupvalue(L, -1, 1);
	lua_pushvalue(L, -4);
	lua_setfield(L, -2, name);
	lua_pop(L, 4);
}

void
object_wrap_index(lua_State *L, enum object_kind kind, lua_CFunction fn)
{
	struct policy *p = state_policy(L);

	lua_rawgeti(L, LUA_REGISTRYINDEX, p->meta[kind]);
	lua_getfield(L, -1, "__index");
	lua_pushcclosure(L, fn, 1);
	lua_setfield(L, -2, "__index");
	lua_pop(L, 1);
}

void *
object_new(lua_State *L, enum object_kind kind, size_t size)
{
	struct policy *p = state_policy(L);
	struct object *o = lua_newuserdata(L, size);

	memset(o, 0, size);
	o->kind = kind;
	lua_rawgeti(L, LUA_REGISTRYINDEX, p->meta[kind]);
	lua_setmetatable(L, -2);
	return o;
}

void *
object_test(lua_State *L, int idx, enum object_kind kind)
{
	struct object *o;

	if (lua_type(L, idx) != LUA_TUSERDATA)
		return NULL;
	o = lua_touserdata(L, idx);
	return o->kind == (uint32_t)kind ? o : NULL;
}

void *
object_check(lua_State *L, int idx, enum object_kind kind)
{
	void *o = object_test(L, idx, kind);

	if (!o)
		luaL_error(L, "%s expected, got %s", names[kind],
		    object_describe(L, idx));
	return o;
}
