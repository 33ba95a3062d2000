#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "reply.h"

#include "host.h"
#include "module.h"
#include "object.h"
#include "state.h"
#include "task.h"

#include "api_verdict.h"

enum { DELAY_MAX = 60, RELAY_MAX = 512 };

struct held {			/* the userdata; text and relay follow */
	struct object object;
	struct verdict v;
	char enhanced[12];
	char text[];
};

static struct held *
check(lua_State *L, int idx)
{
	return object_check(L, idx, OBJECT_VERDICT);
}

static int
get_kind(lua_State *L, void *self)
{
	lua_pushstring(L, verdict_name(((struct held *)self)->v.kind));
	return 1;
}

static int
get_code(lua_State *L, void *self)
{
	const struct verdict *v = &((struct held *)self)->v;
	struct task *t = task_running(L);
	int code = v->code;

	if (code == 0 && v->kind == VERDICT_REJECT) {
		code = t ? stage_reject_code((enum stage)t->stage) : 0;
		code = code ? code : 550;
	} else if (code == 0 && v->kind == VERDICT_DEFER) {
		code = t ? stage_defer_code((enum stage)t->stage) : 0;
		code = code ? code : 451;
	} else if (v->kind == VERDICT_ACCEPT)
		code = 250;
	if (code)
		lua_pushinteger(L, code);
	else
		lua_pushnil(L);
	return 1;
}

static int
get_enhanced(lua_State *L, void *self)
{
	const struct verdict *v = &((struct held *)self)->v;
	struct task *t = task_running(L);
	enum stage stage = t ? (enum stage)t->stage : STAGE_START;

	if (v->enhanced)
		lua_pushstring(L, v->enhanced);
	else if (v->kind == VERDICT_REJECT)
		lua_pushstring(L, stage_enhanced(stage, 5));
	else if (v->kind == VERDICT_DEFER)
		lua_pushstring(L, stage_enhanced(stage, 4));
	else
		lua_pushnil(L);
	return 1;
}

static int
get_text(lua_State *L, void *self)
{
	const struct verdict *v = &((struct held *)self)->v;

	if (v->text)
		lua_pushstring(L, v->text);
	else if (v->kind == VERDICT_REJECT)
		lua_pushliteral(L, "refused by policy");
	else if (v->kind == VERDICT_DEFER)
		lua_pushliteral(L, "try again later");
	else
		lua_pushnil(L);
	return 1;
}

/* Make a verdict with a text, which may be NULL. */
static struct held *
make(lua_State *L, enum verdict_kind kind, const char *text, size_t len)
{
	struct task *t = task_running(L);
	struct held *h;

	if (len >= REPLY_TEXT_MAX)
		len = REPLY_TEXT_MAX - 1;
	h = object_new(L, OBJECT_VERDICT, sizeof *h + len + 1);
	h->v.kind = kind;
	if (text) {
		memcpy(h->text, text, len);
		h->v.text = h->text;
	}
	if (t)
		t->made++;
	return h;
}

/* Replace a list of texts by one with line ends. */
static void
join_lines(lua_State *L, int idx)
{
	size_t i, n = lua_objlen(L, idx);
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	for (i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addchar(&b, '\n');
		lua_rawgeti(L, idx, (int)i);
		if (!lua_isstring(L, -1))
			luaL_error(L, "a list of texts expected");
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	lua_replace(L, idx);
}

/* The text from idx on: alone as it is, with more arguments a format.  Leaves
 * it at idx, as the last value. */
static void
read_text(lua_State *L, int idx)
{
	if (lua_isnoneornil(L, idx)) {
		lua_settop(L, idx - 1);
		lua_pushnil(L);
		return;
	}
	if (lua_istable(L, idx))
		join_lines(L, idx);
	else if (object_test(L, idx, OBJECT_ERROR)) {
		luaL_callmeta(L, idx, "__tostring");
		lua_replace(L, idx);
	}
	luaL_checkstring(L, idx);
	if (lua_gettop(L) == idx)
		return;
	state_push(L, HOST_FORMAT);
	lua_insert(L, idx);
	lua_call(L, lua_gettop(L) - idx, 1);
}

/* Does it look like "5.7.1"? */
static bool
is_enhanced(const char *s)
{
	const char *digits = "0123456789";
	size_t a, b;

	if (!s || !strchr("245", s[0]) || s[0] == '\0' || s[1] != '.')
		return false;
	a = strspn(s + 2, digits);
	if (a < 1 || a > 3 || s[2 + a] != '.')
		return false;
	b = strspn(s + 3 + a, digits);
	return b >= 1 && b <= 3 && s[3 + a + b] == '\0';
}

/* [enhanced,] text [, ...] from idx on; pushes the verdict. */
static struct held *
make_answer(lua_State *L, enum verdict_kind kind, int idx, int class)
{
	const char *text, *enhanced = NULL;
	struct held *h;
	size_t len = 0;

	if (lua_type(L, idx) == LUA_TSTRING &&
	    is_enhanced(lua_tostring(L, idx)))
		enhanced = lua_tostring(L, idx++);
	if (enhanced && enhanced[0] - '0' != class)
		luaL_error(L, "\"%s\": an enhanced code that begins with %d "
		    "expected", enhanced, class);
	read_text(L, idx);
	text = lua_tolstring(L, idx, &len);
	h = make(L, kind, text, len);
	if (enhanced) {
		snprintf(h->enhanced, sizeof h->enhanced, "%s", enhanced);
		h->v.enhanced = h->enhanced;
	}
	return h;
}

static int
on_accept(lua_State *L)
{
	make(L, VERDICT_ACCEPT, NULL, 0);
	return 1;
}

static int
on_reject(lua_State *L)
{
	make_answer(L, VERDICT_REJECT, 1, 5);
	return 1;
}

static int
on_defer(lua_State *L)
{
	make_answer(L, VERDICT_DEFER, 1, 4);
	return 1;
}

static int
on_drop(lua_State *L)
{
	make(L, VERDICT_DROP, NULL, 0);
	return 1;
}

static int
on_discard(lua_State *L)
{
	size_t len = 0;
	const char *why = luaL_optlstring(L, 1, NULL, &len);

	make(L, VERDICT_DISCARD, why, len);
	return 1;
}

static int
on_quarantine(lua_State *L)
{
	size_t len;
	const char *relay = luaL_checklstring(L, 1, &len);
	struct held *h;

	if (len > RELAY_MAX)
		return luaL_error(L, "quarantine: the relay is too long");
	h = make(L, VERDICT_QUARANTINE, relay, len);
	h->v.relay = h->v.text;
	h->v.text = NULL;
	return 1;
}

static int
on_reply(lua_State *L)
{
	int code = luaL_checkint(L, 1);
	struct held *h;

	if (code < 200 || code > 599)
		return luaL_error(L, "reply: a code from 200 to 599 expected");
	h = make_answer(L, VERDICT_REPLY, 2, reply_class(code));
	h->v.code = code;
	return 1;
}

/* Methods: they change the verdict and return it. */
static int
on_code(lua_State *L)
{
	struct held *h;
	int code, class;

	if (!object_test(L, 2, OBJECT_VERDICT))
		return luaL_error(L, "attempt to call a number value");
	h = check(L, 2);
	code = luaL_checkint(L, 3);
	class = h->v.kind == VERDICT_REJECT ? 5 : h->v.kind == VERDICT_DEFER ?
	    4 : h->v.kind == VERDICT_REPLY ? reply_class(h->v.code) : 0;
	if (class == 0)
		return luaL_error(L, "code: %s has none",
		    verdict_name(h->v.kind));
	if (code / 100 != class)
		return luaL_error(L, "code: %d00 to %d99 expected for %s",
		    class, class, verdict_name(h->v.kind));
	h->v.code = code;
	lua_settop(L, 2);
	return 1;
}

static struct held *
check_refusal(lua_State *L, const char *method)
{
	struct held *h = check(L, 1);

	if (h->v.kind != VERDICT_REJECT && h->v.kind != VERDICT_DEFER)
		luaL_error(L, "%s: only for reject and defer, not for %s",
		    method, verdict_name(h->v.kind));
	lua_settop(L, 1);
	return h;
}

static int
on_hangup(lua_State *L)
{
	check_refusal(L, "hangup")->v.hangup = true;
	return 1;
}

static int
on_later(lua_State *L)
{
	check_refusal(L, "later")->v.later = true;
	return 1;
}

static int
on_delay(lua_State *L)
{
	struct held *h = check(L, 1);
	double seconds = luaL_checknumber(L, 2);

	if (!isfinite(seconds) || seconds < 0)
		return luaL_error(L, "delay: a number of seconds expected");
	h->v.delay = seconds < DELAY_MAX ? seconds : DELAY_MAX;
	lua_settop(L, 1);
	return 1;
}

const struct verdict *
api_verdict_get(lua_State *L, int idx)
{
	struct held *h = object_test(L, idx, OBJECT_VERDICT);

	return h ? &h->v : NULL;
}

static bool
may_drop(enum stage stage)
{
	return stage < STAGE_HEADERS && stage != STAGE_START &&
	    stage != STAGE_AUTH;
}

const char *
api_verdict_misfit(const struct verdict *v, enum stage stage)
{
	if (stage_is_observer(stage))
		return "an observer returns nothing";
	if (v->later && (stage >= STAGE_RCPT || stage == STAGE_AUTH))
		return "later() is for stages before rcpt, and not for auth: "
		    "return the verdict without it";
	switch (v->kind) {
	case VERDICT_NONE:
	case VERDICT_FAULT:
		return NULL;
	case VERDICT_ACCEPT:
		return stage == STAGE_RCPT || stage == STAGE_AUTH ||
		    stage == STAGE_VRFY ? NULL :
		    "accept is for auth, rcpt and vrfy: return nothing to let "
		    "it pass";
	case VERDICT_REJECT:
		return stage_reject_code(stage) ? NULL :
		    "reject is not possible here: return nothing";
	case VERDICT_DEFER:
		return stage_defer_code(stage) ? NULL :
		    "defer is not possible here: use reject";
	case VERDICT_DROP:
		return may_drop(stage) ? NULL :
		    "drop is for stages up to data: use reject, with hangup()";
	case VERDICT_DISCARD:
		return stage == STAGE_RCPT || stage == STAGE_MESSAGE ? NULL :
		    "discard is for rcpt and message: use reject or drop";
	case VERDICT_QUARANTINE:
		return stage == STAGE_MESSAGE ? NULL :
		    "quarantine is for message: set rcpt.relay instead";
	case VERDICT_REPLY:
		return stage == STAGE_UNKNOWN ? NULL :
		    "reply is for unknown: use reject or defer";
	}
	return NULL;
}

static const struct object_field fields[] = {
	{ "kind", get_kind, NULL }, { "code", get_code, NULL },
	{ "enhanced", get_enhanced, NULL }, { "text", get_text, NULL },
	{ NULL, NULL, NULL }
};

static const luaL_Reg methods[] = {
	{ "hangup", on_hangup }, { "delay", on_delay }, { "later", on_later },
	{ NULL, NULL }
};

static const struct object_class class = {
	.kind = OBJECT_VERDICT, .name = "verdict", .field = fields,
	.method = methods,
};

void
api_verdict_open(lua_State *L)
{
	static const luaL_Reg make_verdicts[] = {
		{ "accept", on_accept }, { "reject", on_reject },
		{ "defer", on_defer }, { "drop", on_drop },
		{ "discard", on_discard }, { "quarantine", on_quarantine },
		{ "reply", on_reply }, { NULL, NULL }
	};

	object_register(L, &class);
	lua_pushnumber(L, 0);
	lua_createtable(L, 0, 2);
	lua_pushcfunction(L, on_code);
	lua_setfield(L, -2, "__call");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
	lua_newtable(L);
	luaL_setfuncs(L, make_verdicts, 0);
	module_raw(L, "verdict");
}
