#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

#include <lua.h>

/*
 * error: the err of `nil, err`: kind, text, temporary.
 *
 * It prints and concatenates as its text, and cannot be changed.
 */
enum error_kind {
	ERROR_TIMEOUT, ERROR_REFUSED, ERROR_NXDOMAIN, ERROR_TLS, ERROR_LIMIT,
	ERROR_PROTOCOL, ERROR_CLOSED, ERROR_CANCELLED,
};

void error_register(lua_State *);
void error_push(lua_State *, enum error_kind, bool temporary, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
/* nil and the error: `return error_return(...)`. */
int error_return(lua_State *, enum error_kind, bool temporary,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
const char *error_text(lua_State *, int idx);	/* NULL: not an error object */

#endif
