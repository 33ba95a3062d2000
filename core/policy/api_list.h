#ifndef API_LIST_H
#define API_LIST_H

#include <stddef.h>

#include <lua.h>

#include "list.h"

/* api_list: lunette.list: domains, cidrs, addresses and maps for hooks. */
void api_list_open(lua_State *);
const struct list *api_list_get(lua_State *, int idx);	/* or NULL */
/*
 * Push a list made from the table or text at idx.  name is where it stands in
 * the settings: under it a large one is stored compiled, and found again; NULL
 * for one that a hook makes itself.  0, or -1 with error and nothing pushed.
 */
int api_list_make(lua_State *, enum list_kind, int idx, const char *name,
    char *error, size_t size);

#endif
