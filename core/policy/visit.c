#include <string.h>

#include <lauxlib.h>

#include "mem.h"
#include "session.h"

#include "host.h"
#include "state.h"

#include "visit.h"

enum { SLOTS_MIN = 64 };
static const uint32_t none = UINT32_MAX;

static uint32_t
take_slot(struct policy *p)
{
	uint32_t i, old = p->slots;

	if (p->slots == 0 || p->free_slot == none) {
		p->slots = old ? old * 2 : SLOTS_MIN;
		p->slot = mem_resize(p->slot, p->slots * sizeof *p->slot);
		for (i = old; i < p->slots; i++) {
			p->slot[i].visit = NULL;
			p->slot[i].generation = 1;
			p->slot[i].next_free = i + 1 < p->slots ? i + 1 : none;
		}
		p->free_slot = old;
	}
	i = p->free_slot;
	p->free_slot = p->slot[i].next_free;
	return i;
}

struct visit *
visit_of(struct session *s)
{
	struct policy *p = s->env->policy_data;
	struct visit *v = s->policy;

	if (v)
		return v;
	v = mem_alloc(sizeof *v);
	v->policy = p;
	v->session = s;
	v->slot = take_slot(p);
	v->generation = p->slot[v->slot].generation;
	p->slot[v->slot].visit = v;
	v->txn = v->asked = 1;
	v->values = v->txn_values = LUA_NOREF;
	v->result_last = &v->result;
	run_init(&v->run, v);
	s->generation = v->generation;
	s->policy = v;
	return v;
}

static void
drop_values(struct visit *v, int *ref)
{
	luaL_unref(v->policy->L, LUA_REGISTRYINDEX, *ref);
	*ref = LUA_NOREF;
}

static void
free_results(struct visit *v)
{
	struct visit_result *r;

	while ((r = v->result)) {
		v->result = r->next;
		mem_free(r->name);
		mem_free(r->text);
		mem_free(r);
	}
}

static void
forget_findings(struct visit *v)
{
	free_results(v);
	v->result_last = &v->result;
	v->results = 0;
	mem_free(v->skip);
	v->skip = NULL;
}

void
visit_meet(struct visit *v, enum stage stage)
{
	bool first = stage == STAGE_PRE_CONNECTION;

	if (v->connected || (first && v->met))
		forget_findings(v);
	v->met = v->met || first;
	v->connected = !first;
}

void
visit_gone(struct session *s)
{
	struct visit *v = s->policy;
	struct policy *p;

	if (!v)
		return;
	p = v->policy;
	run_clear(&v->run);
	drop_values(v, &v->values);
	drop_values(v, &v->txn_values);
	forget_findings(v);
	p->slot[v->slot].visit = NULL;
	p->slot[v->slot].generation++;
	p->slot[v->slot].next_free = p->free_slot;
	p->free_slot = v->slot;
	mem_free(v);
	s->policy = NULL;
}

void
visit_txn_reset(struct session *s)
{
	struct visit *v = s->policy;

	if (!v)
		return;
	v->txn++;
	drop_values(v, &v->txn_values);
}

static void
push_table(lua_State *L, int *ref, int size)
{
	if (*ref == LUA_NOREF) {
		lua_createtable(L, size, 0);
		lua_pushvalue(L, -1);
		*ref = luaL_ref(L, LUA_REGISTRYINDEX);
	} else
		lua_rawgeti(L, LUA_REGISTRYINDEX, *ref);
}

void
visit_push_values(lua_State *L, struct visit *v)
{
	push_table(L, &v->values, VISIT_VALUES);
}

void
visit_push_txn_values(lua_State *L, struct visit *v)
{
	push_table(L, &v->txn_values, VISIT_RCPTS);
}

static struct handle *
push_new(lua_State *L, struct visit *v, enum object_kind kind)
{
	struct handle *h = object_new(L, kind, sizeof *h);

	h->slot = v->slot;
	h->generation = v->generation;
	return h;
}

/* What the table on top has under key; else a new handle, put there.  The
 * table goes.  Returns the handle. */
static struct handle *
push_kept(lua_State *L, struct visit *v, enum object_kind kind, int key)
{
	struct handle *h;

	lua_rawgeti(L, -1, key);
	if (!lua_isnil(L, -1)) {
		lua_remove(L, -2);
		return lua_touserdata(L, -1);
	}
	lua_pop(L, 1);
	h = push_new(L, v, kind);
	lua_pushvalue(L, -1);
	lua_rawseti(L, -3, key);
	lua_remove(L, -2);
	return h;
}

void
visit_push(lua_State *L, struct visit *v, enum object_kind kind, int key)
{
	luaL_checkstack(L, 4, "handle");
	visit_push_values(L, v);
	push_kept(L, v, kind, key);
}

void
visit_push_txn(lua_State *L, struct visit *v, enum object_kind kind, int key)
{
	luaL_checkstack(L, 4, "handle");
	visit_push_txn_values(L, v);
	push_kept(L, v, kind, key)->serial = v->txn;
}

void
visit_push_rcpt(lua_State *L, struct visit *v, struct txn_rcpt *r)
{
	struct handle *h;

	luaL_checkstack(L, 4, "handle");
	visit_push_txn_values(L, v);
	h = push_kept(L, v, OBJECT_RCPT, VISIT_RCPTS + (int)r->serial * 2);
	h->serial = v->txn;
	h->p = r;
}

void
visit_push_asked(lua_State *L, struct visit *v, enum object_kind kind)
{
	push_new(L, v, kind)->serial = v->asked;
}

struct visit *
visit_find(lua_State *L, const struct handle *h)
{
	struct policy *p = state_policy(L);

	if (h->slot < p->slots && p->slot[h->slot].visit &&
	    p->slot[h->slot].generation == h->generation)
		return p->slot[h->slot].visit;
	luaL_error(L, "this session is gone");
	return NULL;
}

void *
visit_self(lua_State *L, struct object *o)
{
	return visit_find(L, (struct handle *)o);
}

void *
visit_self_txn(lua_State *L, struct object *o)
{
	struct handle *h = (struct handle *)o;
	struct visit *v = visit_find(L, h);

	if (h->serial != v->txn)
		luaL_error(L, "this transaction is gone");
	return v;
}

void *
visit_self_rcpt(lua_State *L, struct object *o)
{
	visit_self_txn(L, o);
	return o;
}

bool
visit_in_txn(const struct visit *v)
{
	return v->session->txn.open ||
	    (v->run.open && v->run.stage == STAGE_MAIL);
}

void *
visit_self_asked(lua_State *L, struct object *o)
{
	struct handle *h = (struct handle *)o;
	struct visit *v = visit_find(L, h);

	if (h->serial != v->asked)
		luaL_error(L, "this is over: it can be used only in the hook "
		    "that was given it");
	return v;
}

void
visit_push_reply(lua_State *L, struct visit *v)
{
	push_new(L, v, OBJECT_REPLY)->serial = v->replies;
}

void *
visit_self_reply(lua_State *L, struct object *o)
{
	struct handle *h = (struct handle *)o;
	struct visit *v = visit_find(L, h);

	if (!v->reply || h->serial != v->replies)
		luaL_error(L, "this reply has been sent");
	return v;
}

struct visit *
visit_check(lua_State *L, int idx, enum object_kind kind)
{
	return visit_find(L, object_check(L, idx, kind));
}
