#include <stdint.h>
#include <string.h>

#include <lauxlib.h>

#include "module.h"

#include "api_sys.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648 4, in one line. */
static int
on_encode(lua_State *L)
{
	size_t len, i;
	const char *text = luaL_checklstring(L, 1, &len);
	const unsigned char *p = (const unsigned char *)text;
	uint32_t n;
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	for (i = 0; i < len; i += 3) {
		n = (uint32_t)p[i] << 16;
		if (i + 1 < len)
			n |= (uint32_t)p[i + 1] << 8;
		if (i + 2 < len)
			n |= p[i + 2];
		luaL_addchar(&b, alphabet[n >> 18]);
		luaL_addchar(&b, alphabet[n >> 12 & 63]);
		luaL_addchar(&b, i + 1 < len ? alphabet[n >> 6 & 63] : '=');
		luaL_addchar(&b, i + 2 < len ? alphabet[n & 63] : '=');
	}
	luaL_pushresult(&b);
	return 1;
}

static int
nonsense(lua_State *L)
{
	return luaL_error(L, "base64: this is no base64");
}

/* Line ends and blanks are passed over; anything else raises. */
static int
on_decode(lua_State *L)
{
	size_t len, i, have = 0, pad = 0;
	const char *p = luaL_checklstring(L, 1, &len), *at;
	uint32_t n = 0;
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	for (i = 0; i < len; i++) {
		if (strchr(" \t\r\n", p[i]) && p[i])
			continue;
		at = p[i] ? strchr(alphabet, p[i]) : NULL;
		if (p[i] == '=')
			pad++;
		else if (!at || pad)
			return nonsense(L);
		n = n << 6 | (at ? (uint32_t)(at - alphabet) : 0);
		if (++have < 4)
			continue;
		if (pad > 2)
			return nonsense(L);
		luaL_addchar(&b, (char)(n >> 16));
		if (pad < 2)
			luaL_addchar(&b, (char)(n >> 8 & 255));
		if (pad < 1)
			luaL_addchar(&b, (char)(n & 255));
		have = 0;
		n = 0;
	}
	if (have)
		return nonsense(L);
	luaL_pushresult(&b);
	return 1;
}

void
api_text_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "encode", on_encode }, { "decode", on_decode },
		{ NULL, NULL }
	};

	lua_newtable(L);
	luaL_setfuncs(L, functions, 0);
	module_raw(L, "base64");
}
