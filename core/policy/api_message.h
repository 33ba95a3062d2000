#ifndef API_MESSAGE_H
#define API_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

struct message;
struct visit;

/*
 * api_message: what hooks see of a message.  The header with its edits is in
 * api_message.c, the stored content in api_content.c and api_path.c.
 */
struct message *api_message_check(lua_State *, int idx);
void api_content_open(lua_State *);		/* adds its methods */
int api_path_start(lua_State *);		/* message:path() */
void api_path_release(struct visit *);		/* its files go */

#endif
