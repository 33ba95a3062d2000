#ifndef SANDBOX_H
#define SANDBOX_H

#include <lua.h>

/*
 * sandbox: what hook code can reach, and what it cannot change.
 *
 * Globals are looked up in one table and can never be written; an undefined
 * one raises.  There is no io, debug, ffi, package, bytecode; os has clocks
 * only.  Libraries are frozen (freeze.h).
 */
void sandbox_open(lua_State *);		/* libraries, globals, own functions */
/* Compile text with the environment of hooks; pushes a function or, and
 * returns non-zero, a message. */
int sandbox_load(lua_State *, const char *p, size_t len, const char *path);

#endif
