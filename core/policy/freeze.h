#ifndef FREEZE_H
#define FREEZE_H

#include <stdbool.h>

#include <lua.h>

/*
 * freeze: tables that can be read and no longer written.
 *
 * The named fields move to a table that nobody can reach, and the table looks
 * them up there; writing raises.  The items of a list stay where they are, for
 * # and ipairs: a new one is refused, one that is there can be overwritten.
 */
void freeze_open(lua_State *);
/* In place; a table with a metatable is left alone. */
void freeze_table(lua_State *, int idx, const char *name);
/* The same, down through tables in it. */
void freeze_deep(lua_State *, int idx, const char *name);
/* Push the named fields of a frozen table and return true; or push nothing. */
bool freeze_contents(lua_State *, int idx);
/* The table at t is frozen, its fields are in the one at contents. */
void freeze_mark(lua_State *, int t, int contents);

/* Functions of Lua that see through, or refuse; upvalue 1 is the original
 * (of pairs: next). */
int freeze_next(lua_State *);
int freeze_pairs(lua_State *);
int freeze_ipairs(lua_State *);
int freeze_change(lua_State *);
int freeze_move(lua_State *);	/* for table.move: it writes to its last table */

#endif
