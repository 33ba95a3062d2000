#include <lauxlib.h>

#include "mem.h"

#include "host.h"
#include "state.h"

#include "thread.h"

enum { THREADS_MAX = 256 };	/* kept for use again */

struct thread_pool {
	unsigned count;
	struct { lua_State *co; int ref; } item[THREADS_MAX];
};

void
thread_open(struct policy *p)
{
	p->threads = mem_alloc(sizeof *p->threads);
}

void
thread_close(struct policy *p)
{
	mem_free(p->threads);
	p->threads = NULL;
}

lua_State *
thread_get(lua_State *L, int *ref)
{
	struct thread_pool *t = state_policy(L)->threads;
	lua_State *co;

	if (t->count > 0) {
		t->count--;
		*ref = t->item[t->count].ref;
		return t->item[t->count].co;
	}
	co = lua_newthread(L);
	*ref = luaL_ref(L, LUA_REGISTRYINDEX);
	return co;
}

/* The registry keeps its list of free references in place: no memory. */
void
thread_put(struct policy *p, lua_State *co, int ref, bool clean)
{
	struct thread_pool *t = p->threads;

	if (!co)
		return;
	if (clean && t->count < THREADS_MAX) {
		lua_settop(co, 0);
		t->item[t->count].co = co;
		t->item[t->count++].ref = ref;
		return;
	}
	luaL_unref(p->L, LUA_REGISTRYINDEX, ref);
}
