#ifndef API_VERDICT_H
#define API_VERDICT_H

#include <lua.h>

#include "stage.h"
#include "verdict.h"

/*
 * api_verdict: lunette.verdict, what hooks return.
 *
 * `code` is a number that can be read and, as v:code(n), called: numbers have
 * a metatable whose __call does only that.
 */
void api_verdict_open(lua_State *);
/* The verdict at idx, its texts valid while it is on a stack; or NULL. */
const struct verdict *api_verdict_get(lua_State *, int idx);
/* What to say of a verdict that the stage cannot give, or NULL if it can. */
const char *api_verdict_misfit(const struct verdict *, enum stage);

#endif
