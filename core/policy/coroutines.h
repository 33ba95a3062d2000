#ifndef COROUTINES_H
#define COROUTINES_H

#include <lua.h>

/*
 * coroutines: the library `coroutine` through which waits pass.
 *
 * A yield goes to the nearest resumer.  When that is a coroutine of the hook's
 * own and the yield is a wait of ours, our resume hands it on upward, so that
 * a generator may ask the DNS and its consumer sees only what it yields.
 */
void coroutines_open(lua_State *);	/* leaves the table on the stack */

#endif
