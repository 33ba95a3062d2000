#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "value.h"

#include "host.h"
#include "instance.h"
#include "module.h"
#include "nearest.h"
#include "object.h"
#include "setting.h"
#include "state.h"

#include "settings.h"

/*
 * A text over LONG_TEXT, as a list usually is, is pushed as a pointer to its
 * value: only a declaration of type string makes a Lua string of it.
 */
enum { DEPTH_MAX = 16, LONG_TEXT = 16 * 1024 };

static void convert(lua_State *, const struct setting_place *, int decl);

static void
push(lua_State *L, const struct value *v)
{
	size_t i, n = 0;

	luaL_checkstack(L, 4, "settings");
	switch (v->type) {
	case VALUE_NIL:
		lua_pushnil(L);
		return;
	case VALUE_BOOL:
		lua_pushboolean(L, v->b);
		return;
	case VALUE_NUMBER:
		lua_pushnumber(L, v->n);
		return;
	case VALUE_STRING:
		if (v->s.len > LONG_TEXT)
			lua_pushlightuserdata(L, (void *)(uintptr_t)v);
		else
			lua_pushlstring(L, v->s.p, v->s.len);
		return;
	case VALUE_TABLE:
		break;
	}
	lua_newtable(L);
	for (i = 0; i < v->t.count; i++) {
		const struct value_item *item = &v->t.item[i];

		push(L, &item->v);
		if (item->key)
			lua_setfield(L, -2, item->key);
		else
			lua_rawseti(L, -2, (int)++n);
	}
}

/* The place of an entry by key, or by index if key is NULL. */
static struct setting_place
inside(const struct setting_place *up, const struct value *v, const char *key,
    int index)
{
	struct setting_place at = { .in = up->in, .v = v ? v : up->v,
	    .depth = up->depth + 1 };

	if (key)
		snprintf(at.name, sizeof at.name, "%.90s%s%.90s", up->name,
		    up->name[0] ? "." : "", key);
	else
		snprintf(at.name, sizeof at.name, "%.90s[%d]", up->name,
		    index);
	return at;
}

static const struct value *
child_value(const struct setting_place *at, const char *key, int index)
{
	if (!at->v || at->v->type != VALUE_TABLE)
		return NULL;
	return key ? value_get(at->v, key) : value_at(at->v,
	    (size_t)index - 1);
}

/* Every item of the list on top, by the declaration at decl. */
static void
convert_items(lua_State *L, const struct setting_place *at, int decl)
{
	int t = lua_gettop(L), i, n;
	struct setting_place item;

	if (!lua_istable(L, t))
		setting_expected(L, at, "a list");
	n = (int)lua_objlen(L, t);
	for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TNUMBER)
			setting_complain(L, at, "a list expected, got a "
			    "table with the key \"%s\"", lua_tostring(L, -2));
	}
	lua_createtable(L, n, 0);
	for (i = 1; i <= n; i++) {
		lua_rawgeti(L, t, i);
		item = inside(at, child_value(at, NULL, i), NULL, i);
		convert(L, &item, decl);
		lua_rawseti(L, -2, i);
	}
	lua_replace(L, t);
}

static void
refuse_unknown(lua_State *L, const struct setting_place *at, int t, int decl)
{
	char text[NEAREST_MAX + 32];
	struct setting_place field;
	struct nearest n;
	const char *key;

	for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			setting_complain(L, at, "a table with named entries "
			    "expected");
		key = lua_tostring(L, -2);
		lua_getfield(L, decl, key);
		if (!lua_isnil(L, -1)) {
			lua_pop(L, 1);
			continue;
		}
		nearest_init(&n, key);
		for (lua_pushnil(L); lua_next(L, decl); lua_pop(L, 1)) {
			if (lua_type(L, -2) == LUA_TSTRING)
				nearest_offer(&n, lua_tostring(L, -2));
		}
		field = inside(at, child_value(at, key, 0), key, 0);
		setting_complain(L, &field, "unknown setting%s",
		    nearest_hint(&n, text));
	}
}

/* The fields that the table at decl names, of the table on top. */
static void
convert_record(lua_State *L, const struct setting_place *at, int decl)
{
	int t = lua_gettop(L);
	struct setting_place field;
	const char *key;

	if (lua_isnil(L, t)) {
		lua_newtable(L);
		lua_replace(L, t);
	}
	setting_widen(L, decl);
	if (!lua_istable(L, t))
		setting_expected(L, at, "a table");
	refuse_unknown(L, at, t, decl);
	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, decl); lua_pop(L, 1)) {
		key = lua_tostring(L, -2);
		lua_getfield(L, t, key);
		field = inside(at, child_value(at, key, 0), key, 0);
		convert(L, &field, state_index(L, -2));
		lua_setfield(L, t + 1, key);
	}
	lua_replace(L, t);
}

static void
convert_map(lua_State *L, const struct setting_place *at, int decl)
{
	int t = lua_gettop(L);
	struct setting_place item;
	const char *key;

	if (!lua_istable(L, t))
		setting_expected(L, at, "a table");
	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			setting_complain(L, at, "a table with named entries "
			    "expected");
		key = lua_tostring(L, -2);
		lua_pushvalue(L, -1);
		item = inside(at, child_value(at, key, 0), key, 0);
		convert(L, &item, decl);
		lua_setfield(L, t + 1, key);
	}
	lua_replace(L, t);
}

/* The kinds of lunette.setting; the value is on top, `of` at of. */
static void
convert_list(lua_State *L, const struct setting_place *at, int of)
{
	convert_items(L, at, of);
}

static void resolve(lua_State *, int depth);

/* Whatever it is. */
static void
convert_any(lua_State *L, const struct setting_place *at, int of)
{
	if (lua_type(L, -1) == LUA_TLIGHTUSERDATA)
		setting_string(L, at, of);
	else if (lua_istable(L, -1))
		resolve(L, 0);
}

static void
convert_optional(lua_State *L, const struct setting_place *at, int of)
{
	if (!lua_isnil(L, -1))
		convert(L, at, of);
}

static void
convert_one_of(lua_State *L, const struct setting_place *at, int of)
{
	int i, n = (int)lua_objlen(L, of);
	luaL_Buffer b;
	bool found = false;

	for (i = 1; i <= n && !found; i++) {
		lua_rawgeti(L, of, i);
		found = lua_rawequal(L, -1, -2);
		lua_pop(L, 1);
	}
	if (found)
		return;
	luaL_buffinit(L, &b);
	for (i = 1; i <= n; i++) {
		luaL_addstring(&b, i == 1 ? "\"" : i == n ? "\" or \"" :
		    "\", \"");
		lua_rawgeti(L, of, i);
		luaL_addvalue(&b);
	}
	luaL_addstring(&b, "\"");
	luaL_pushresult(&b);
	setting_complain(L, at, "%s expected", lua_tostring(L, -1));
}

static const struct kind {
	const char *name;
	void (*convert)(lua_State *, const struct setting_place *, int of);
} kinds[] = {
	{ "string", setting_string }, { "number", setting_number },
	{ "boolean", setting_boolean }, { "duration", setting_duration },
	{ "size", setting_size }, { "relay", setting_relay },
	{ "url", setting_url }, { "cidrs", setting_cidrs },
	{ "domains", setting_domains }, { "addresses", setting_addresses },
	{ "one_of", convert_one_of }, { "list", convert_list },
	{ "map", convert_map }, { "record", convert_record },
	{ "optional", convert_optional }, { "any", convert_any },
	{ NULL, NULL }
};

static const struct kind *
find_kind(lua_State *L, int decl)
{
	const struct kind *k;
	const char *name;

	lua_getfield(L, decl, "kind");
	name = lua_tostring(L, -1);
	for (k = kinds; k->name && strcmp(k->name, name ? name : ""); k++)
		;
	lua_pop(L, 1);
	return k;
}

/* By a descriptor: the default if there is no value. */
static void
convert_kind(lua_State *L, const struct setting_place *up, int decl)
{
	const struct kind *k = find_kind(L, decl);
	struct setting_place at = *up;

	if (lua_isnil(L, -1) && k->convert != convert_optional) {
		lua_pop(L, 1);
		lua_getfield(L, decl, "default");
		if (lua_isnil(L, -1) && k->convert != convert_record)
			setting_complain(L, &at, "required");
		at.v = NULL;
	}
	lua_getfield(L, decl, "of");
	lua_insert(L, -2);
	k->convert(L, &at, lua_gettop(L) - 1);
	lua_remove(L, -2);
}

/* In a table of no declared shape, long texts become texts. */
static void
resolve(lua_State *L, int depth)
{
	int t = lua_gettop(L);
	const struct value *v;

	luaL_checkstack(L, 6, "settings");
	for (lua_pushnil(L); lua_next(L, t); lua_pop(L, 1)) {
		if (lua_type(L, -1) == LUA_TTABLE && depth < DEPTH_MAX)
			resolve(L, depth + 1);
		if (lua_type(L, -1) != LUA_TLIGHTUSERDATA)
			continue;
		v = lua_touserdata(L, -1);
		lua_pushvalue(L, -2);
		lua_pushlstring(L, v->s.p, v->s.len);
		lua_rawset(L, t);
	}
}

/* A table as declaration: a list of what its first item is, a record, or, if
 * it is empty, any table. */
static void
convert_table(lua_State *L, const struct setting_place *at, int decl)
{
	bool named;

	if (lua_objlen(L, decl) > 0) {
		lua_rawgeti(L, decl, 1);
		lua_insert(L, -2);
		convert_items(L, at, lua_gettop(L) - 1);
		lua_remove(L, -2);
		return;
	}
	lua_pushnil(L);
	named = lua_next(L, decl);
	if (named) {
		lua_pop(L, 2);
		if (lua_rawequal(L, -1, decl)) {	/* the default */
			lua_pop(L, 1);
			lua_newtable(L);
		}
		convert_record(L, at, decl);
	} else if (!lua_istable(L, -1))
		setting_expected(L, at, "a table");
	else
		resolve(L, 0);
}

/* By a default in the table of settings: its type is the type. */
static void
convert_default(lua_State *L, const struct setting_place *up, int decl)
{
	struct setting_place at = *up;

	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		lua_pushvalue(L, decl);
		at.v = NULL;
	}
	switch (lua_type(L, decl)) {
	case LUA_TSTRING:
		setting_string(L, &at, 0);
		return;
	case LUA_TNUMBER:
		setting_number(L, &at, 0);
		return;
	case LUA_TBOOLEAN:
		setting_boolean(L, &at, 0);
		return;
	case LUA_TTABLE:
		convert_table(L, &at, decl);
		return;
	}
	at.v = NULL;
	setting_complain(L, &at, "%s is neither a default nor a setting.*()",
	    object_describe(L, decl));
}

/* Replace the value on top by what the declaration at decl makes of it. */
static void
convert(lua_State *L, const struct setting_place *at, int decl)
{
	if (at->depth > DEPTH_MAX)
		setting_complain(L, at, "too deep");
	luaL_checkstack(L, 16, "settings");
	if (setting_is_descriptor(L, decl))
		convert_kind(L, at, decl);
	else
		convert_default(L, at, decl);
}

/* Keys of an entry that are the core's, not the hook's. */
static bool
is_reserved(const char *key)
{
	static const char *const names[] = {
		"as", "on_error", "timeout", "later", "shadow", NULL
	};
	int i;

	for (i = 0; names[i] && strcmp(names[i], key); i++)
		;
	return names[i] != NULL;
}

/* The entry without what is the core's, as a table. */
static void
push_entry(lua_State *L, const struct value *entry)
{
	size_t i;

	lua_newtable(L);
	if (entry->type != VALUE_TABLE)
		return;
	for (i = value_len(entry); i < entry->t.count; i++) {
		const struct value_item *item = &entry->t.item[i];

		if (is_reserved(item->key))
			continue;
		push(L, &item->v);
		lua_setfield(L, -2, item->key);
	}
}

/* Reading a setting that was not declared raises. */
static int
on_no_setting(lua_State *L)
{
	lua_pushvalue(L, 2);
	lua_rawget(L, lua_upvalueindex(1));
	if (lua_toboolean(L, -1)) {
		lua_pushnil(L);
		return 1;
	}
	return luaL_error(L, "there is no setting \"%s\"",
	    lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?");
}

void
settings_guard(lua_State *L, const struct instance *in)
{
	lua_createtable(L, 0, 1);
	lua_rawgeti(L, LUA_REGISTRYINDEX, in->declared);
	lua_pushcclosure(L, on_no_setting, 1);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
}

void
settings_fill(lua_State *L, struct instance *in)
{
	int decl = lua_gettop(L);
	struct setting_place top = { .in = in, .v = in->entry }, field;
	const char *key;

	push_entry(L, in->entry);
	refuse_unknown(L, &top, decl + 1, decl);
	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, decl); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING) {
			top.v = NULL;
			setting_complain(L, &top, "only named settings are "
			    "possible");
		}
		key = lua_tostring(L, -2);
		lua_pushboolean(L, 1);
		lua_setfield(L, decl + 2, key);
		lua_getfield(L, decl + 1, key);
		field = inside(&top, child_value(&top, key, 0), key, 0);
		if (is_reserved(key)) {
			field.v = NULL;
			setting_complain(L, &field, "an entry has that word "
			    "for something else: take another");
		}
		convert(L, &field, state_index(L, -2));
		lua_setfield(L, decl, key);
	}
	in->declared = luaL_ref(L, LUA_REGISTRYINDEX);
	lua_settop(L, decl);
	settings_guard(L, in);
}

void
settings_open(lua_State *L)
{
	struct policy *p = state_policy(L);

	lua_newtable(L);
	lua_newtable(L);
	lua_pushvalue(L, -1);
	p->ref[HOST_SETTING] = luaL_ref(L, LUA_REGISTRYINDEX);
	lua_setfield(L, -2, "meta");
	module_raw(L, "setting");
}
