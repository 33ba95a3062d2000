#ifndef STATE_H
#define STATE_H

#include <stddef.h>

#include <lua.h>

#include "buf.h"

struct policy;

/*
 * state: the Lua state with its memory, and the safe way into it.
 *
 * Every octet is counted.  Over the limit an allocation fails, but only while
 * hook code runs: the glue between may overdraw, so that a hook that ate all
 * memory is ended properly.
 */
int state_open(struct policy *);		/* 0; -1: no memory */
void state_close(struct policy *);
struct policy *state_policy(lua_State *);	/* any thread of it */
void state_push(lua_State *, int ref);	/* enum host_ref */
int state_index(lua_State *, int idx);	/* from the bottom, whatever it was */

/*
 * Run fn(L) with arg as a light userdata on its stack, protected.  Returns 0,
 * or a Lua status with the message in error ("" for none).  Nothing is left
 * on the stack.
 */
int state_call(struct policy *, lua_CFunction fn, void *arg, char *error,
    size_t size);
/* The same for code of a hook: with limit, and with a traceback in trace. */
int state_run(struct policy *, lua_CFunction fn, void *arg, struct buf *trace);

/* Show a name where the scoreboard has it; "" when nothing runs. */
void state_show(struct policy *, const char *name);
/* The message of an error value at idx, without calling metamethods. */
const char *state_message(lua_State *, int idx);
/* "message\nstack traceback: ..." of a thread that failed or waits. */
void state_traceback(struct policy *, lua_State *co, const char *message,
    struct buf *out);
/* Full collection, if a hook ran out of memory, even if it caught the error:
 * the next one finds room.  What is held beyond four fifths of the limit after
 * it will not come back. */
void state_relieve(struct policy *);

#endif
