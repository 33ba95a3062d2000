#ifndef API_SYS_H
#define API_SYS_H

#include <lua.h>

struct policy;

/* The library without a session: raw functions of lunette.* by file. */
void api_log_open(lua_State *);		/* log, print */
void api_clock_open(lua_State *);
void api_clock_close(struct policy *);	/* ends periodic work */
void api_clock_begin(struct policy *);	/* start is through: periodic work runs */
void api_hash_open(lua_State *);
void api_text_open(lua_State *);	/* base64 */
void api_address_open(lua_State *);	/* ip, address */
void api_net_open(lua_State *);		/* dns */
void api_async_open(lua_State *);

#endif
