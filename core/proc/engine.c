#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dns.h"
#include "mem.h"
#include "offload.h"
#include "policy.h"
#include "relay.h"

#include "bundle.h"
#include "generation.h"
#include "loader.h"

#include "engine.h"

enum { THREADS = 4 };

static struct dns *
open_dns(const struct generation *g, struct ev_loop *loop)
{
	struct dns_conf dc = {
		.servers = g->conf.dns.servers,
		.timeout = g->conf.dns.timeout,
		.tries = g->conf.dns.tries,
	};
	size_t len;

	dc.resolv_conf = bundle_find(g->bundle, BUNDLE_SYSTEM, "resolv.conf",
	    &len, NULL);
	dc.hosts = bundle_find(g->bundle, BUNDLE_SYSTEM, "hosts", &len, NULL);
	return dns_new(loop, &dc);
}

static struct policy *
open_policy(struct engine *e, const struct engine_args *a, char *error)
{
	struct generation *g = e->gen;
	struct policy_conf pc;

	generation_policy_conf(&g->conf, g->arena, &pc);
	pc.find = generation_find;
	pc.find_arg = g->bundle;
	pc.dict = a->dict;
	pc.dicts = a->dicts;
	pc.running = a->running;
	pc.running_size = a->running_size;
	pc.leads = a->leads;
	pc.leads_arg = a->leads_arg;
	return policy_load(&pc, &e->env, error, CONF_ERROR_MAX);
}

/* Its name is the context: a ticket that one listener gave is good for no
 * other, and so each has a server of its own. */
static int
open_servers(struct engine *e, const struct engine_args *a, char *error)
{
	char why[TLS_ERROR_MAX];
	struct conf *c = &e->gen->conf;
	struct session_conf *s;
	size_t i;

	for (i = 0; i < c->listeners; i++) {
		s = &c->listener[i].session;
		if (s->tls == SESSION_TLS_OFF)
			continue;
		s->tls_server = keyring_server(&e->keys, &c->tls, s->listener,
		    a->tickets, why);
		if (!s->tls_server) {
			snprintf(error, CONF_ERROR_MAX, "tls: %s", why);
			return -1;
		}
	}
	return 0;
}

static void
close_servers(struct engine *e)
{
	struct conf *c = &e->gen->conf;
	size_t i;

	for (i = 0; i < c->listeners; i++) {
		tls_server_free(c->listener[i].session.tls_server);
		c->listener[i].session.tls_server = NULL;
	}
}

/* Each listener learns what the hooks of its chain want to hear and say. */
static void
fill_listeners(struct engine *e, const struct engine_args *a)
{
	struct conf *c = &e->gen->conf;
	struct session_conf *s;
	size_t i;

	for (i = 0; i < c->listeners; i++) {
		s = &c->listener[i].session;
		s->stages = policy_stages(e->policy, s->chain);
		s->advertise = policy_ehlo(e->policy, s->chain);
		if (a->watch)
			relays_watch(e->env.relays, s->relay);
	}
}

static void
fill_env(struct engine *e, const struct engine_args *a)
{
	struct relays_conf rc = {
		.loop = e->loop, .hostname = e->gen->conf.hostname,
		.certificate = keyring_certificate,
		.secret = keyring_password,
		.find_arg = &e->keys,
	};

	e->env.loop = e->loop;
	e->env.policy = &policy_session;
	rc.offload = e->env.offload = offload_new(e->loop, THREADS);
	e->env.routes = &e->gen->conf.routes;
	e->env.spool_dir = e->gen->conf.spool_dir;
	e->env.stats = a->stats ? a->stats : &e->stats;
	e->env.connections = a->connections;
	e->env.readdress = a->readdress;
	e->env.rate_admit = a->rate_admit;
	e->env.ended = a->ended;
	rc.dns = e->env.dns = open_dns(e->gen, e->loop);
	if (rc.dns)
		e->env.relays = relays_new(&rc);
}

struct engine *
engine_new(const struct engine_args *a, char error[CONF_ERROR_MAX])
{
	struct engine *e = mem_alloc(sizeof *e);

	e->gen = a->gen;
	e->loop = a->loop;
	e->keys = (struct keyring){ a->gen->bundle, a->gen->secret };
	fill_env(e, a);
	if (!e->env.dns) {
		snprintf(error, CONF_ERROR_MAX, "dns: %s", strerror(errno));
		goto fail;
	}
	e->policy = open_policy(e, a, error);
	if (!e->policy)
		goto fail;
	e->env.policy_data = e->policy;
	if (open_servers(e, a, error) < 0)
		goto fail;
	fill_listeners(e, a);
	return e;
fail:
	engine_free(e);
	return NULL;
}

void
engine_free(struct engine *e)
{
	if (!e)
		return;
	policy_free(e->policy);
	relays_free(e->env.relays);
	dns_free(e->env.dns);
	offload_free(e->env.offload);
	close_servers(e);
	mem_free(e);
}
