#ifndef API_SHARED_H
#define API_SHARED_H

#include <stddef.h>

#include <lua.h>

struct policy;

/* api_shared: lunette.shared.NAME over the shared dictionaries. */
void api_shared_open(lua_State *);
/* A hook, or the configuration, wants one; the configuration wins. */
void api_shared_declare(struct policy *, const char *name, size_t size);
/* When all is declared: find or make them, for use. */
int api_shared_attach(struct policy *, char *error, size_t size);

#endif
