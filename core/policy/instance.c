#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "buf.h"
#include "mem.h"
#include "value.h"

#include "chunk.h"
#include "host.h"
#include "keyword.h"
#include "nearest.h"
#include "object.h"
#include "quantity.h"
#include "sandbox.h"
#include "settings.h"
#include "api_shared.h"
#include "state.h"

#include "instance.h"

#define SHARED_SIZE_MAX (4.0 * 1024 * 1024 * 1024)

static const char *const on_errors[] = { "defer", "next", "reject", NULL };

const char *
instance_on_error_name(enum instance_on_error e)
{
	return on_errors[e];
}

struct instance *
instance_find(const struct policy *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->instances; i++) {
		if (strcmp(p->instance[i]->name, name) == 0)
			return p->instance[i];
	}
	return NULL;
}

static int parse_on_error(const char *text, enum instance_on_error *out);

/* "file:line: " of the configuration and the rest; always -1. */
static int __attribute__((format(printf, 5, 6)))
refuse(const struct policy *p, const struct value *v, char *error, size_t size,
    const char *fmt, ...)
{
	const char *file = v && v->file ? v->file : p->conf.conf_path;
	va_list ap;
	int n;

	n = snprintf(error, size, "%s:%d: hooks: ", file ? file : "hooks",
	    v ? v->line : 0);
	if (n < 0 || (size_t)n >= size)
		return -1;
	va_start(ap, fmt);
	vsnprintf(error + n, size - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

struct entry {			/* for functions with much to say */
	struct policy *p;
	struct instance *in;
	char *error;
	size_t size;
};

static int
read_on_error(struct entry *e, const struct value *v)
{
	if (v->type == VALUE_STRING &&
	    parse_on_error(v->s.p, &e->in->on_error) == 0)
		return 0;
	return refuse(e->p, v, e->error, e->size,
	    "%s: on_error: \"defer\", \"next\" or \"reject\" expected",
	    e->in->name);
}

static int
read_timeout(struct entry *e, const struct value *v)
{
	double n = v->type == VALUE_NUMBER ? v->n : 0;

	if (v->type == VALUE_STRING && quantity_duration(v->s.p, &n))
		n = 0;
	if (n <= 0)
		return refuse(e->p, v, e->error, e->size,
		    "%s: timeout: a duration over 0 expected", e->in->name);
	e->in->timeout = n;
	return 0;
}

static int
read_flag(struct entry *e, const char *key, const struct value *v, bool *out)
{
	if (v->type != VALUE_BOOL)
		return refuse(e->p, v, e->error, e->size,
		    "%s: %s: true or false expected, got %s", e->in->name, key,
		    value_type_name(v->type));
	*out = v->b;
	return 0;
}

/* What of an entry is the core's; before = the hook's own declarations. */
static int
read_reserved(struct entry *e)
{
	const struct value *t = e->in->entry, *v;
	bool shadow = false;

	if (t->type != VALUE_TABLE)
		return 0;
	if ((v = value_get(t, "on_error")) && read_on_error(e, v))
		return -1;
	if ((v = value_get(t, "timeout")) && read_timeout(e, v))
		return -1;
	if ((v = value_get(t, "later")) &&
	    read_flag(e, "later", v, &e->in->later))
		return -1;
	if ((v = value_get(t, "shadow")) && read_flag(e, "shadow", v, &shadow))
		return -1;
	if (shadow)
		return refuse(e->p, v, e->error, e->size,
		    "%s: shadow: not supported in this version", e->in->name);
	return 0;
}

/* The names of an entry: "dnsbl" or { "dnsbl", as = "..." }. */
static int
read_names(struct entry *e, const struct value *v)
{
	const struct value *file = v, *as = NULL;

	if (v->type == VALUE_TABLE) {
		file = value_at(v, 0);
		as = value_get(v, "as");
		if (value_len(v) > 1)
			return refuse(e->p, v, e->error, e->size,
			    "an entry is { name, setting = value, ... }: only "
			    "the name has no key");
	}
	if (!file || file->type != VALUE_STRING || !file->s.len)
		return refuse(e->p, v, e->error, e->size,
		    "the name of a hook expected");
	if (as && (as->type != VALUE_STRING || !as->s.len))
		return refuse(e->p, as, e->error, e->size,
		    "%s: as: a name expected", file->s.p);
	e->in->hook = file->s.p;
	e->in->name = as ? as->s.p : file->s.p;
	return 0;
}

static int
read_entry(struct policy *p, const struct value *v, char *error, size_t size)
{
	struct instance *in = arena_alloc(p->arena, sizeof *in), *twin;
	struct entry e = { .p = p, .in = in, .error = error, .size = size };

	in->entry = v;
	in->index = (unsigned)p->instances;
	in->table = in->settings = LUA_NOREF;
	if (read_names(&e, v))
		return -1;
	twin = instance_find(p, in->name);
	if (twin)
		return refuse(p, v, error, size, "\"%s\" is there already "
		    "(line %d): give one of them another name with as = ",
		    in->name, twin->entry->line);
	p->instance[p->instances++] = in;
	return 0;
}

int
instance_entries(struct policy *p, char *error, size_t size)
{
	const struct value *hooks = p->conf.hooks;
	size_t i, n = hooks ? value_len(hooks) : 0;

	p->instance = arena_alloc(p->arena, (n + 1) * sizeof *p->instance);
	for (i = 0; i < n; i++) {
		if (read_entry(p, value_at(hooks, i), error, size))
			return -1;
	}
	return 0;
}

static int
parse_on_error(const char *text, enum instance_on_error *out)
{
	int i;

	for (i = 0; on_errors[i]; i++) {
		if (strcmp(on_errors[i], text) == 0) {
			*out = (enum instance_on_error)i;
			return 0;
		}
	}
	return -1;
}

/*
 * The rest runs in Lua, protected, with the hook's table at index 1.
 */

/* Raise "file:line: what" where the file speaks of word. */
static int __attribute__((format(printf, 4, 5)))
complain(lua_State *L, struct instance *in, const char *word,
    const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	lua_pushfstring(L, "%s:%d: ", in->path,
	    chunk_line_of(in->text, in->len, word));
	lua_pushstring(L, what);
	lua_concat(L, 2);
	return lua_error(L);
}

static void
take_on_error(lua_State *L, struct instance *in)
{
	if (lua_type(L, -1) != LUA_TSTRING ||
	    parse_on_error(lua_tostring(L, -1), &in->on_error))
		complain(L, in, "on_error", "on_error: \"defer\", \"next\" or "
		    "\"reject\" expected");
}

static void
take_timeout(lua_State *L, struct instance *in)
{
	double n = 0;

	if (lua_type(L, -1) == LUA_TNUMBER)
		n = lua_tonumber(L, -1);
	else if (lua_type(L, -1) == LUA_TSTRING &&
	    quantity_duration(lua_tostring(L, -1), &n))
		n = 0;
	if (n <= 0)
		complain(L, in, "timeout", "timeout: a duration over 0 "
		    "expected");
	in->timeout = n;
}

static const char *
check_ehlo(lua_State *L, struct instance *in, int n)
{
	const char *text;
	size_t len;

	if (lua_type(L, -1) != LUA_TSTRING)
		complain(L, in, "ehlo", "ehlo: a list of keywords expected");
	text = lua_tolstring(L, -1, &len);
	if (!keyword_is_valid(text, len))
		complain(L, in, "ehlo", "ehlo: number %d is no keyword", n);
	if (keyword_is_own(text))
		complain(L, in, "ehlo", "ehlo: \"%s\" is not for hooks to "
		    "announce", text);
	return text;
}

static void
take_ehlo(lua_State *L, struct instance *in)
{
	struct policy *p = state_policy(L);
	const char **out;
	size_t i, n;

	if (lua_type(L, -1) != LUA_TTABLE)
		complain(L, in, "ehlo", "ehlo: a list of keywords expected");
	n = lua_objlen(L, -1);
	out = arena_alloc(p->arena, (n + 1) * sizeof *out);
	for (i = 0; i < n; i++) {
		lua_rawgeti(L, -1, (int)i + 1);
		out[i] = arena_strdup(p->arena, check_ehlo(L, in, (int)i + 1));
		lua_pop(L, 1);
	}
	in->ehlo = out;
}

static void
take_shared(lua_State *L, struct instance *in)
{
	double size;

	if (lua_type(L, -1) != LUA_TTABLE)
		complain(L, in, "shared", "shared: { name = size } expected");
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		size = -1;
		if (lua_type(L, -1) == LUA_TNUMBER)
			size = lua_tonumber(L, -1);
		else if (lua_type(L, -1) == LUA_TSTRING &&
		    quantity_size(lua_tostring(L, -1), &size))
			size = -1;
		if (lua_type(L, -2) != LUA_TSTRING || size < 1)
			complain(L, in, "shared", "shared: { name = size } "
			    "expected");
		if (size > SHARED_SIZE_MAX)
			complain(L, in, "shared", "shared: %s: more than 4G",
			    lua_tostring(L, -2));
		api_shared_declare(state_policy(L), lua_tostring(L, -2),
		    (size_t)size);
	}
}

static const struct part {
	const char *name;
	void (*take)(lua_State *, struct instance *);
} parts[] = {
	{ "settings", NULL }, { "on_error", take_on_error },
	{ "timeout", take_timeout }, { "shared", take_shared },
	{ "ehlo", take_ehlo }, { NULL, NULL }
};

static int
unknown(lua_State *L, struct instance *in, const char *key)
{
	char text[NEAREST_MAX + 32];
	struct nearest n;
	int i;

	nearest_init(&n, key);
	for (i = 0; i < STAGE_COUNT; i++)
		nearest_offer(&n, stage_name((enum stage)i));
	for (i = 0; parts[i].name; i++)
		nearest_offer(&n, parts[i].name);
	return complain(L, in, key, "\"%s\" is no stage and nothing else that "
	    "a hook has%s", key, nearest_hint(&n, text));
}

static void
take(lua_State *L, struct instance *in, const char *key)
{
	enum stage stage;
	int i;

	for (i = 0; parts[i].name; i++) {
		if (strcmp(parts[i].name, key) != 0)
			continue;
		if (parts[i].take)
			parts[i].take(L, in);
		return;
	}
	if (stage_parse(key, &stage))
		unknown(L, in, key);
	if (lua_type(L, -1) != LUA_TFUNCTION)
		complain(L, in, key, "%s: a function expected, got %s", key,
		    object_describe(L, -1));
	in->stages |= 1u << stage;
	lua_pushvalue(L, -1);
	in->fn[stage] = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void
take_all(lua_State *L, struct instance *in)
{
	for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			complain(L, in, "return", "a hook has only named "
			    "entries");
		take(L, in, lua_tostring(L, -2));
	}
}

static void
take_settings(lua_State *L, struct instance *in)
{
	lua_pushliteral(L, "settings");
	lua_rawget(L, 1);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		lua_newtable(L);
	}
	if (lua_type(L, -1) != LUA_TTABLE)
		complain(L, in, "settings", "settings: a table expected, got "
		    "%s", object_describe(L, -1));
	settings_fill(L, in);
	lua_pushvalue(L, -1);
	in->settings = luaL_ref(L, LUA_REGISTRYINDEX);
	lua_pop(L, 1);
}

static int
load(lua_State *L)
{
	struct instance *in = lua_touserdata(L, 1);
	struct entry e = { .p = state_policy(L), .in = in };
	char error[512];

	lua_settop(L, 0);
	if (sandbox_load(L, in->text, in->len, in->path))
		return lua_error(L);
	lua_pushstring(L, in->name);
	lua_call(L, 1, 1);
	if (lua_type(L, 1) != LUA_TTABLE)
		return complain(L, in, "return", "a hook returns a table, this "
		    "one returned %s", object_describe(L, 1));
	take_all(L, in);
	take_settings(L, in);
	e.error = error;
	e.size = sizeof error;
	if (read_reserved(&e)) {
		lua_pushstring(L, error);
		return lua_error(L);
	}
	in->table = luaL_ref(L, LUA_REGISTRYINDEX);
	return 0;
}

/* The first line of what went wrong, with the file at least. */
static void
explain(const struct policy *p, const struct instance *in, const char *text,
    char *error, size_t size)
{
	int n = 0;

	if (!chunk_has_line(text))
		n = snprintf(error, size, "%s: ", in->path);
	if (n >= 0 && (size_t)n < size)
		chunk_first_line(p, text, error + n, size - (size_t)n);
}

int
instance_load(struct policy *p, struct instance *in, char *error, size_t size)
{
	struct buf trace;
	int status;

	in->text = p->conf.find(p->conf.find_arg, POLICY_HOOK, in->hook,
	    &in->len, &in->path);
	if (!in->text)
		return refuse(p, in->entry, error, size,
		    "no hook \"%s\" (tried %s)", in->hook,
		    in->path && *in->path ? in->path : "nothing");
	if (!in->path)
		in->path = in->hook;
	chunk_remember(p, in->path);
	buf_init(&trace);
	p->loading = in;
	state_show(p, in->name);
	status = state_run(p, load, in, &trace);
	p->loading = NULL;
	state_show(p, "");
	buf_append(&trace, "", 1);
	if (status)
		explain(p, in, trace.p, error, size);
	buf_clear(&trace);
	return status ? -1 : 0;
}
