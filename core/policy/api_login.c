#include <string.h>

#include <lauxlib.h>

#include "mem.h"
#include "sasl.h"
#include "session.h"

#include "host.h"
#include "object.h"
#include "state.h"
#include "visit.h"

#include "api_session.h"

/*
 * login: what the stage auth is asked about.  It is good for that question
 * alone; the password is in the session and copied when a hook reads it.
 */
static struct session_login *
login(void *self)
{
	return ((struct visit *)self)->session->question.u.login;
}

static int
get_mechanism(lua_State *L, void *self)
{
	return object_push_text(L, login(self)->mechanism);
}

static int
get_user(lua_State *L, void *self)
{
	return object_push_text(L, login(self)->user);
}

static void
set_user(lua_State *L, void *self, int idx)
{
	struct session *s = ((struct visit *)self)->session;
	const char *text;
	size_t len;

	if (lua_type(L, idx) != LUA_TSTRING)
		luaL_error(L, "login.user: a text expected, got %s",
		    object_describe(L, idx));
	text = lua_tolstring(L, idx, &len);
	if (len == 0 || len > SASL_TEXT_MAX || strlen(text) != len)
		luaL_error(L, "login.user: a text of 1 to %d octets expected",
		    SASL_TEXT_MAX);
	login(self)->user = arena_strndup(s->arena, text, len);
}

/* From now on what Lua frees is wiped. */
static int
get_password(lua_State *L, void *self)
{
	state_policy(L)->secret = true;
	return object_push_text(L, login(self)->password);
}

static int
get_authzid(lua_State *L, void *self)
{
	return object_push_text(L, login(self)->authzid);
}

static const struct object_field fields[] = {
	{ "mechanism", get_mechanism, NULL }, { "user", get_user, set_user },
	{ "password", get_password, NULL }, { "authzid", get_authzid, NULL },
	{ NULL, NULL, NULL }
};

static const struct object_class class = {
	OBJECT_LOGIN, "login", fields, NULL, NULL, visit_self_asked
};

void
api_login_open(lua_State *L)
{
	object_register(L, &class);
}

bool
api_login_leaks(const struct visit *v, const char *p, size_t len)
{
	const struct session_login *l;

	if (!v || !v->run.open || v->run.stage != STAGE_AUTH)
		return false;
	l = v->session->question.u.login;
	return l->password && *l->password &&
	    memmem(p, len, l->password, strlen(l->password));
}
