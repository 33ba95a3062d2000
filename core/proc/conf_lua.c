#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "mem.h"
#include "value.h"

#include "conf_lines.h"
#include "conf_place.h"
#include "conf_schema.h"
#include "file.h"

#include "conf_lua.h"

enum {
	MEMORY_MAX = 256 * 1024 * 1024,
	FILE_MAX = 64 * 1024 * 1024,
	TICK = 100000,			/* instructions */
	TICKS_MAX = 2000,		/* about a second or two */
	SOURCES_MAX = 1000,
	INCLUDE_MAX = 16,
};

/* Names of sources inside Lua, where a path would be cut to 60 octets. */
#define CHUNK "conf#"

static const char globals_key[] = "globals", store_key[] = "store",
    override_key[] = "override";

void
conf_lua_fail(struct conf_lua *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->error, CONF_ERROR_MAX, fmt, ap);
	va_end(ap);
	lua_pushnil(c->L);
	lua_error(c->L);
	abort();
}

static void *
allocate(void *arg, void *p, size_t old, size_t size)
{
	struct conf_lua *c = arg;

	if (size > old && size - old > MEMORY_MAX - c->memory)
		return NULL;
	c->memory += size - old;
	if (size > 0)
		return realloc(p, size);
	free(p);
	return NULL;
}

static struct conf_lua *
owner(lua_State *L)
{
	void *arg;

	lua_getallocf(L, &arg);
	return arg;
}

static void
on_tick(lua_State *L, lua_Debug *ar)
{
	if (++owner(L)->ticks <= TICKS_MAX)
		return;
	luaL_where(L, 0);	/* 1 is the caller of what runs */
	lua_pushliteral(L, "the configuration does not come to an end");
	lua_concat(L, 2);
	lua_error(L);
}

/* The source and line of the function at a level of the stack. */
static size_t
caller(struct conf_lua *c, int level, int *line)
{
	lua_Debug ar;
	size_t n = c->current;

	*line = 0;
	if (!lua_getstack(c->L, level, &ar) || !lua_getinfo(c->L, "Sl", &ar))
		return n;
	if (strncmp(ar.source, "=" CHUNK, sizeof CHUNK) == 0)
		n = strtoul(ar.source + sizeof CHUNK, NULL, 10);
	*line = ar.currentline > 0 ? ar.currentline : 0;
	return n;
}

/* Put the path of the source in front of a message "conf#2:7: what". */
static void
translate(struct conf_lua *c, const char *text)
{
	char place[CONF_ERROR_MAX / 2], *end, *p;
	unsigned long n;
	long line = 0;

	if (strncmp(text, CHUNK, sizeof CHUNK - 1) == 0) {
		n = strtoul(text + sizeof CHUNK - 1, &end, 10);
		if (*end == ':')
			line = strtol(end + 1, &end, 10);
		text = end + strspn(end, ": ");
		conf_place(place, sizeof place,
		    c->source[n < c->sources ? n : 0].path, (int)line);
	} else {
		conf_place(place, sizeof place, c->source[c->current].path, 0);
	}
	snprintf(c->error, CONF_ERROR_MAX, "%s: %s", place, text);
	for (p = c->error; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
}

static void
failed(struct conf_lua *c, int status)
{
	const char *text = lua_tostring(c->L, -1);

	if (*c->error)
		return;
	if (status == LUA_ERRMEM)
		text = "the configuration needs too much memory";
	translate(c, text ? text : "an error without a text");
}

size_t
conf_lua_load(struct conf_lua *c, const char *path, const char *text,
    size_t len, bool may_fail)
{
	char name[32];
	size_t n = c->sources;

	if (n >= SOURCES_MAX)
		conf_lua_fail(c, "%s: too many files", path);
	snprintf(name, sizeof name, "=" CHUNK "%zu", n);
	c->source[n].path = arena_strdup(c->arena, path);
	c->sources++;
	if (luaL_loadbufferx(c->L, text, len, name, "t") != 0) {
		if (!may_fail)
			lua_error(c->L);
		lua_pop(c->L, 1);
		return 0;
	}
	c->source[n].line = conf_lines_scan(text, len, c->arena);
	return n;
}

/* Relative to the file, or the directory, that names it. */
static const char *
beside(struct conf_lua *c, size_t source, const char *name)
{
	const char *holder = c->source[source].path;

	if (*name == '/' || !strchr(holder, '/') ||
	    conf_place_is_override(holder))
		return arena_strdup(c->arena, name);
	return arena_printf(c->arena, "%s/%s", file_dir(c->arena, holder),
	    name);
}

static const char *
read_beside(struct conf_lua *c, size_t source, const char *name, size_t *len)
{
	const char *path = beside(c, source, name), *error;
	char *text;

	error = file_read(path, FILE_MAX, c->arena, &text, len);
	if (error)
		luaL_error(c->L, "%s: %s", path, error);
	return text;
}

static int
builtin_file(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1), *text;
	struct conf_lua *c = owner(L);
	size_t len;
	int line;

	text = read_beside(c, caller(c, 1, &line), name, &len);
	lua_pushlstring(L, text, len);
	return 1;
}

static int
builtin_env(lua_State *L)
{
	const char *value = getenv(luaL_checkstring(L, 1));

	lua_settop(L, 2);
	if (value)
		lua_pushstring(L, value);
	return 1;
}

/* Push the table that every file sees as its globals. */
static void
push_globals(struct conf_lua *c)
{
	lua_getfield(c->L, LUA_REGISTRYINDEX, globals_key);
}

static int
builtin_include(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1), *text;
	struct conf_lua *c = owner(L);
	size_t len, before = c->current, from;
	int line;

	from = caller(c, 1, &line);
	if (c->depth >= INCLUDE_MAX)
		luaL_error(L, "include: nested too deeply");
	text = read_beside(c, from, name, &len);
	lua_settop(L, 0);
	c->current = conf_lua_load(c, beside(c, from, name), text, len, false);
	push_globals(c);
	lua_setfenv(L, -2);
	c->depth++;
	lua_call(L, 0, LUA_MULTRET);
	c->depth--;
	c->current = before;
	return lua_gettop(L);
}

static const struct luaL_Reg builtins[] = {
	{ "include", builtin_include },
	{ "env", builtin_env },
	{ "file", builtin_file },
	{ NULL, NULL },
};

static lua_CFunction
builtin(const char *name)
{
	const struct luaL_Reg *b;

	for (b = builtins; b->name; b++)
		if (strcmp(b->name, name) == 0)
			return b->func;
	return NULL;
}

static int
undefined(lua_State *L, const char *name)
{
	owner(L)->undefined = true;
	return luaL_error(L, "\"%s\" is not defined: a configuration has "
	    "include, env and file; a text needs quotes", name);
}

/* Reading a global: a key that is not set yet is nil, anything else that was
 * never assigned is a slip of the pen. */
static int
on_read(lua_State *L)
{
	const char *name = luaL_checkstring(L, 2);

	if (builtin(name)) {
		lua_pushcfunction(L, builtin(name));
		return 1;
	}
	lua_getfield(L, LUA_REGISTRYINDEX, store_key);
	lua_getfield(L, -1, name);
	if (lua_isnil(L, -1) && !conf_schema_has(name))
		return undefined(L, name);
	return 1;
}

static int
on_read_override(lua_State *L)
{
	const char *name = luaL_checkstring(L, 2);

	if (!builtin(name) || strcmp(name, "include") == 0)
		return undefined(L, name);
	lua_pushcfunction(L, builtin(name));
	return 1;
}

static void
note_global(struct conf_lua *c, const char *key)
{
	size_t i;

	for (i = 0; i < c->globals; i++)
		if (strcmp(c->global[i].key, key) == 0)
			break;
	if (i == c->globals) {
		c->global = mem_resize(c->global, (i + 1) * sizeof *c->global);
		c->global[i].key = arena_strdup(c->arena, key);
		c->globals++;
	}
	c->global[i].source = caller(c, 1, &c->global[i].line);
}

static int
on_write(lua_State *L)
{
	const char *name = luaL_checkstring(L, 2);

	if (builtin(name))
		return luaL_error(L, "\"%s\" is a function of the "
		    "configuration and cannot be assigned", name);
	note_global(owner(L), name);
	lua_getfield(L, LUA_REGISTRYINDEX, store_key);
	lua_pushvalue(L, 3);
	lua_setfield(L, -2, name);
	return 0;
}

static void
make_env(lua_State *L, const char *name, lua_CFunction read,
    lua_CFunction write)
{
	lua_newtable(L);
	lua_createtable(L, 0, 2);
	lua_pushcfunction(L, read);
	lua_setfield(L, -2, "__index");
	if (write) {
		lua_pushcfunction(L, write);
		lua_setfield(L, -2, "__newindex");
	}
	lua_setmetatable(L, -2);
	lua_setfield(L, LUA_REGISTRYINDEX, name);
}

void
conf_lua_push_store(struct conf_lua *c)
{
	lua_getfield(c->L, LUA_REGISTRYINDEX, store_key);
}

void
conf_lua_push_override_env(struct conf_lua *c)
{
	lua_getfield(c->L, LUA_REGISTRYINDEX, override_key);
}

struct job {
	struct conf_lua *c;
	const char *path;
	const struct conf_override *override;
	size_t overrides;
	struct value *tree;
};

static int
evaluate(lua_State *L)
{
	struct job *j = lua_touserdata(L, 1);
	struct conf_lua *c = j->c;
	const char *error;
	size_t i, len;
	char *text;

	lua_newtable(L);
	lua_setfield(L, LUA_REGISTRYINDEX, store_key);
	make_env(L, globals_key, on_read, on_write);
	make_env(L, override_key, on_read_override, NULL);
	lua_sethook(L, on_tick, LUA_MASKCOUNT, TICK);

	error = file_read(j->path, FILE_MAX, c->arena, &text, &len);
	if (error)
		conf_lua_fail(c, "%.700s: %s", j->path, error);
	conf_lua_load(c, j->path, text, len, false);
	push_globals(c);
	lua_setfenv(L, -2);
	lua_call(L, 0, 0);
	conf_tree_globals(c, j->path, j->tree);
	for (i = 0; i < j->overrides; i++)
		conf_override_apply(c, &j->override[i], j->tree);
	return 0;
}

struct value *
conf_evaluate(const char *path, const struct conf_override *override,
    size_t count, struct arena *arena, char error[CONF_ERROR_MAX])
{
	struct conf_lua c = { .arena = arena, .error = error };
	struct job job = { &c, path, override, count, NULL };
	int status;

	*error = '\0';
	c.source = mem_array(SOURCES_MAX, sizeof *c.source);
	job.tree = arena_alloc(arena, sizeof *job.tree);
	c.L = lua_newstate(allocate, &c);
	if (!c.L) {
		snprintf(error, CONF_ERROR_MAX, "%s: no memory for Lua", path);
		job.tree = NULL;
	} else {
		c.source[0].path = path;
		status = lua_cpcall(c.L, evaluate, &job);
		if (status != 0) {
			failed(&c, status);
			job.tree = NULL;
		}
		lua_close(c.L);
	}
	mem_free(c.global);
	mem_free(c.source);
	return job.tree;
}
