#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "mem.h"
#include "session.h"
#include "value.h"

#include "api_session.h"
#include "api_shared.h"
#include "api_list.h"
#include "api_sys.h"
#include "api_verdict.h"
#include "chain.h"
#include "digest.h"
#include "error.h"
#include "host.h"
#include "instance.h"
#include "lifecycle.h"
#include "quantity.h"
#include "sandbox.h"
#include "settings.h"
#include "state.h"
#include "task.h"
#include "visit.h"

#include "policy.h"

/* Everything that is in the state before any file is run. */
static int
open_state(lua_State *L)
{
	static void (*const open[])(lua_State *) = {
		sandbox_open, error_register, digest_open, settings_open,
		api_verdict_open, api_list_open, api_session_open,
		api_log_open, api_clock_open, api_shared_open, api_hash_open,
		api_text_open, api_address_open,
		api_net_open, api_async_open,
	};
	static const enum host_ref tables[] = { HOST_LOADED, HOST_RAW };
	struct policy *p = state_policy(L);
	size_t i;

	for (i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		lua_newtable(L);
		p->ref[tables[i]] = luaL_ref(L, LUA_REGISTRYINDEX);
	}
	for (i = 0; i < sizeof open / sizeof open[0]; i++) {
		lua_settop(L, 0);
		open[i](L);
	}
	return 0;
}

/* `shared` of the configuration, before what hooks say. */
static int
declare_shared(struct policy *p, char *error, size_t size)
{
	const struct value *t = p->conf.shared;
	const struct value_item *item;
	double n;
	size_t i;

	if (!t || t->type != VALUE_TABLE)
		return 0;
	for (i = 0; i < t->t.count; i++) {
		item = &t->t.item[i];
		n = item->v.type == VALUE_NUMBER ? item->v.n : -1;
		if (item->v.type == VALUE_STRING &&
		    quantity_size(item->v.s.p, &n))
			n = -1;
		if (!item->key || n < 1) {
			snprintf(error, size, "%s:%d: shared: { name = size } "
			    "expected", item->v.file ? item->v.file :
			    p->conf.conf_path, item->v.line);
			return -1;
		}
		api_shared_declare(p, item->key, (size_t)n);
	}
	return 0;
}

static int
load_all(struct policy *p, char *error, size_t size)
{
	size_t i;

	if (state_call(p, open_state, NULL, error, size))
		return -1;
	if (declare_shared(p, error, size) || instance_entries(p, error, size))
		return -1;
	lifecycle_limit(p, true);
	for (i = 0; i < p->instances; i++) {
		if (instance_load(p, p->instance[i], error, size))
			return -1;
	}
	if (chain_build(p, error, size) || api_shared_attach(p, error, size) ||
	    lifecycle_start(p, error, size))
		return -1;
	lifecycle_limit(p, false);
	return lifecycle_freeze(p, error, size);
}

struct policy *
policy_load(const struct policy_conf *conf, struct session_env *env,
    char *error, size_t size)
{
	struct policy *p = mem_alloc(sizeof *p);

	p->conf = *conf;
	p->env = env;
	p->limit = conf->memory ? conf->memory : SIZE_MAX;
	p->arena = arena_new();
	*error = '\0';
	task_open(p);
	if (state_open(p))
		snprintf(error, size, "no memory for Lua");
	else if (load_all(p, error, size) == 0)
		return p;
	policy_free(p);
	return NULL;
}

void
policy_free(struct policy *p)
{
	uint32_t i;

	if (!p)
		return;
	lifecycle_close(p);
	api_clock_close(p);
	for (i = 0; i < p->slots; i++) {
		if (p->slot[i].visit)
			visit_gone(p->slot[i].visit->session);
	}
	task_close(p);
	state_close(p);
	mem_free(p->slot);
	arena_free(p->arena);
	mem_free(p);
}

/* What a session calls. */
static void
on_ask(struct session *s, const struct session_question *q)
{
	struct visit *v = visit_of(s);

	if (q->stage == STAGE_PRE_CONNECTION || q->stage == STAGE_CONNECT)
		visit_meet(v, q->stage);
	run_ask(&v->run, q->stage);
}

static void
on_forget(struct session *s)
{
	struct visit *v = s->policy;

	if (v)
		run_cancel(&v->run);
}

static void
on_reply(struct session *s, const char *verb, struct reply *reply)
{
	run_reply(visit_of(s), verb, reply);
}

static void
on_summary(struct session *s, struct log_line *line)
{
	if (s->policy)
		api_result_summary(s->policy, line);
}

const struct session_policy policy_session = {
	.ask = on_ask, .forget = on_forget, .reply = on_reply,
	.txn_reset = visit_txn_reset, .gone = visit_gone,
	.summary = on_summary,
};

size_t
policy_hooks(const struct policy *p)
{
	return p->instances;
}

uint32_t
policy_stages(const struct policy *p, size_t chain)
{
	return p->chain[chain].stages;
}

const char *const *
policy_ehlo(const struct policy *p, size_t chain)
{
	return p->chain[chain].ehlo;
}

const struct policy_declared *
policy_shared_wanted(const struct policy *p, size_t *count)
{
	*count = p->declareds;
	return p->declared;
}

size_t
policy_memory(const struct policy *p)
{
	return p->used;
}

unsigned
policy_waiting(const struct policy *p)
{
	return p->waiting;
}

bool
policy_exhausted(const struct policy *p)
{
	return p->exhausted;
}
