#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "shdict.h"

#include "error.h"
#include "host.h"
#include "module.h"
#include "nearest.h"
#include "object.h"
#include "quantity.h"
#include "state.h"

#include "api_shared.h"

enum { KEYS_MAX = 1000, DICT_NAME_MAX = 64 };

/*
 * What hooks hold.  One that a file takes before it is declared has no
 * dictionary until all files have been run.
 */
struct dict {
	struct object object;
	struct shdict *dict;
	void *own;			/* memory of a private one */
	char name[DICT_NAME_MAX];
};

void
api_shared_declare(struct policy *p, const char *name, size_t size)
{
	struct policy_declared *d;
	size_t i;

	for (i = 0; i < p->declareds; i++) {
		if (strcmp(p->declared[i].name, name) == 0)
			return;		/* the first one counts */
	}
	d = arena_alloc(p->arena, (p->declareds + 1) * sizeof *d);
	if (p->declareds)
		memcpy(d, p->declared, p->declareds * sizeof *d);
	d[p->declareds].name = arena_strdup(p->arena, name);
	d[p->declareds].size = size < SHDICT_SIZE_MIN ? SHDICT_SIZE_MIN :
	    size;
	p->declared = d;
	p->declareds++;
}

static struct shdict *
find_shared(const struct policy *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->conf.dicts; i++) {
		if (strcmp(p->conf.dict[i].name, name) == 0)
			return p->conf.dict[i].dict;
	}
	return NULL;
}

static const struct policy_declared *
find_declared(const struct policy *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->declareds; i++) {
		if (strcmp(p->declared[i].name, name) == 0)
			return &p->declared[i];
	}
	return NULL;
}

/* Where nobody else can look, a dictionary of our own does. */
static void
attach(struct policy *p, struct dict *d, size_t size)
{
	d->dict = find_shared(p, d->name);
	if (d->dict)
		return;
	d->own = mem_alloc(size);
	if (shdict_format(d->own, size) == 0)
		d->dict = shdict_open(d->own, size);
}

static int
undeclared(lua_State *L, const char *name)
{
	const struct policy *p = state_policy(L);
	char text[NEAREST_MAX + 32];
	struct nearest n;
	size_t i;

	nearest_init(&n, name);
	for (i = 0; i < p->declareds; i++)
		nearest_offer(&n, p->declared[i].name);
	return luaL_error(L, "the shared dictionary \"%s\" is not declared%s: "
	    "say shared = { %s = \"1M\" } in the hook's table", name,
	    nearest_hint(&n, text), name);
}

/* The handle of that name, from the table at HOST_SHARED. */
static struct dict *
push_dict(lua_State *L, const char *name)
{
	struct policy *p = state_policy(L);
	struct dict *d;

	lua_rawgeti(L, LUA_REGISTRYINDEX, p->ref[HOST_SHARED]);
	lua_getfield(L, -1, name);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		d = object_new(L, OBJECT_DICT, sizeof *d);
		snprintf(d->name, sizeof d->name, "%s", name);
		lua_pushvalue(L, -1);
		lua_setfield(L, -3, name);
	}
	lua_remove(L, -2);
	return lua_touserdata(L, -1);
}

static int
on_index(lua_State *L)
{
	struct policy *p = state_policy(L);
	const char *name = luaL_checkstring(L, 2);

	if (strlen(name) >= DICT_NAME_MAX)
		return luaL_error(L, "the name of a shared dictionary is at "
		    "most %d long", DICT_NAME_MAX - 1);
	if (p->frozen && !find_declared(p, name))
		return undeclared(L, name);
	push_dict(L, name);
	return 1;
}

static int
on_newindex(lua_State *L)
{
	return luaL_error(L, "lunette.shared cannot be written: "
	    "use shared.NAME:set(key, value)");
}

static int
attach_all(lua_State *L)
{
	struct policy *p = state_policy(L);
	const struct policy_declared *want;
	struct dict *d;
	size_t i;

	for (i = 0; i < p->declareds; i++)
		push_dict(L, p->declared[i].name);
	lua_settop(L, 0);
	lua_rawgeti(L, LUA_REGISTRYINDEX, p->ref[HOST_SHARED]);
	for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
		d = lua_touserdata(L, -1);
		want = find_declared(p, d->name);
		if (!want)
			return undeclared(L, d->name);
		attach(p, d, want->size);
	}
	return 0;
}

int
api_shared_attach(struct policy *p, char *error, size_t size)
{
	return state_call(p, attach_all, NULL, error, size) ? -1 : 0;
}

static int
on_gc(lua_State *L)
{
	struct dict *d = lua_touserdata(L, 1);

	if (d->own)
		shdict_close(d->dict);
	mem_free(d->own);
	d->own = d->dict = NULL;
	return 0;
}

/* The methods. */
struct call {
	struct dict *d;
	const char *key;
	size_t len;
	double now;
};

static struct dict *
check(lua_State *L)
{
	struct dict *d = object_check(L, 1, OBJECT_DICT);

	if (!d->dict)
		luaL_error(L, "shared.%s cannot be used before start",
		    d->name);
	return d;
}

static struct call
check_call(lua_State *L)
{
	struct call c = { .d = check(L), .now = (double)clock_ms() / 1000 };

	c.key = luaL_checklstring(L, 2, &c.len);
	if (c.len == 0 || c.len > SHDICT_KEY_MAX)
		luaL_error(L, "shared: a key of 1 to %d octets expected",
		    SHDICT_KEY_MAX);
	return c;
}

static double
check_ttl(lua_State *L, int idx)
{
	double ttl = 0;

	if (lua_isnoneornil(L, idx))
		return 0;
	if (lua_type(L, idx) == LUA_TNUMBER)
		ttl = lua_tonumber(L, idx);
	else if (quantity_duration(luaL_checkstring(L, idx), &ttl))
		ttl = -1;
	if (!(ttl > 0) || !isfinite(ttl))
		luaL_error(L, "shared: a time to live over 0 expected");
	return ttl;
}

static struct shdict_value
check_value(lua_State *L, int idx)
{
	struct shdict_value v = { .type = SHDICT_BOOL };

	switch (lua_type(L, idx)) {
	case LUA_TBOOLEAN:
		v.b = lua_toboolean(L, idx);
		return v;
	case LUA_TNUMBER:
		v.type = SHDICT_NUMBER;
		v.n = lua_tonumber(L, idx);
		return v;
	case LUA_TSTRING:
		v.type = SHDICT_STRING;
		v.p = lua_tolstring(L, idx, &v.len);
		return v;
	}
	luaL_error(L, "shared: a boolean, number or text expected, got %s",
	    object_describe(L, idx));
	return v;
}

static void
push_value(lua_State *L, const struct shdict_value *v)
{
	switch (v->type) {
	case SHDICT_BOOL:
		lua_pushboolean(L, v->b);
		return;
	case SHDICT_NUMBER:
		lua_pushnumber(L, v->n);
		return;
	case SHDICT_STRING:
		lua_pushlstring(L, v->p, v->len);
		return;
	}
}

static void
log_lost(const struct dict *d)
{
	unsigned n = shdict_lost(d->dict);

	if (n)
		log_event(LOG_WARN, "shared_lost", "a process died in the "
		    "dictionary %s: %u part(s) of it were emptied", d->name,
		    n);
}

static int
failed(lua_State *L, const struct dict *d, enum shdict_status status)
{
	switch (status) {
	case SHDICT_FULL:
		return error_return(L, ERROR_LIMIT, true,
		    "shared.%s: no room for this value", d->name);
	case SHDICT_BUSY:
		return error_return(L, ERROR_TIMEOUT, true,
		    "shared.%s: busy", d->name);
	case SHDICT_TYPE:
		return luaL_error(L, "shared.%s: the value is no number",
		    d->name);
	case SHDICT_OK:
	case SHDICT_MISSING:
	case SHDICT_EXISTS:
		break;
	}
	lua_pushnil(L);
	return 1;
}

static int
on_get(lua_State *L)
{
	struct call c = check_call(L);
	char space[SHDICT_VALUE_MAX];
	enum shdict_status status;
	struct shdict_value v;

	status = shdict_get(c.d->dict, c.now, c.key, c.len, space,
	    sizeof space, &v);
	log_lost(c.d);
	if (status != SHDICT_OK)
		return failed(L, c.d, status);
	push_value(L, &v);
	if (v.ttl > 0)
		lua_pushnumber(L, v.ttl);
	else
		lua_pushnil(L);
	return 2;
}

static int
on_ttl(lua_State *L)
{
	if (on_get(L) != 2 || lua_isnil(L, -2))
		lua_pushnil(L);
	return 1;
}

static int
on_set(lua_State *L)
{
	struct call c = check_call(L);
	struct shdict_value v = check_value(L, 3);
	enum shdict_status status;

	v.ttl = check_ttl(L, 4);
	status = shdict_set(c.d->dict, c.now, c.key, c.len, &v);
	log_lost(c.d);
	if (status != SHDICT_OK)
		return failed(L, c.d, status);
	lua_pushboolean(L, 1);
	return 1;
}

static int
on_add(lua_State *L)
{
	struct call c = check_call(L);
	struct shdict_value v = check_value(L, 3), old;
	char space[SHDICT_VALUE_MAX];
	enum shdict_status status;

	v.ttl = check_ttl(L, 4);
	status = shdict_add(c.d->dict, c.now, c.key, c.len, &v, space,
	    sizeof space, &old);
	log_lost(c.d);
	if (status == SHDICT_EXISTS) {
		lua_pushboolean(L, 0);
		push_value(L, &old);
		return 2;
	}
	if (status != SHDICT_OK)
		return failed(L, c.d, status);
	lua_pushboolean(L, 1);
	return 1;
}

static int
on_incr(lua_State *L)
{
	struct call c = check_call(L);
	double by = luaL_optnumber(L, 3, 1), out, ttl = check_ttl(L, 4);
	enum shdict_status status;

	status = shdict_incr(c.d->dict, c.now, c.key, c.len, by, ttl, &out);
	log_lost(c.d);
	if (status != SHDICT_OK)
		return failed(L, c.d, status);
	lua_pushnumber(L, out);
	return 1;
}

static int
on_delete(lua_State *L)
{
	struct call c = check_call(L);
	enum shdict_status status;

	status = shdict_delete(c.d->dict, c.now, c.key, c.len);
	log_lost(c.d);
	if (status == SHDICT_BUSY)
		return failed(L, c.d, status);
	lua_pushboolean(L, status == SHDICT_OK);
	return 1;
}

/* Keys are gathered first: nothing of Lua may be left by a jump in shdict. */
struct keys {
	struct buf text;
	size_t len[KEYS_MAX], count;
};

static void
on_key(void *arg, const char *key, size_t len)
{
	struct keys *k = arg;

	if (k->count == KEYS_MAX)
		return;
	buf_append(&k->text, key, len);
	k->len[k->count++] = len;
}

static int
push_keys(lua_State *L)
{
	struct keys *k = lua_touserdata(L, 1);
	size_t i, at = 0;

	lua_createtable(L, (int)k->count, 0);
	for (i = 0; i < k->count; i++) {
		lua_pushlstring(L, k->text.p + at, k->len[i]);
		lua_rawseti(L, -2, (int)i + 1);
		at += k->len[i];
	}
	return 1;
}

static int
on_keys(lua_State *L)
{
	struct dict *d = check(L);
	int max = luaL_optint(L, 2, KEYS_MAX), status;
	struct keys k = { .count = 0 };

	if (max < 1 || max > KEYS_MAX)
		return luaL_error(L, "keys: a number from 1 to %d expected",
		    KEYS_MAX);
	lua_pushcfunction(L, push_keys);
	lua_pushlightuserdata(L, &k);
	buf_init(&k.text);
	shdict_keys(d->dict, (double)clock_ms() / 1000, (size_t)max, on_key,
	    &k);
	status = lua_pcall(L, 1, 1, 0);
	buf_clear(&k.text);
	return status ? lua_error(L) : 1;
}

static const luaL_Reg methods[] = {
	{ "get", on_get }, { "set", on_set }, { "add", on_add },
	{ "incr", on_incr }, { "ttl", on_ttl }, { "delete", on_delete },
	{ "keys", on_keys }, { NULL, NULL }
};

static const luaL_Reg meta[] = { { "__gc", on_gc }, { NULL, NULL } };

static const struct object_class class = {
	.kind = OBJECT_DICT, .name = "shared dictionary", .method = methods,
	.meta = meta,
};

/* lunette.shared is an empty table that looks names up. */
void
api_shared_open(lua_State *L)
{
	static const luaL_Reg lookup[] = {
		{ "__index", on_index }, { "__newindex", on_newindex },
		{ NULL, NULL }
	};
	struct policy *p = state_policy(L);

	object_register(L, &class);
	lua_newtable(L);
	p->ref[HOST_SHARED] = luaL_ref(L, LUA_REGISTRYINDEX);
	lua_newtable(L);
	lua_newtable(L);
	lua_newtable(L);
	luaL_setfuncs(L, lookup, 0);
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_setfield(L, -2, "names");
	module_raw(L, "shared");
}
