#include <math.h>

#include <lauxlib.h>

#include "addr.h"
#include "mem.h"
#include "path.h"
#include "session.h"

#include "object.h"
#include "visit.h"

#include "api_session.h"

static struct session *
session(void *self)
{
	return ((struct visit *)self)->session;
}

/* The client. */
static int
get_client_ip(lua_State *L, void *self)
{
	char text[ADDR_TEXT_MAX];

	lua_pushstring(L, addr_ip(&session(self)->client, text));
	return 1;
}

static int
get_client_port(lua_State *L, void *self)
{
	lua_pushinteger(L, addr_port(&session(self)->client));
	return 1;
}

static int
get_client_net(lua_State *L, void *self)
{
	char text[ADDR_TEXT_MAX];
	struct cidr net;

	if (cidr_of(&session(self)->client, 24, 64, &net))
		return get_client_ip(L, self);
	lua_pushstring(L, cidr_text(&net, text));
	return 1;
}

static int
get_client_name(lua_State *L, void *self)
{
	return object_push_text(L, session(self)->client_name);
}

static void
set_client_name(lua_State *L, void *self, int idx)
{
	struct session *s = session(self);
	const char *name;
	size_t len;

	if (lua_isnil(L, idx)) {
		s->client_name = NULL;
		return;
	}
	if (lua_type(L, idx) != LUA_TSTRING)
		luaL_error(L, "client.name: a domain expected, got %s",
		    object_describe(L, idx));
	name = lua_tolstring(L, idx, &len);
	if (!path_is_domain(name, len))
		luaL_error(L, "client.name: \"%s\" is no domain", name);
	s->client_name = arena_strndup(s->arena, name, len);
}

static const struct object_field client_fields[] = {
	{ "ip", get_client_ip, NULL }, { "port", get_client_port, NULL },
	{ "net", get_client_net, NULL },
	{ "name", get_client_name, set_client_name },
	{ NULL, NULL, NULL }
};

/* Our side of the connection. */
static int
get_server_ip(lua_State *L, void *self)
{
	char text[ADDR_TEXT_MAX];

	lua_pushstring(L, addr_ip(&session(self)->server, text));
	return 1;
}

static int
get_server_port(lua_State *L, void *self)
{
	lua_pushinteger(L, addr_port(&session(self)->server));
	return 1;
}

static int
get_server_name(lua_State *L, void *self)
{
	return object_push_text(L, session(self)->conf->hostname);
}

static int
get_server_listener(lua_State *L, void *self)
{
	return object_push_text(L, session(self)->conf->listener);
}

static const struct object_field server_fields[] = {
	{ "ip", get_server_ip, NULL }, { "port", get_server_port, NULL },
	{ "name", get_server_name, NULL },
	{ "listener", get_server_listener, NULL },
	{ NULL, NULL, NULL }
};

/* What it has done so far. */
static int
get_count_messages(lua_State *L, void *self)
{
	lua_pushnumber(L, session(self)->messages);
	return 1;
}

static int
get_count_recipients(lua_State *L, void *self)
{
	lua_pushnumber(L, session(self)->recipients);
	return 1;
}

static int
get_count_errors(lua_State *L, void *self)
{
	lua_pushnumber(L, session(self)->errors);
	return 1;
}

static int
get_count_unknown(lua_State *L, void *self)
{
	lua_pushnumber(L, session(self)->unknown);
	return 1;
}

static int
get_count_connections(lua_State *L, void *self)
{
	struct session *s = session(self);

	lua_pushnumber(L, s->env->connections ? s->env->connections(s) : 1);
	return 1;
}

static const struct object_field counts_fields[] = {
	{ "messages", get_count_messages, NULL },
	{ "recipients", get_count_recipients, NULL },
	{ "errors", get_count_errors, NULL },
	{ "unknown", get_count_unknown, NULL },
	{ "connections", get_count_connections, NULL },
	{ NULL, NULL, NULL }
};

/* What it may do; hooks may change some, for this session. */
static double
check_limit(lua_State *L, int idx, double max)
{
	double n = lua_type(L, idx) == LUA_TNUMBER ? lua_tonumber(L, idx) : -1;

	if (!(n >= 0) || n > max || n != floor(n))
		luaL_error(L, "limits: a whole number from 0 to %g expected",
		    max);
	return n;
}

static int
get_limit_size(lua_State *L, void *self)
{
	lua_pushnumber(L, (double)session(self)->limits.message_size);
	return 1;
}

static void
set_limit_size(lua_State *L, void *self, int idx)
{
	session(self)->limits.message_size =
	    (uint64_t)check_limit(L, idx, 1e15);
}

static int
get_limit_recipients(lua_State *L, void *self)
{
	lua_pushnumber(L, session(self)->limits.recipients);
	return 1;
}

static void
set_limit_recipients(lua_State *L, void *self, int idx)
{
	session(self)->limits.recipients = (unsigned)check_limit(L, idx, 1e9);
}

static int
get_limit_errors(lua_State *L, void *self)
{
	lua_pushnumber(L, session(self)->limits.errors);
	return 1;
}

static void
set_limit_errors(lua_State *L, void *self, int idx)
{
	session(self)->limits.errors = (unsigned)check_limit(L, idx, 1e9);
}

static const struct object_field limits_fields[] = {
	{ "message_size", get_limit_size, set_limit_size },
	{ "recipients", get_limit_recipients, set_limit_recipients },
	{ "errors", get_limit_errors, set_limit_errors },
	{ NULL, NULL, NULL }
};

static const struct object_class classes[] = {
	{ OBJECT_CLIENT, "client", client_fields, NULL, NULL, visit_self },
	{ OBJECT_SERVER, "server", server_fields, NULL, NULL, visit_self },
	{ OBJECT_COUNTS, "counts", counts_fields, NULL, NULL, visit_self },
	{ OBJECT_LIMITS, "limits", limits_fields, NULL, NULL, visit_self },
};

void
api_client_open(lua_State *L)
{
	size_t i;

	for (i = 0; i < sizeof classes / sizeof classes[0]; i++)
		object_register(L, &classes[i]);
}
