#include <math.h>
#include <string.h>

#include <lauxlib.h>

#include "session.h"

#include "api_message.h"
#include "host.h"
#include "object.h"
#include "task.h"
#include "visit.h"

#include "api_session.h"

static struct session *
session(void *self)
{
	return ((struct visit *)self)->session;
}

/* The session itself. */
static int
get_id(lua_State *L, void *self)
{
	lua_pushstring(L, session(self)->id);
	return 1;
}

static int
get_esmtp(lua_State *L, void *self)
{
	lua_pushboolean(L, session(self)->esmtp);
	return 1;
}

static int
get_helo(lua_State *L, void *self)
{
	return object_push_text(L, session(self)->helo);
}

static int
get_trusted(lua_State *L, void *self)
{
	lua_pushboolean(L, session(self)->trusted);
	return 1;
}

static int
get_note(lua_State *L, void *self)
{
	visit_push_values(L, self);
	lua_rawgeti(L, -1, VISIT_NOTE);
	if (!lua_isnil(L, -1))
		return 1;
	api_note_push(L);
	lua_pushvalue(L, -1);
	lua_rawseti(L, -4, VISIT_NOTE);
	return 1;
}

static int
get_closed(lua_State *L, void *self)
{
	static const char *const names[] = {
		[SESSION_QUIT] = "quit", [SESSION_LOST] = "lost",
		[SESSION_TIMEOUT] = "timeout", [SESSION_ERRORS] = "errors",
		[SESSION_REFUSED] = "policy", [SESSION_DROPPED] = "policy",
		[SESSION_DRAIN] = "shutdown", [SESSION_FAULT] = "errors",
		[SESSION_KILLED] = "shutdown", [SESSION_TLS] = "tls",
	};
	size_t reason = session(self)->reason;

	return object_push_text(L, reason < sizeof names / sizeof names[0] ?
	    names[reason] : "lost");
}

static int
get_client(lua_State *L, void *self)
{
	visit_push(L, self, OBJECT_CLIENT, VISIT_CLIENT);
	return 1;
}

static int
get_server(lua_State *L, void *self)
{
	visit_push(L, self, OBJECT_SERVER, VISIT_SERVER);
	return 1;
}

static int
get_counts(lua_State *L, void *self)
{
	visit_push(L, self, OBJECT_COUNTS, VISIT_COUNTS);
	return 1;
}

static int
get_limits(lua_State *L, void *self)
{
	visit_push(L, self, OBJECT_LIMITS, VISIT_LIMITS);
	return 1;
}

static int
get_stress(lua_State *L, void *self)
{
	lua_pushboolean(L, session(self)->env->stress);
	return 1;
}

/* True as soon as the client speaks before its turn. */
struct early {
	struct session *session;
	bool open, early;
};

static void
on_early(void *arg, bool early)
{
	struct early *e = arg;

	e->open = false;
	e->early = early;
	task_over(e);
}

static int
push_early(lua_State *L, void *op)
{
	lua_pushboolean(L, ((struct early *)op)->early);
	return 1;
}

static void
end_early(void *op)
{
	struct early *e = op;

	if (e->open)
		session_early_cancel(e->session);
}

static int
start_early(lua_State *L)
{
	static const struct wait_class class = { push_early, end_early };
	struct visit *v = visit_check(L, 1, OBJECT_SESSION);
	double seconds = luaL_checknumber(L, 2);
	const char *teaser = luaL_optstring(L, 3, NULL);
	struct early *e;

	if (!isfinite(seconds) || seconds < 0)
		return luaL_error(L, "early: a number of seconds expected");
	e = task_wait(L, &class, "session:early", sizeof *e);
	if (e && teaser)
		session_tease(v->session, teaser);
	if (e) {
		e->session = v->session;
		e->open = true;
		session_early_start(v->session, seconds, on_early, e);
	}
	return task_yield(L);
}

static const struct object_field session_fields[] = {
	{ "id", get_id, NULL }, { "esmtp", get_esmtp, NULL },
	{ "helo", get_helo, NULL }, { "trusted", get_trusted, NULL },
	{ "note", get_note, NULL }, { "closed", get_closed, NULL },
	{ "client", get_client, NULL }, { "server", get_server, NULL },
	{ "tls", api_peer_tls, NULL }, { "auth", api_peer_auth, NULL },
	{ "proxy", api_peer_proxy, NULL }, { "stress", get_stress, NULL },
	{ "txn", api_envelope_txn, NULL },
	{ "sender", api_envelope_sender, NULL },
	{ "recipients", api_envelope_recipients, NULL },
	{ "message", api_message_of, NULL },
	{ "counts", get_counts, NULL }, { "limits", get_limits, NULL },
	{ NULL, NULL, NULL }
};

int
api_session_push_args(lua_State *L, struct visit *v, enum stage stage)
{
	const struct session_question *q = &v->session->question;

	visit_push(L, v, OBJECT_SESSION, VISIT_SESSION);
	switch (stage) {
	case STAGE_HELO:
		object_push_text(L, q->u.helo);
		return 2;
	case STAGE_AUTH:
		visit_push_asked(L, v, OBJECT_LOGIN);
		return 2;
	case STAGE_MAIL:
		return 1 + api_envelope_sender(L, v);
	case STAGE_RCPT:
		visit_push_rcpt(L, v, q->u.rcpt);
		return 2;
	case STAGE_HEADERS:
	case STAGE_MESSAGE:
		return 1 + api_message_of(L, v);
	case STAGE_UNKNOWN:
		object_push_text(L, q->u.unknown.verb);
		object_push_text(L, q->u.unknown.rest);
		return 3;
	case STAGE_VRFY:
		object_push_text(L, q->u.vrfy);
		return 2;
	case STAGE_RELAYED:
		api_result_push(L, v);
		return 2;
	case STAGE_START:
	case STAGE_PRE_CONNECTION:
	case STAGE_CONNECT:
	case STAGE_STARTTLS:
	case STAGE_DATA:
	case STAGE_REPLY:
	case STAGE_RESET:
	case STAGE_DISCONNECT:
	case STAGE_STOP:
	case STAGE_COUNT:
		break;
	}
	return 1;
}

static const luaL_Reg session_methods[] = {
	{ "log", api_log_session }, { "result", api_result_add },
	{ "results", api_result_all }, { "score", api_result_score },
	{ "skip", api_result_skip }, { NULL, NULL }
};

static const struct object_class class = {
	OBJECT_SESSION, "session", session_fields, session_methods, NULL,
	visit_self
};

void
api_session_open(lua_State *L)
{
	object_register(L, &class);
	lua_pushcfunction(L, start_early);
	object_add_method(L, OBJECT_SESSION, "early");
	api_client_open(L);
	api_peer_open(L);
	api_login_open(L);
	api_envelope_open(L);
	api_result_open(L);
	api_message_open(L);
	api_note_open(L);
}

void
api_session_release(struct visit *v)
{
	api_path_release(v);
}
