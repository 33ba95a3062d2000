#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <lauxlib.h>

#include "addr.h"
#include "path.h"

#include "module.h"

#include "api_sys.h"

/* An IP address as text; anything else is refused. */
static bool
parse_ip(const char *text, struct addr *out)
{
	struct cidr net;

	/* addr_parse takes ports and socket paths as well; cidr_parse not. */
	return !strchr(text, '/') && cidr_parse(text, &net) == 0 &&
	    addr_parse(text, 0, out) == 0 && addr_family(out) != AF_UNIX;
}

static struct addr
check_ip(lua_State *L, int idx)
{
	const char *text = luaL_checkstring(L, idx);
	struct addr a;

	if (!parse_ip(text, &a))
		luaL_error(L, "ip: \"%s\" is no IP address", text);
	return a;
}

/* ip.parse(t): the address in its usual form, or false. */
static int
on_parse(lua_State *L)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	if (parse_ip(luaL_checkstring(L, 1), &a))
		lua_pushstring(L, addr_ip(&a, text));
	else
		lua_pushboolean(L, 0);
	return 1;
}

/* ip.inside(ip, cidr) */
static int
on_inside(lua_State *L)
{
	struct addr a = check_ip(L, 1);
	const char *text = luaL_checkstring(L, 2);
	struct cidr net;

	if (cidr_parse(text, &net))
		return luaL_error(L, "ip: \"%s\" is no network", text);
	lua_pushboolean(L, cidr_has(&net, &a));
	return 1;
}

/* ip.net(ip, bits): "192.0.2.0/24" */
static int
on_net(lua_State *L)
{
	struct addr a = check_ip(L, 1);
	int bits = luaL_checkint(L, 2);
	int max = addr_family(&a) == AF_INET ? 32 : 128;
	char text[ADDR_TEXT_MAX];
	struct cidr net;

	if (bits < 0 || bits > max ||
	    cidr_of(&a, (unsigned)bits, (unsigned)bits, &net))
		return luaL_error(L, "ip: 0 to %d bits expected", max);
	lua_pushstring(L, cidr_text(&net, text));
	return 1;
}

/* "2.0.0.127", or 32 nibbles: what DNS lists and PTR names begin with. */
static void
push_reversed(lua_State *L, const struct addr *a)
{
	struct cidr net;
	char text[80];
	size_t n = 0;
	int i;

	cidr_of(a, 32, 128, &net);
	if (net.family == AF_INET) {
		snprintf(text, sizeof text, "%u.%u.%u.%u", net.ip[3],
		    net.ip[2], net.ip[1], net.ip[0]);
	} else {
		for (i = 15; i >= 0; i--)
			n += (size_t)snprintf(text + n, sizeof text - n,
			    "%x.%x%s", net.ip[i] & 15, net.ip[i] >> 4,
			    i ? "." : "");
	}
	lua_pushstring(L, text);
}

static int
on_reversed(lua_State *L)
{
	struct addr a = check_ip(L, 1);

	push_reversed(L, &a);
	return 1;
}

/* ip.literal(t): the address in "[192.0.2.1]" or "[IPv6:...]", or false. */
static int
on_literal(lua_State *L)
{
	size_t len;
	const char *p = luaL_checklstring(L, 1, &len);
	char text[ADDR_TEXT_MAX];
	struct addr a;
	size_t skip;

	if (!path_is_literal(p, len) || len - 2 >= sizeof text) {
		lua_pushboolean(L, 0);
		return 1;
	}
	skip = strncasecmp(p, "[ipv6:", 6) == 0 ? 6 : 1;
	snprintf(text, sizeof text, "%.*s", (int)(len - skip - 1), p + skip);
	if (parse_ip(text, &a))
		lua_pushstring(L, addr_ip(&a, text));
	else
		lua_pushboolean(L, 0);
	return 1;
}

/* ip.private(ip): not of the public network (RFC 6890). */
static int
on_private(lua_State *L)
{
	static const char *const nets[] = {
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
		"169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
		"::/128", "::1/128", "fc00::/7", "fe80::/10", NULL
	};
	struct addr a = check_ip(L, 1);
	struct cidr net;
	int i;

	for (i = 0; nets[i]; i++) {
		if (cidr_parse(nets[i], &net) == 0 && cidr_has(&net, &a))
			break;
	}
	lua_pushboolean(L, nets[i] != NULL);
	return 1;
}

/* address.parse(t): { address, user, domain }, or false. */
static int
on_address(lua_State *L)
{
	char user[PATH_LOCAL_MAX + 1];
	struct path path;
	size_t len;
	const char *p = luaL_checklstring(L, 1, &len);

	memset(&path, 0, sizeof path);
	if (path_parse_address(p, len, true, &path) != PATH_OK) {
		lua_pushboolean(L, 0);
		return 1;
	}
	lua_createtable(L, 0, 3);
	lua_pushstring(L, path.text);
	lua_setfield(L, -2, "address");
	lua_pushlstring(L, user, path_user(&path, user));
	lua_setfield(L, -2, "user");
	lua_pushstring(L, path_domain(&path));
	lua_setfield(L, -2, "domain");
	return 1;
}

void
api_address_open(lua_State *L)
{
	static const luaL_Reg ip[] = {
		{ "parse", on_parse }, { "inside", on_inside },
		{ "net", on_net }, { "reversed", on_reversed },
		{ "literal", on_literal }, { "private", on_private },
		{ NULL, NULL }
	};

	lua_newtable(L);
	luaL_setfuncs(L, ip, 0);
	module_raw(L, "ip");
	lua_newtable(L);
	lua_pushcfunction(L, on_address);
	lua_setfield(L, -2, "parse");
	module_raw(L, "address");
}
