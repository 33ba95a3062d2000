#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "api_list.h"
#include "chain.h"
#include "freeze.h"
#include "host.h"
#include "instance.h"
#include "object.h"
#include "state.h"

#include "policy.h"

enum { DEPTH_MAX = 8, ENTRIES_MAX = 20, TEXT_MAX = 500 };

/* policy_explain: what is asked when, and with which settings. */
struct explain {
	FILE *to;
	const struct policy *policy;
};

static void
chain_text(FILE *to, const struct chain *c)
{
	struct instance **in;
	int stage;

	fprintf(to, "listener %s\n", c->listener ? c->listener : "(any)");
	for (stage = 0; stage < STAGE_COUNT; stage++) {
		if (!*c->at[stage])
			continue;
		fprintf(to, "  %-15s", stage_name((enum stage)stage));
		for (in = c->at[stage]; *in; in++)
			fprintf(to, " %s", (*in)->name);
		fprintf(to, "\n");
	}
}

/* The first entries, and how many there are. */
static void
list_text(FILE *to, const struct list *l)
{
	struct list_hit hit;
	size_t i;

	fprintf(to, "{ ");
	for (i = 0; i < ENTRIES_MAX && list_entry(l, i, &hit); i++)
		fprintf(to, "%s\"%.*s\"", i ? ", " : "", (int)hit.entry_len,
		    hit.entry);
	if (i < l->count)
		fprintf(to, ", and %zu more", (size_t)l->count - i);
	fprintf(to, " }");
}

static void value_text(lua_State *, FILE *, int idx, int depth);

static void
table_text(lua_State *L, FILE *to, int idx, int depth)
{
	int i, n = (int)lua_objlen(L, idx);
	const char *gap = "";

	fprintf(to, "{ ");
	for (i = 1; i <= n; i++, gap = ", ") {
		lua_rawgeti(L, idx, i);
		fprintf(to, "%s", gap);
		value_text(L, to, lua_gettop(L), depth + 1);
		lua_pop(L, 1);
	}
	if (!freeze_contents(L, idx))
		lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1), gap = ", ") {
		if (lua_type(L, -2) != LUA_TSTRING)
			continue;
		fprintf(to, "%s%s = ", gap, lua_tostring(L, -2));
		value_text(L, to, lua_gettop(L), depth + 1);
	}
	lua_pop(L, 1);
	fprintf(to, " }");
}

/* What is long is a file's text; of the hash of a password the kind is enough:
 * this is shown to people who look over a shoulder. */
static void
string_text(lua_State *L, FILE *to, int idx)
{
	size_t len, kind;
	const char *s = lua_tolstring(L, idx, &len);

	kind = *s == '$' ? strcspn(s + 1, "$") + 2 : 0;
	if (kind && kind < len)
		fprintf(to, "\"%.*s...\"", (int)kind, s);
	else if (len > TEXT_MAX || memchr(s, '\n', len))
		fprintf(to, "(a text of %zu octets)", len);
	else
		fprintf(to, "\"%s\"", s);
}

static void
value_text(lua_State *L, FILE *to, int idx, int depth)
{
	luaL_checkstack(L, 8, "explain");
	switch (lua_type(L, idx)) {
	case LUA_TTABLE:
		if (depth < DEPTH_MAX)
			table_text(L, to, idx, depth);
		return;
	case LUA_TSTRING:
		string_text(L, to, idx);
		return;
	case LUA_TNUMBER:
		fprintf(to, "%.14g", lua_tonumber(L, idx));
		return;
	case LUA_TUSERDATA:
		if (api_list_get(L, idx))
			list_text(to, api_list_get(L, idx));
		return;
	}
	fprintf(to, "%s", object_describe(L, idx));
}

static void
instance_text(lua_State *L, FILE *to, const struct instance *in)
{
	fprintf(to, "hook %s (%s)\n", in->name, in->path);
	fprintf(to, "  on_error = \"%s\"\n",
	    instance_on_error_name(in->on_error));
	if (in->timeout > 0)
		fprintf(to, "  timeout = %g\n", in->timeout);
	if (in->later)
		fprintf(to, "  later = true\n");
	lua_settop(L, 0);
	lua_rawgeti(L, LUA_REGISTRYINDEX, in->settings);
	if (!freeze_contents(L, 1))
		return;
	for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
		fprintf(to, "  %s = ", lua_tostring(L, -2));
		value_text(L, to, lua_gettop(L), 0);
		fprintf(to, "\n");
	}
}

static int
explain(lua_State *L)
{
	struct explain *e = lua_touserdata(L, 1);
	size_t i;

	for (i = 0; i < e->policy->chains; i++)
		chain_text(e->to, &e->policy->chain[i]);
	for (i = 0; i < e->policy->instances; i++)
		instance_text(L, e->to, e->policy->instance[i]);
	return 0;
}

void
policy_explain(const struct policy *p, FILE *to)
{
	struct explain e = { .to = to, .policy = p };

	state_call((struct policy *)(uintptr_t)p, explain, &e, NULL, 0);
}
