#ifndef THREAD_H
#define THREAD_H

#include <stdbool.h>

#include <lua.h>

struct policy;

/*
 * thread: coroutines, which are used again.
 *
 * One that ended cleanly goes back to the pool; any other is left to the
 * collector.  Each is held by the registry as long as it is in use or here.
 */
void thread_open(struct policy *);
void thread_close(struct policy *);
lua_State *thread_get(lua_State *, int *ref);	/* may raise */
/* NULL is fine.  Takes no memory. */
void thread_put(struct policy *, lua_State *, int ref, bool clean);

#endif
