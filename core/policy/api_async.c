#include <string.h>

#include <lauxlib.h>

#include "mem.h"

#include "host.h"
#include "module.h"
#include "state.h"
#include "task.h"

#include "api_sys.h"

/*
 * The one piece under async: join(n, width, fn) runs fn(1) to fn(n), each in a
 * strand of its own, width at a time.  A true result of one ends the others;
 * so does an error, whose text is the result.
 */
enum { WIDTH_MAX = 64, DEPTH_MAX = 16, CHILDREN_MAX = 4096 };

struct join {
	struct policy *policy;
	struct strand *parent;
	int fn_ref, n, next, width, running;
	bool stop;
	char *error;
};

static void
fill(struct join *j);

static void
on_ended(struct strand *s, bool ok, const char *message)
{
	struct join *j = s->parent->op;

	j->running--;
	if (!ok) {
		j->error = mem_strdup(message ? message : "it failed");
		j->stop = true;
	} else if (lua_toboolean(s->co, 1))
		j->stop = true;
	if (j->stop) {
		task_kill_children(s->parent);
		task_over(j);
		return;
	}
	fill(j);
}

static void
fill(struct join *j)
{
	while (j->running < j->width && j->next <= j->n) {
		task_spawn(j->parent, j->fn_ref, j->next++, on_ended);
		j->running++;
	}
	if (j->running == 0)
		task_over(j);
}

static int
push_join(lua_State *L, void *op)
{
	struct join *j = op;

	if (!j->error)
		return 0;
	lua_pushstring(L, j->error);
	return 1;
}

static void
end_join(void *op)
{
	struct join *j = op;

	if (j->parent)
		task_kill_children(j->parent);
	if (j->policy)
		luaL_unref(j->policy->L, LUA_REGISTRYINDEX, j->fn_ref);
	mem_free(j->error);
}

static int
start_join(lua_State *L)
{
	static const struct wait_class class = { push_join, end_join };
	int n = luaL_checkint(L, 1), ref;
	struct policy *p = state_policy(L);
	struct join *j;

	luaL_checktype(L, 2, LUA_TFUNCTION);
	if (p->running && p->running->depth >= DEPTH_MAX)
		return luaL_error(L, "async: nested more than %d deep",
		    DEPTH_MAX);
	if (p->running && p->running->task->children >= CHILDREN_MAX)
		return luaL_error(L, "async: more than %d things at once",
		    CHILDREN_MAX);
	j = task_wait(L, &class, "async", sizeof *j);
	if (!j)
		return task_yield(L);
	lua_settop(L, 2);
	ref = luaL_ref(L, LUA_REGISTRYINDEX);
	j->policy = p;
	j->parent = p->running;
	j->fn_ref = ref;
	j->n = n;
	j->next = 1;
	j->width = WIDTH_MAX;
	fill(j);
	return task_yield(L);
}

void
api_async_open(lua_State *L)
{
	lua_newtable(L);
	lua_pushcfunction(L, start_join);
	lua_setfield(L, -2, "join");
	module_raw(L, "async");
}
