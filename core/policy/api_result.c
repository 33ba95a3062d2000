#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "buf.h"
#include "log.h"
#include "mem.h"
#include "message.h"
#include "relay.h"
#include "reply.h"
#include "session.h"

#include "host.h"
#include "instance.h"
#include "nearest.h"
#include "object.h"
#include "state.h"
#include "visit.h"

#include "api_session.h"

enum { RESULTS_MAX = 200, TEXT_MAX = 500 };

static const char *const kinds[] = {
	"pass", "fail", "info", "skip", "error", NULL
};

/* session:result(name, kind, text [, score]) */
int
api_result_add(lua_State *L)
{
	struct visit *v = visit_check(L, 1, OBJECT_SESSION);
	const char *name = luaL_checkstring(L, 2);
	int kind = luaL_checkoption(L, 3, NULL, kinds);
	const char *text = "";
	double score = luaL_optnumber(L, 5, 0);
	struct visit_result *r;

	if (!lua_isnoneornil(L, 4))
		text = object_test(L, 4, OBJECT_ERROR) ? state_message(L, 4) :
		    luaL_checkstring(L, 4);
	if (!isfinite(score))
		return luaL_error(L, "result: the score must be a number");
	if (v->results >= RESULTS_MAX)
		return luaL_error(L, "result: more than %d in one session",
		    RESULTS_MAX);
	r = mem_alloc(sizeof *r);
	r->name = mem_strndup(name, strnlen(name, TEXT_MAX));
	if (api_login_leaks(v, text, strlen(text)))
		text = "(withheld: the password is in it)";
	r->text = mem_strndup(text, strnlen(text, TEXT_MAX));
	r->kind = kinds[kind];
	r->score = score;
	r->txn = visit_in_txn(v) ? v->txn : 0;
	*v->result_last = r;
	v->result_last = &r->next;
	v->results++;
	return 0;
}

static bool
is_present(const struct visit *v, const struct visit_result *r)
{
	return r->txn == 0 || r->txn == v->txn;
}

static int
next_result(lua_State *L)
{
	int i = (int)lua_tointeger(L, lua_upvalueindex(2)) + 1;

	lua_pushinteger(L, i);
	lua_replace(L, lua_upvalueindex(2));
	lua_rawgeti(L, lua_upvalueindex(1), i);
	if (lua_isnil(L, -1))
		return 1;
	for (i = 1; i <= 4; i++)
		lua_rawgeti(L, -i, i);
	return 4;
}

/* session:results(): name, kind, text, score; over a snapshot. */
int
api_result_all(lua_State *L)
{
	struct visit *v = visit_check(L, 1, OBJECT_SESSION);
	struct visit_result *r;
	int n = 0;

	lua_newtable(L);
	for (r = v->result; r; r = r->next) {
		if (!is_present(v, r))
			continue;
		lua_createtable(L, 4, 0);
		lua_pushstring(L, r->name);
		lua_rawseti(L, -2, 1);
		lua_pushstring(L, r->kind);
		lua_rawseti(L, -2, 2);
		lua_pushstring(L, r->text);
		lua_rawseti(L, -2, 3);
		lua_pushnumber(L, r->score);
		lua_rawseti(L, -2, 4);
		lua_rawseti(L, -2, ++n);
	}
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, next_result, 2);
	return 1;
}

int
api_result_score(lua_State *L)
{
	struct visit *v = visit_check(L, 1, OBJECT_SESSION);
	const struct visit_result *r;
	double sum = 0;

	for (r = v->result; r; r = r->next) {
		if (is_present(v, r))
			sum += r->score;
	}
	lua_pushnumber(L, sum);
	return 1;
}

/* session:skip(hook, ...) */
int
api_result_skip(lua_State *L)
{
	struct visit *v = visit_check(L, 1, OBJECT_SESSION);
	struct policy *p = v->policy;
	const struct instance *in;
	char text[NEAREST_MAX + 32];
	struct nearest n;
	const char *name;
	size_t k;
	int i;

	for (i = 2; i <= lua_gettop(L); i++) {
		name = luaL_checkstring(L, i);
		in = instance_find(p, name);
		if (!in) {
			nearest_init(&n, name);
			for (k = 0; k < p->instances; k++)
				nearest_offer(&n, p->instance[k]->name);
			return luaL_error(L, "skip: there is no hook \"%s\"%s",
			    name, nearest_hint(&n, text));
		}
		if (!v->skip)
			v->skip = mem_array(p->instances / 64 + 1,
			    sizeof *v->skip);
		v->skip[in->index / 64] |= (uint64_t)1 << in->index % 64;
	}
	return 0;
}

/* The reply that is about to be sent. */
static struct visit *
visit(void *self)
{
	return self;
}

static int
get_reply_code(lua_State *L, void *self)
{
	lua_pushinteger(L, visit(self)->reply->code);
	return 1;
}

static void
set_reply_code(lua_State *L, void *self, int idx)
{
	struct reply *r = visit(self)->reply;
	int code = (int)lua_tointeger(L, idx);

	if (lua_type(L, idx) != LUA_TNUMBER ||
	    reply_class(code) != reply_class(r->code) || code > 599)
		luaL_error(L, "reply.code: a code from %d00 to %d99 expected",
		    reply_class(r->code), reply_class(r->code));
	r->code = code;
}

static int
get_reply_enhanced(lua_State *L, void *self)
{
	lua_pushstring(L, visit(self)->reply->enhanced);
	return 1;
}

static int
get_reply_text(lua_State *L, void *self)
{
	lua_pushstring(L, visit(self)->reply->text);
	return 1;
}

static void
set_reply_text(lua_State *L, void *self, int idx)
{
	struct reply *r = visit(self)->reply;

	if (lua_type(L, idx) != LUA_TSTRING)
		luaL_error(L, "reply.text: a text expected, got %s",
		    object_describe(L, idx));
	snprintf(r->text, sizeof r->text, "%s", lua_tostring(L, idx));
}

static int
get_reply_verb(lua_State *L, void *self)
{
	const char *verb = visit(self)->reply_verb;

	lua_pushstring(L, verb ? verb : "");
	return 1;
}

static int
get_reply_hook(lua_State *L, void *self)
{
	return object_push_text(L, visit(self)->reply_hook);
}

static const struct object_field reply_fields[] = {
	{ "code", get_reply_code, set_reply_code },
	{ "enhanced", get_reply_enhanced, NULL },
	{ "text", get_reply_text, set_reply_text },
	{ "verb", get_reply_verb, NULL }, { "hook", get_reply_hook, NULL },
	{ NULL, NULL, NULL }
};

/* What became of a message: self is the visit, and the question is open. */
static const struct relay_result *
result(void *self)
{
	return ((struct visit *)self)->session->question.u.result;
}

static int
get_result_ok(lua_State *L, void *self)
{
	lua_pushboolean(L, reply_class(result(self)->reply.code) == 2);
	return 1;
}

static int
get_result_code(lua_State *L, void *self)
{
	lua_pushinteger(L, result(self)->reply.code);
	return 1;
}

static int
get_result_enhanced(lua_State *L, void *self)
{
	lua_pushstring(L, result(self)->reply.enhanced);
	return 1;
}

static int
get_result_text(lua_State *L, void *self)
{
	lua_pushstring(L, result(self)->reply.text);
	return 1;
}

static int
get_result_relay(lua_State *L, void *self)
{
	const char *relay = result(self)->relay;

	lua_pushstring(L, relay ? relay : "");
	return 1;
}

static int
get_result_id(lua_State *L, void *self)
{
	const char *id = result(self)->id;

	return object_push_text(L, *id ? id : NULL);
}

static int
get_result_seconds(lua_State *L, void *self)
{
	lua_pushnumber(L, result(self)->seconds);
	return 1;
}

static int
get_result_bytes(lua_State *L, void *self)
{
	const struct message *m = ((struct visit *)self)->session->txn.message;

	lua_pushnumber(L, m ? (double)message_size(m) : 0);
	return 1;
}

static const struct object_field result_fields[] = {
	{ "ok", get_result_ok, NULL }, { "code", get_result_code, NULL },
	{ "enhanced", get_result_enhanced, NULL },
	{ "text", get_result_text, NULL },
	{ "relay", get_result_relay, NULL }, { "id", get_result_id, NULL },
	{ "seconds", get_result_seconds, NULL },
	{ "bytes", get_result_bytes, NULL },
	{ NULL, NULL, NULL }
};

void
api_result_push(lua_State *L, struct visit *v)
{
	visit_push_asked(L, v, OBJECT_RESULT);
}

static const struct object_class classes[] = {
	{ OBJECT_REPLY, "reply", reply_fields, NULL, NULL, visit_self_reply },
	{ OBJECT_RESULT, "result", result_fields, NULL, NULL,
	    visit_self_asked },
};

void
api_result_open(lua_State *L)
{
	size_t i;

	for (i = 0; i < sizeof classes / sizeof classes[0]; i++)
		object_register(L, &classes[i]);
}

/* For the closing line: "zen.example=fail(127.0.0.2) spf=pass". */
void
api_result_summary(struct visit *v, struct log_line *line)
{
	const struct visit_result *r;
	struct buf text;
	double sum = 0;

	if (!v->result)
		return;
	buf_init(&text);
	for (r = v->result; r; r = r->next) {
		buf_printf(&text, "%s%s=%s", text.len ? " " : "", r->name,
		    r->kind);
		if (*r->text)
			buf_printf(&text, "(%s)", r->text);
		if (is_present(v, r))
			sum += r->score;
	}
	log_bytes(line, "results", text.p, text.len);
	if (sum != 0)
		log_fmt(line, "score", "%g", sum);
	buf_clear(&text);
}
