#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "buf.h"
#include "value.h"

#include "host.h"
#include "module.h"
#include "object.h"
#include "state.h"

#include "api_list.h"

enum { STORE_MIN = 64 * 1024 };	/* a smaller one is compiled again */

struct handle {			/* what hooks hold */
	struct object object;
	struct list list;
	struct list_builder *builder;	/* while it is made */
	struct buf own;			/* the block, if it is ours */
};

static int
on_gc(lua_State *L)
{
	struct handle *h = lua_touserdata(L, 1);

	list_builder_free(h->builder);
	h->builder = NULL;
	buf_clear(&h->own);
	memset(&h->list, 0, sizeof h->list);
	return 0;
}

/* key, value, copy of value are on top; a value is text, none means true. */
static int
add_entry(lua_State *L, struct handle *h, char *error, size_t size)
{
	size_t len, vlen = 0;
	const char *key = lua_tolstring(L, -3, &len), *value = NULL;

	switch (lua_type(L, -1)) {
	case LUA_TBOOLEAN:
		if (!lua_toboolean(L, -1))
			return 0;
		break;
	case LUA_TSTRING:
	case LUA_TNUMBER:
		value = lua_tolstring(L, -1, &vlen);
		break;
	default:
		snprintf(error, size, "the value of \"%.60s\" must be a text, "
		    "a number or true, not %s", key, object_describe(L, -1));
		return -1;
	}
	return list_add(h->builder, key, len, value, vlen, error, size);
}

static int
add_table(lua_State *L, struct handle *h, int idx, char *error, size_t size)
{
	const char *p;
	size_t len;
	int failed = 0;

	for (lua_pushnil(L); !failed && lua_next(L, idx); lua_pop(L, 1)) {
		if (lua_type(L, -2) == LUA_TSTRING) {
			lua_pushvalue(L, -1);
			failed = add_entry(L, h, error, size);
			lua_pop(L, 1);
		} else if (lua_type(L, -1) == LUA_TSTRING) {
			p = lua_tolstring(L, -1, &len);
			failed = list_add(h->builder, p, len, NULL, 0, error,
			    size);
		} else {
			snprintf(error, size, "texts expected, got %s",
			    object_describe(L, -1));
			failed = -1;
		}
	}
	return failed ? -1 : 0;
}

static int
add_source(lua_State *L, struct handle *h, int idx, char *error, size_t size)
{
	const struct value *v;
	const char *text;
	size_t len;

	if (lua_type(L, idx) == LUA_TTABLE)
		return add_table(L, h, idx, error, size);
	if (lua_type(L, idx) == LUA_TLIGHTUSERDATA) {
		v = lua_touserdata(L, idx);	/* a long text of a setting */
		return list_add_text(h->builder, v->s.p, v->s.len, error,
		    size);
	}
	if (lua_type(L, idx) == LUA_TSTRING) {
		text = lua_tolstring(L, idx, &len);
		return list_add_text(h->builder, text, len, error, size);
	}
	snprintf(error, size, "a list or a text expected, got %s",
	    object_describe(L, idx));
	return -1;
}

/* Was it compiled by the loader? */
static bool
find_stored(lua_State *L, struct handle *h, enum list_kind kind,
    const char *name)
{
	struct policy *p = state_policy(L);
	const char *block, *path;
	size_t len;

	if (!name || p->conf.checking)
		return false;
	block = p->conf.find(p->conf.find_arg, POLICY_LIST, name, &len, &path);
	return block && list_open(block, len, &h->list) == 0 &&
	    h->list.kind == kind;
}

/* A list that a hook makes for itself is Lua's memory: counted, limited and
 * collected as such.  The handle at idx moves into a userdata of that size. */
static void
move_to_lua(lua_State *L, int idx)
{
	struct handle *old = lua_touserdata(L, idx), *h;
	size_t len = old->own.len;

	h = object_new(L, OBJECT_LIST, sizeof *h + len);
	buf_init(&h->own);
	memcpy(h + 1, old->own.p, len);
	list_open((const char *)(h + 1), len, &h->list);
	buf_clear(&old->own);
	lua_replace(L, idx);
}

static void
store(lua_State *L, const struct handle *h, const char *name)
{
	struct policy *p = state_policy(L);

	if (p->conf.store && h->own.len >= STORE_MIN)
		p->conf.store(p->conf.find_arg, name, h->own.p, h->own.len);
}

int
api_list_make(lua_State *L, enum list_kind kind, int idx, const char *name,
    char *error, size_t size)
{
	struct handle *h;
	int top = lua_gettop(L);

	luaL_checkstack(L, 8, "list");
	h = object_new(L, OBJECT_LIST, sizeof *h);
	buf_init(&h->own);
	if (find_stored(L, h, kind, name))
		return 0;
	h->builder = list_builder_new(kind);
	if (add_source(L, h, idx, error, size)) {
		lua_settop(L, top);
		return -1;
	}
	list_compile(h->builder, &h->own);
	list_builder_free(h->builder);
	h->builder = NULL;
	list_open(h->own.p, h->own.len, &h->list);
	if (name)
		store(L, h, name);
	else
		move_to_lua(L, top + 1);
	return 0;
}

const struct list *
api_list_get(lua_State *L, int idx)
{
	struct handle *h = object_test(L, idx, OBJECT_LIST);

	return h && h->list.p ? &h->list : NULL;
}

static bool
find(lua_State *L, struct list_hit *hit)
{
	struct handle *h = object_check(L, 1, OBJECT_LIST);
	const char *key;
	size_t len;

	if (lua_isnoneornil(L, 2))
		return false;
	key = luaL_checklstring(L, 2, &len);
	return h->list.p && list_find(&h->list, key, len, hit);
}

static int
on_has(lua_State *L)
{
	struct list_hit hit;

	lua_pushboolean(L, find(L, &hit));
	return 1;
}

static int
on_find(lua_State *L)
{
	struct list_hit hit;

	if (!find(L, &hit)) {
		lua_pushboolean(L, 0);
		return 1;
	}
	if (hit.value)
		lua_pushlstring(L, hit.value, hit.value_len);
	else
		lua_pushboolean(L, 1);
	lua_pushlstring(L, hit.entry, hit.entry_len);
	return 2;
}

static int
on_len(lua_State *L)
{
	struct handle *h = object_check(L, 1, OBJECT_LIST);

	lua_pushinteger(L, (lua_Integer)h->list.count);
	return 1;
}

/* domains, cidrs, addresses, map: upvalue 1 is the kind. */
static int
on_make(lua_State *L)
{
	enum list_kind kind = (enum list_kind)lua_tointeger(L,
	    lua_upvalueindex(1));
	char error[256];

	lua_settop(L, 1);
	if (api_list_make(L, kind, 1, NULL, error, sizeof error))
		return luaL_error(L, "%s", error);
	return 1;
}

static const luaL_Reg methods[] = {
	{ "has", on_has }, { "find", on_find }, { NULL, NULL }
};

static const luaL_Reg meta[] = {
	{ "__gc", on_gc }, { "__len", on_len }, { NULL, NULL }
};

static const struct object_class class = {
	.kind = OBJECT_LIST, .name = "list", .method = methods, .meta = meta,
};

void
api_list_open(lua_State *L)
{
	static const char *const names[] = {
		[LIST_DOMAINS] = "domains", [LIST_CIDRS] = "cidrs",
		[LIST_ADDRESSES] = "addresses", [LIST_MAP] = "map",
	};
	int i;

	object_register(L, &class);
	lua_newtable(L);
	for (i = 0; i < 4; i++) {
		lua_pushinteger(L, i);
		lua_pushcclosure(L, on_make, 1);
		lua_setfield(L, -2, names[i]);
	}
	module_raw(L, "list");
}
