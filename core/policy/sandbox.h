#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>

#include <lua.h>

/*
 * sandbox: what hook code can reach, and what it cannot change.
 *
 * Globals are looked up in one table and can never be written; an undefined
 * one raises.  There is no io, debug, ffi, package, bytecode; os has clocks
 * only.  A frozen table has its named fields moved out of reach, so that
 * reading goes on as before and writing raises; items of a list stay where
 * they are, for # and ipairs.
 */
void sandbox_open(lua_State *);		/* libraries, globals, own functions */
/* Freeze the table at idx in place; one with a metatable is left alone. */
void sandbox_freeze(lua_State *, int idx, const char *name);
/* The same, down through tables in it. */
void sandbox_freeze_deep(lua_State *, int idx, const char *name);
/* Push the named fields of a frozen table and return true; or push nothing. */
bool sandbox_contents(lua_State *, int idx);
/* Compile text with the environment of hooks; pushes a function or, and
 * returns non-zero, a message. */
int sandbox_load(lua_State *, const char *p, size_t len, const char *path);

#endif
