#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "log.h"
#include "mem.h"
#include "nexthop.h"
#include "session.h"

#include "freeze.h"
#include "instance.h"
#include "object.h"
#include "visit.h"

#include "api_session.h"

enum { GROUP_MAX = 255 };

static int
push_note(lua_State *L, struct visit *v, int key)
{
	visit_push_txn_values(L, v);
	lua_rawgeti(L, -1, key);
	if (!lua_isnil(L, -1))
		return 1;
	api_note_push(L);
	lua_pushvalue(L, -1);
	lua_rawseti(L, -4, key);
	return 1;
}

/* Fields of a path, the same for senders and recipients. */
static int
push_user(lua_State *L, const struct path *path)
{
	char user[PATH_LOCAL_MAX + 1];

	lua_pushlstring(L, user, path_user(path, user));
	return 1;
}

static int
push_domain(lua_State *L, const struct path *path)
{
	return object_push_text(L, path_domain(path));
}

static int
push_params(lua_State *L, const struct txn_param *p)
{
	lua_newtable(L);
	for (; p; p = p->next) {
		if (p->value)
			lua_pushstring(L, p->value);
		else
			lua_pushboolean(L, 1);
		lua_setfield(L, -2, p->key);
	}
	freeze_table(L, -1, "params");
	return 1;
}

void
api_envelope_path(lua_State *L, const struct session *s, int idx,
    struct path *out)
{
	struct path path;
	const char *text;
	size_t len;

	if (lua_type(L, idx) != LUA_TSTRING)
		luaL_error(L, "address: a text expected, got %s",
		    object_describe(L, idx));
	text = lua_tolstring(L, idx, &len);
	memset(&path, 0, sizeof path);
	if (len == 0 || path_parse_address(text, len, s->txn.sender.utf8,
	    &path) != PATH_OK)
		luaL_error(L, "\"%s\" is no valid address", text);
	*out = path;
}

/* The transaction. */
static int
get_txn_id(lua_State *L, void *self)
{
	lua_pushstring(L, ((struct visit *)self)->session->txn.id);
	return 1;
}

static int
get_txn_note(lua_State *L, void *self)
{
	return push_note(L, self, VISIT_TXN_NOTE);
}

static const struct object_field txn_fields[] = {
	{ "id", get_txn_id, NULL }, { "note", get_txn_note, NULL },
	{ NULL, NULL, NULL }
};

/* The sender. */
static struct txn_sender *
sender(void *self)
{
	struct visit *v = self;

	if (v->run.open && v->run.stage == STAGE_MAIL)
		return v->session->question.u.sender;
	return &v->session->txn.sender;
}

static int
get_sender_address(lua_State *L, void *self)
{
	lua_pushstring(L, sender(self)->path.text);
	return 1;
}

static void
set_sender_address(lua_State *L, void *self, int idx)
{
	struct session *s = ((struct visit *)self)->session;
	struct txn *t = &s->txn;

	if (lua_type(L, idx) == LUA_TSTRING && lua_objlen(L, idx) == 0)
		memset(&sender(self)->path, 0, sizeof sender(self)->path);
	else
		api_envelope_path(L, s, idx, &sender(self)->path);
	if (t->handoff)
		t->edited = true;
}

static int
get_sender_user(lua_State *L, void *self)
{
	return push_user(L, &sender(self)->path);
}

static int
get_sender_domain(lua_State *L, void *self)
{
	return push_domain(L, &sender(self)->path);
}

static int
get_sender_null(lua_State *L, void *self)
{
	lua_pushboolean(L, sender(self)->path.len == 0);
	return 1;
}

static int
get_sender_params(lua_State *L, void *self)
{
	return push_params(L, sender(self)->params);
}

static int
get_sender_original(lua_State *L, void *self)
{
	lua_pushstring(L, sender(self)->original);
	return 1;
}

static const struct object_field sender_fields[] = {
	{ "address", get_sender_address, set_sender_address },
	{ "user", get_sender_user, NULL },
	{ "domain", get_sender_domain, NULL },
	{ "null", get_sender_null, NULL },
	{ "params", get_sender_params, NULL },
	{ "original", get_sender_original, NULL },
	{ NULL, NULL, NULL }
};

/* One recipient: self is the handle. */
static struct txn_rcpt *
rcpt(void *self)
{
	return ((struct handle *)self)->p;
}

static void
rcpt_edited(lua_State *L, void *self)
{
	if (rcpt(self)->offered)
		visit_find(L, self)->session->txn.edited = true;
}

static int
get_rcpt_address(lua_State *L, void *self)
{
	lua_pushstring(L, rcpt(self)->path.text);
	return 1;
}

static void
set_rcpt_address(lua_State *L, void *self, int idx)
{
	api_envelope_path(L, visit_find(L, self)->session, idx,
	    &rcpt(self)->path);
	rcpt_edited(L, self);
}

static int
get_rcpt_user(lua_State *L, void *self)
{
	return push_user(L, &rcpt(self)->path);
}

static int
get_rcpt_domain(lua_State *L, void *self)
{
	return push_domain(L, &rcpt(self)->path);
}

static int
get_rcpt_null(lua_State *L, void *self)
{
	lua_pushboolean(L, 0);
	return 1;
}

static int
get_rcpt_params(lua_State *L, void *self)
{
	return push_params(L, rcpt(self)->params);
}

static int
get_rcpt_original(lua_State *L, void *self)
{
	return object_push_text(L, rcpt(self)->original);
}

static int
get_rcpt_relay(lua_State *L, void *self)
{
	return object_push_text(L, rcpt(self)->relay);
}

static void
set_rcpt_relay(lua_State *L, void *self, int idx)
{
	struct session *s = visit_find(L, self)->session;

	rcpt(self)->relay = api_envelope_relay(L, s, idx);
	rcpt_edited(L, self);
}

static int
get_rcpt_group(lua_State *L, void *self)
{
	return object_push_text(L, rcpt(self)->group);
}

static void
set_rcpt_group(lua_State *L, void *self, int idx)
{
	struct session *s = visit_find(L, self)->session;
	const char *text;
	size_t len;

	if (lua_isnil(L, idx)) {
		rcpt(self)->group = NULL;
		return;
	}
	if (lua_type(L, idx) != LUA_TSTRING)
		luaL_error(L, "group: a text expected, got %s",
		    object_describe(L, idx));
	text = lua_tolstring(L, idx, &len);
	if (len > GROUP_MAX || memchr(text, '\0', len))
		luaL_error(L, "group: a shorter text expected");
	rcpt(self)->group = arena_strndup(s->txn.arena, text, len);
}

static int
get_rcpt_note(lua_State *L, void *self)
{
	return push_note(L, visit_find(L, self), VISIT_RCPTS +
	    (int)rcpt(self)->serial * 2 + 1);
}

/* rcpt:remove(why): one that was accepted; the client keeps its 250. */
static int
on_remove(lua_State *L)
{
	struct handle *h = object_check(L, 1, OBJECT_RCPT);
	struct visit *v = visit_self_txn(L, &h->object);
	const char *why = luaL_checkstring(L, 2);
	struct txn_rcpt *r = h->p;
	struct log_line line;

	if (r->state == TXN_RCPT_ASKED && !r->added)
		return luaL_error(L, "remove: this recipient is being asked "
		    "about: return verdict.discard or reject");
	if (r->state == TXN_RCPT_REMOVED)
		return 0;
	r->state = TXN_RCPT_REMOVED;
	if (r->offered)
		v->session->txn.edited = true;
	session_log(v->session, &line, LOG_INFO, "hook");
	log_str(&line, "txn", v->session->txn.id);
	if (v->run.current)
		log_str(&line, "hook", v->run.current->name);
	log_str(&line, "removed", r->path.text);
	log_str(&line, "why", why);
	log_end(&line);
	return 0;
}

static const struct object_field rcpt_fields[] = {
	{ "address", get_rcpt_address, set_rcpt_address },
	{ "user", get_rcpt_user, NULL }, { "domain", get_rcpt_domain, NULL },
	{ "null", get_rcpt_null, NULL },
	{ "params", get_rcpt_params, NULL },
	{ "original", get_rcpt_original, NULL },
	{ "relay", get_rcpt_relay, set_rcpt_relay },
	{ "group", get_rcpt_group, set_rcpt_group },
	{ "note", get_rcpt_note, NULL },
	{ NULL, NULL, NULL }
};

const char *
api_envelope_relay(lua_State *L, struct session *s, int idx)
{
	const char *text, *why = NULL;

	if (lua_isnil(L, idx))
		return NULL;
	if (lua_type(L, idx) != LUA_TSTRING)
		luaL_error(L, "relay: a name or URL expected, got %s",
		    object_describe(L, idx));
	text = lua_tostring(L, idx);
	if (s->env->routes &&
	    !route_find(s->env->routes, text, s->txn.arena, &why))
		luaL_error(L, "relay: \"%s\": %s", text, why ? why :
		    "a name or URL expected");
	return arena_strdup(s->txn.arena, text);
}

/* Fields of session: nil outside a transaction. */
static int
push_part(lua_State *L, struct visit *v, enum object_kind kind, int key)
{
	if (visit_in_txn(v))
		visit_push_txn(L, v, kind, key);
	else
		lua_pushnil(L);
	return 1;
}

int
api_envelope_txn(lua_State *L, void *visit)
{
	return push_part(L, visit, OBJECT_TXN, VISIT_TXN);
}

int
api_envelope_sender(lua_State *L, void *visit)
{
	return push_part(L, visit, OBJECT_SENDER, VISIT_SENDER);
}

int
api_envelope_recipients(lua_State *L, void *visit)
{
	return push_part(L, visit, OBJECT_RECIPIENTS, VISIT_RECIPIENTS);
}

static const luaL_Reg rcpt_methods[] = {
	{ "remove", on_remove }, { NULL, NULL }
};

static const struct object_class classes[] = {
	{ OBJECT_TXN, "txn", txn_fields, NULL, NULL, visit_self_txn },
	{ OBJECT_SENDER, "sender", sender_fields, NULL, NULL,
	    visit_self_txn },
	{ OBJECT_RCPT, "rcpt", rcpt_fields, rcpt_methods, NULL,
	    visit_self_rcpt },
};

void
api_envelope_open(lua_State *L)
{
	size_t i;

	for (i = 0; i < sizeof classes / sizeof classes[0]; i++)
		object_register(L, &classes[i]);
	api_recipients_open(L);
}
