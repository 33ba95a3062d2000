#include <lauxlib.h>

#include "addr.h"
#include "mem.h"
#include "proxy.h"
#include "session.h"
#include "tls.h"

#include "object.h"
#include "visit.h"

#include "api_session.h"

/* Who the client is, beyond its address: session.tls, auth and proxy. */
static struct session *
session(void *self)
{
	return ((struct visit *)self)->session;
}

/* A part that the session may not have (any more): nil then. */
static int
push_part(lua_State *L, void *visit, bool there, enum object_kind kind, int key)
{
	if (there)
		visit_push(L, visit, kind, key);
	else
		lua_pushnil(L);
	return 1;
}

int
api_peer_tls(lua_State *L, void *visit)
{
	return push_part(L, visit, session(visit)->tls, OBJECT_TLS, VISIT_TLS);
}

int
api_peer_auth(lua_State *L, void *visit)
{
	return push_part(L, visit, session(visit)->auth_user, OBJECT_AUTH,
	    VISIT_AUTH);
}

int
api_peer_proxy(lua_State *L, void *visit)
{
	return push_part(L, visit, addr_family(&session(visit)->proxy) != 0,
	    OBJECT_PROXY, VISIT_PROXY);
}

/* What was agreed in the handshake: ours, or, in the handle, the proxy's. */
static void *
self_tls(lua_State *L, struct object *o)
{
	struct visit *v = visit_self(L, o);
	struct handle *h = (struct handle *)o;

	if (h->p)
		return h->p;
	if (!v->session->tls)
		luaL_error(L, "this session has no TLS any more");
	return (void *)(uintptr_t)v->session->tls;
}

static const struct tls_info *
tls(void *self)
{
	return self;
}

static int
get_tls_version(lua_State *L, void *self)
{
	return object_push_text(L, tls(self)->version);
}

static int
get_tls_cipher(lua_State *L, void *self)
{
	return object_push_text(L, tls(self)->cipher);
}

static int
get_tls_bits(lua_State *L, void *self)
{
	lua_pushinteger(L, tls(self)->bits);
	return 1;
}

static int
get_tls_sni(lua_State *L, void *self)
{
	return object_push_text(L, tls(self)->sni);
}

static int
get_tls_verified(lua_State *L, void *self)
{
	lua_pushboolean(L, tls(self)->verified);
	return 1;
}

static int
get_tls_subject(lua_State *L, void *self)
{
	return object_push_text(L, tls(self)->subject);
}

static int
get_tls_fingerprint(lua_State *L, void *self)
{
	return object_push_text(L, tls(self)->fingerprint);
}

static const struct object_field tls_fields[] = {
	{ "version", get_tls_version, NULL },
	{ "cipher", get_tls_cipher, NULL }, { "bits", get_tls_bits, NULL },
	{ "sni", get_tls_sni, NULL }, { "verified", get_tls_verified, NULL },
	{ "subject", get_tls_subject, NULL },
	{ "fingerprint", get_tls_fingerprint, NULL },
	{ NULL, NULL, NULL }
};

/* Who has logged in. */
static int
get_auth_user(lua_State *L, void *self)
{
	return object_push_text(L, session(self)->auth_user);
}

static int
get_auth_mechanism(lua_State *L, void *self)
{
	return object_push_text(L, session(self)->auth_mechanism);
}

static const struct object_field auth_fields[] = {
	{ "user", get_auth_user, NULL },
	{ "mechanism", get_auth_mechanism, NULL },
	{ NULL, NULL, NULL }
};

/* The proxy that brought the connection. */
static int
get_proxy_ip(lua_State *L, void *self)
{
	char text[ADDR_TEXT_MAX];

	lua_pushstring(L, addr_ip(&session(self)->proxy, text));
	return 1;
}

static int
get_proxy_port(lua_State *L, void *self)
{
	lua_pushinteger(L, addr_port(&session(self)->proxy));
	return 1;
}

static const char *
text(const char *s)
{
	return *s ? s : NULL;
}

/* What the header of the proxy says of its client's TLS. */
static int
get_proxy_tls(lua_State *L, void *self)
{
	struct session *s = session(self);
	const struct proxy_header *p = s->proxy_header;
	struct handle *h;
	struct tls_info *info;

	if (!p || !p->tls) {
		lua_pushnil(L);
		return 1;
	}
	visit_push(L, self, OBJECT_TLS, VISIT_PROXY_TLS);
	h = lua_touserdata(L, -1);
	if (h->p)
		return 1;
	info = arena_alloc(s->arena, sizeof *info);
	info->version = text(p->tls_version);
	info->cipher = text(p->tls_cipher);
	info->sni = text(p->sni);
	info->subject = text(p->tls_subject);
	info->verified = p->tls_verified;
	h->p = info;
	return 1;
}

static const struct object_field proxy_fields[] = {
	{ "ip", get_proxy_ip, NULL }, { "port", get_proxy_port, NULL },
	{ "tls", get_proxy_tls, NULL },
	{ NULL, NULL, NULL }
};

static const struct object_class classes[] = {
	{ OBJECT_TLS, "tls", tls_fields, NULL, NULL, self_tls },
	{ OBJECT_AUTH, "auth", auth_fields, NULL, NULL, visit_self },
	{ OBJECT_PROXY, "proxy", proxy_fields, NULL, NULL, visit_self },
};

void
api_peer_open(lua_State *L)
{
	size_t i;

	for (i = 0; i < sizeof classes / sizeof classes[0]; i++)
		object_register(L, &classes[i]);
}
