#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "mem.h"
#include "value.h"

#include "conf_lines.h"
#include "conf_place.h"

#include "conf_lua.h"

enum {
	ITEMS_MAX = 2 * 1000 * 1000,
	OCTETS_MAX = 256 * 1024 * 1024,
	NAMED_MAX = 1000,
};

/* Where the value at the top of the stack comes from. */
struct place {
	const char *file;
	int line;
	const struct conf_line *node;	/* NULL: not known more exactly */
	const struct conf_step *step;
	int depth;
};

static void
fail(struct conf_lua *c, const struct place *at, const char *what)
{
	char place[CONF_ERROR_MAX / 2], key[256];

	conf_lua_fail(c, "%s: %s: %s",
	    conf_place(place, sizeof place, at->file, at->line),
	    conf_place_step(at->step, key, sizeof key), what);
}

static void convert(struct conf_lua *, const struct place *, struct value *);

static int
compare_items(const void *a, const void *b)
{
	const struct value_item *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* How many named items a table has; anything but those and 1 to list is an
 * error. */
static size_t
count_named(struct conf_lua *c, const struct place *at, size_t list)
{
	size_t named = 0, numbers = 0, len;
	lua_State *L = c->L;
	const char *key;
	lua_Number n;

	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		if (lua_type(L, -2) == LUA_TSTRING) {
			key = lua_tolstring(L, -2, &len);
			if (strlen(key) != len)
				fail(c, at, "a key with a NUL in it");
			named++;
			continue;
		}
		if (lua_type(L, -2) != LUA_TNUMBER)
			fail(c, at, "a key is a name or a number of a list");
		n = lua_tonumber(L, -2);
		if (n < 1 || n > (lua_Number)list || n != floor(n))
			fail(c, at, "a list with holes");
		numbers++;
	}
	if (numbers != list)
		fail(c, at, "a list with holes");
	return named;
}

static void
convert_item(struct conf_lua *c, const struct place *parent,
    const struct conf_step *step, const struct conf_line *node,
    struct value *out)
{
	struct place at = *parent;

	at.step = step;
	at.depth++;
	at.node = node;
	if (node)
		at.line = node->line;
	convert(c, &at, out);
}

static void
convert_list(struct conf_lua *c, const struct place *at, size_t count,
    struct value_item *item)
{
	struct conf_step step = { .up = at->step };
	const struct conf_line *line = NULL;
	size_t i;

	for (i = 0; i < count; i++, item++) {
		step.index = i + 1;
		lua_rawgeti(c->L, -1, (int)i + 1);
		convert_item(c, at, &step,
		    conf_lines_index(at->node, i + 1, &line), &item->v);
		lua_pop(c->L, 1);
	}
}

/* In a table of very many names, a map that some hook uses, the line of the
 * table will do. */
static void
convert_named(struct conf_lua *c, const struct place *at, size_t count,
    struct value_item *first)
{
	const struct conf_line *node = count <= NAMED_MAX ? at->node : NULL;
	struct conf_step step = { .up = at->step };
	struct value_item *item = first;

	for (lua_pushnil(c->L); lua_next(c->L, -2); lua_pop(c->L, 1)) {
		if (lua_type(c->L, -2) != LUA_TSTRING)
			continue;
		step.key = item->key = arena_strdup(c->arena,
		    lua_tostring(c->L, -2));
		convert_item(c, at, &step, conf_lines_key(node, step.key),
		    &item->v);
		item++;
	}
	qsort(first, count, sizeof *first, compare_items);
}

static void
convert_table(struct conf_lua *c, const struct place *at, struct value *v)
{
	size_t list = lua_objlen(c->L, -1), named;

	if (at->depth >= VALUE_DEPTH_MAX - 1 || !lua_checkstack(c->L, 8))
		fail(c, at, "tables nested too deeply");
	named = count_named(c, at, list);
	c->items += list + named;
	if (c->items > ITEMS_MAX)
		fail(c, at, "too large");
	v->type = VALUE_TABLE;
	v->t.count = list + named;
	v->t.item = arena_alloc(c->arena,
	    (v->t.count + 1) * sizeof *v->t.item);
	convert_list(c, at, list, v->t.item);
	convert_named(c, at, named, v->t.item + list);
}

static void
convert_string(struct conf_lua *c, const struct place *at, struct value *v)
{
	const char *p = lua_tolstring(c->L, -1, &v->s.len);

	c->octets += v->s.len;
	if (c->octets > OCTETS_MAX)
		fail(c, at, "too large");
	v->type = VALUE_STRING;
	v->s.p = arena_strndup(c->arena, p, v->s.len);
}

static void
convert(struct conf_lua *c, const struct place *at, struct value *v)
{
	char what[64];

	v->file = at->file;
	v->line = at->line;
	switch (lua_type(c->L, -1)) {
	case LUA_TNIL:
		v->type = VALUE_NIL;
		break;
	case LUA_TBOOLEAN:
		v->type = VALUE_BOOL;
		v->b = lua_toboolean(c->L, -1);
		break;
	case LUA_TNUMBER:
		v->type = VALUE_NUMBER;
		v->n = lua_tonumber(c->L, -1);
		break;
	case LUA_TSTRING:
		convert_string(c, at, v);
		break;
	case LUA_TTABLE:
		convert_table(c, at, v);
		break;
	default:
		snprintf(what, sizeof what, "a %s cannot be a value",
		    luaL_typename(c->L, -1));
		fail(c, at, what);
	}
}

void
conf_tree_value(struct conf_lua *c, size_t source, int line,
    const struct conf_step *step, struct value *out)
{
	struct place at = {
		.file = c->source[source].path, .line = line, .step = step,
		.depth = 1,
	};

	convert(c, &at, out);
	lua_pop(c->L, 1);
}

/* The globals are what note_global saw: those set to nil again are left out. */
void
conf_tree_globals(struct conf_lua *c, const char *path, struct value *out)
{
	const struct conf_global *g;
	const struct conf_source *s;
	struct value_item *item;

	out->type = VALUE_TABLE;
	out->file = arena_strdup(c->arena, path);
	out->line = 1;
	out->t.item = item = arena_alloc(c->arena,
	    (c->globals + 1) * sizeof *item);
	conf_lua_push_store(c);
	for (g = c->global; g < c->global + c->globals; g++) {
		struct conf_step step = { .key = g->key };
		struct place at = {
			.line = g->line, .step = &step, .depth = 1,
		};

		s = &c->source[g->source];
		at.file = s->path;
		at.node = conf_lines_global(s->line, g->key, g->line);
		if (at.node)
			at.line = at.node->line;
		lua_getfield(c->L, -1, g->key);
		if (!lua_isnil(c->L, -1)) {
			item->key = g->key;
			convert(c, &at, &item->v);
			item++;
		}
		lua_pop(c->L, 1);
	}
	lua_pop(c->L, 1);
	out->t.count = (size_t)(item - out->t.item);
	qsort(out->t.item, out->t.count, sizeof *item, compare_items);
}
