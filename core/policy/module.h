#ifndef MODULE_H
#define MODULE_H

#include <lua.h>

/*
 * module: require, over the files of the generation.
 *
 * A module is run once for each state.  One of lunette.* is given a table of
 * C functions as its second argument, and its result is frozen at once; other
 * modules are frozen after start.
 */
int module_require(lua_State *);
/* Give C functions to lunette.NAME; the table is on the stack and is popped. */
void module_raw(lua_State *, const char *name);
void module_freeze(lua_State *);

#endif
