#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "value.h"

#include "conf_place.h"

#include "conf_lua.h"

/* The value of an override: a Lua expression if it is one that needs no name,
 * else the text itself. */
static void
evaluate(struct conf_lua *c, const struct conf_override *o, const char *path,
    struct value *out)
{
	struct conf_step step = { .key = o->key };
	lua_State *L = c->L;
	const char *text;
	size_t source;

	text = arena_printf(c->arena, "return (%s\n)", o->value);
	source = conf_lua_load(c, path, text, strlen(text), true);
	if (source > 0) {
		conf_lua_push_override_env(c);
		lua_setfenv(L, -2);
		c->current = source;
		c->undefined = false;
		if (lua_pcall(L, 0, 1, 0) != 0) {
			if (!c->undefined)
				lua_error(L);
			source = 0;
		} else if (lua_isfunction(L, -1)) {
			source = 0;
		}
		if (source == 0)
			lua_pop(L, 1);
	}
	if (source == 0)
		lua_pushstring(L, o->value);
	conf_tree_value(c, c->sources - 1, 1, &step, out);
}

/* A table with room for one more item. */
static void
grow(struct conf_lua *c, struct value *table)
{
	struct value_item *item = arena_alloc(c->arena,
	    (table->t.count + 1) * sizeof *item);

	if (table->t.count > 0)
		memcpy(item, table->t.item, table->t.count * sizeof *item);
	table->t.item = item;
}

static struct value *
insert(struct conf_lua *c, struct value *table, size_t at, const char *key)
{
	struct value_item *item;

	grow(c, table);
	item = table->t.item + at;
	memmove(item + 1, item, (table->t.count - at) * sizeof *item);
	memset(item, 0, sizeof *item);
	item->key = key;
	table->t.count++;
	return &item->v;
}

/* The item of that name or number, made if there is none; NULL for a number
 * beyond the next one. */
static struct value *
item(struct conf_lua *c, struct value *table, const char *key)
{
	size_t list = value_len(table), i;
	unsigned long n;
	char *end;

	n = strtoul(key, &end, 10);
	if (!*end && n > 0) {
		if (n <= list)
			return &table->t.item[n - 1].v;
		return n == list + 1 ? insert(c, table, list, NULL) : NULL;
	}
	for (i = list; i < table->t.count; i++)
		if (strcmp(table->t.item[i].key, key) == 0)
			return &table->t.item[i].v;
	return insert(c, table, i, key);
}

/* An override with nil takes the item out. */
static void
take_out(struct value *table, struct value *v)
{
	size_t i = 0;

	while (&table->t.item[i].v != v)
		i++;
	table->t.count--;
	memmove(table->t.item + i, table->t.item + i + 1,
	    (table->t.count - i) * sizeof *table->t.item);
}

void
conf_override_apply(struct conf_lua *c, const struct conf_override *o,
    struct value *tree)
{
	char *rest = arena_strdup(c->arena, o->key), *key, *done = rest;
	const char *path = arena_printf(c->arena, "-o %s", o->key);
	struct value *v = tree, *table = tree;

	while ((key = strsep(&rest, "."))) {
		if (!*key)
			conf_lua_fail(c, "-o %s: an empty key", o->key);
		if (v->type == VALUE_NIL) {
			v->type = VALUE_TABLE;
			v->file = path;
			v->t.item = NULL;
			v->t.count = 0;
		}
		if (v->type != VALUE_TABLE)
			conf_lua_fail(c, "-o %s: %.*s is a %s, not a table",
			    o->key, (int)(key - done - 1), o->key,
			    value_type_name(v->type));
		table = v;
		v = item(c, table, key);
		if (!v)
			conf_lua_fail(c, "-o %s: %s is beyond the end of the "
			    "list", o->key, key);
	}
	evaluate(c, o, path, v);
	if (v->type == VALUE_NIL)
		take_out(table, v);
}
