#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "addr.h"
#include "buf.h"
#include "dns.h"
#include "mem.h"
#include "session.h"

#include "error.h"
#include "host.h"
#include "module.h"
#include "state.h"
#include "task.h"

#include "api_sys.h"

/*
 * One question to the DNS.  The answer is copied when it comes, for it is
 * given to Lua only when the hook is resumed.
 */
struct record {
	size_t at, len;
	int preference;
};

struct lookup {
	struct dns_query *query;
	enum dns_type type;
	enum dns_status status;
	char name[DNS_NAME_MAX + 8], error[160];
	struct record *record;
	size_t count;
	struct buf text;
};

static const char *const names[] = {
	[DNS_A] = "a", [DNS_AAAA] = "aaaa", [DNS_TXT] = "txt",
	[DNS_PTR] = "ptr", [DNS_MX] = "mx",
};

static const char *const whats[] = {
	[DNS_A] = "dns.a", [DNS_AAAA] = "dns.aaaa", [DNS_TXT] = "dns.txt",
	[DNS_PTR] = "dns.ptr", [DNS_MX] = "dns.mx",
};

static void
on_answer(void *arg, const struct dns_answer *answer)
{
	struct lookup *l = arg;
	size_t i;

	l->query = NULL;
	l->status = answer->status;
	snprintf(l->error, sizeof l->error, "%s",
	    answer->error ? answer->error : "");
	if (answer->count)
		l->record = mem_array(answer->count, sizeof *l->record);
	for (i = 0; i < answer->count; i++) {
		l->record[i].at = l->text.len;
		l->record[i].len = answer->record[i].len;
		l->record[i].preference = answer->record[i].preference;
		buf_append(&l->text, answer->record[i].text,
		    answer->record[i].len);
	}
	l->count = answer->count;
	task_over(l);
}

static void
push_record(lua_State *L, const struct lookup *l, const struct record *r)
{
	const char *p = r->len ? l->text.p + r->at : "";

	if (l->type != DNS_MX) {
		lua_pushlstring(L, p, r->len);
		return;
	}
	lua_createtable(L, 0, 2);
	lua_pushlstring(L, p, r->len == 1 && *p == '.' ? 0 : r->len);
	lua_setfield(L, -2, "host");
	lua_pushinteger(L, r->preference);
	lua_setfield(L, -2, "preference");
}

static int
push_answer(lua_State *L, void *op)
{
	struct lookup *l = op;
	size_t i;

	switch (l->status) {
	case DNS_OK:
	case DNS_NONE:
	case DNS_NXDOMAIN:
		break;
	case DNS_TIMEOUT:
		return error_return(L, ERROR_TIMEOUT, true,
		    "dns: %s: no answer in time", l->name);
	case DNS_REFUSED:
		return error_return(L, ERROR_REFUSED, true,
		    "dns: %s: the server refused", l->name);
	case DNS_FAILED:
		return error_return(L, ERROR_PROTOCOL, true, "dns: %s: %s",
		    l->name, *l->error ? l->error : "failed");
	}
	lua_createtable(L, (int)l->count, 0);
	for (i = 0; i < l->count; i++) {
		push_record(L, l, &l->record[i]);
		lua_rawseti(L, -2, (int)i + 1);
	}
	return 1;
}

static void
end_lookup(void *op)
{
	struct lookup *l = op;

	dns_cancel(l->query);
	buf_clear(&l->text);
	mem_free(l->record);
}

/* a, aaaa, txt, ptr, mx: upvalue 1 is the type. */
static int
start_lookup(lua_State *L)
{
	static const struct wait_class class = { push_answer, end_lookup };
	enum dns_type type = (enum dns_type)lua_tointeger(L,
	    lua_upvalueindex(1));
	size_t len;
	const char *name = luaL_checklstring(L, 1, &len);
	struct lookup *l;
	struct addr a;
	struct cidr net;

	if (len == 0 || len >= DNS_NAME_MAX || strlen(name) != len)
		return error_return(L, ERROR_PROTOCOL, false,
		    "dns: this is no name of a host");
	l = task_wait(L, &class, whats[type], sizeof *l);
	if (!l)
		return task_yield(L);
	buf_init(&l->text);
	l->type = type;
	snprintf(l->name, sizeof l->name, "%s", name);
	if (type == DNS_PTR && cidr_parse(name, &net) == 0 &&
	    addr_parse(name, 0, &a) == 0)
		l->query = dns_start_ptr(state_policy(L)->env->dns, &a,
		    on_answer, l);
	else
		l->query = dns_start(state_policy(L)->env->dns, type, name,
		    on_answer, l);
	return task_yield(L);
}

/* error(kind, temporary, text): for the library in Lua. */
static int
on_error(lua_State *L)
{
	static const char *const kinds[] = {
		"timeout", "refused", "nxdomain", "tls", "limit", "protocol",
		"closed", "cancelled", NULL
	};
	int kind = luaL_checkoption(L, 1, NULL, kinds);

	error_push(L, (enum error_kind)kind, lua_toboolean(L, 2), "%s",
	    luaL_checkstring(L, 3));
	return 1;
}

void
api_net_open(lua_State *L)
{
	int i;

	lua_newtable(L);
	for (i = DNS_A; i <= DNS_MX; i++) {
		lua_pushinteger(L, i);
		lua_pushcclosure(L, start_lookup, 1);
		lua_setfield(L, -2, names[i]);
	}
	lua_pushcfunction(L, on_error);
	lua_setfield(L, -2, "error");
	module_raw(L, "dns");
}
