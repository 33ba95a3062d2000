#include "descriptors.h"
#include "log.h"
#include "mem.h"
#include "plan.h"
#include "shared.h"

#include "release.h"

/* What fits, and what was asked for but does not. */
static void
set_limits(struct release *r, size_t descriptors)
{
	const struct conf *conf = &r->gen->conf;
	unsigned most = plan_most(&conf->workers), asked, all;

	r->capacity = plan_capacity(conf->workers.sessions, descriptors,
	    (unsigned)conf->listeners + conf->lua.sockets);
	if (r->capacity < conf->workers.sessions)
		log_event(LOG_WARN, "start", "workers.sessions lowered from "
		    "%u to %u: %zu descriptors a process",
		    conf->workers.sessions, r->capacity, descriptors);
	all = most * r->capacity;
	asked = conf->admission.sessions;
	r->total = asked > 0 && asked < all ? asked : all;
	if (asked > all && asked != most * conf->workers.sessions)
		log_event(LOG_WARN, "start", "limits.sessions lowered from "
		    "%u to %u: %u workers of %u sessions", asked, all, most,
		    r->capacity);
}

struct release *
release_new(struct generation *gen, const struct release *old,
    struct shared *shared, char error[CONF_ERROR_MAX])
{
	struct release *r = mem_alloc(sizeof *r);

	r->gen = gen;
	r->rates = shared_rates(shared);
	r->tickets = shared_tickets(shared);
	if (shared_open(shared, gen, &r->dict, &r->dicts, error) < 0)
		goto fail;
	r->listeners = listen_open(&gen->conf, old ? old->listeners : NULL,
	    !old, error);
	if (!r->listeners)
		goto fail;
	set_limits(r, descriptors_raise());
	return r;
fail:
	release_abandon(r, old, shared);
	return NULL;
}

void
release_commit(struct release *old, const struct release *in_force,
    struct shared *shared)
{
	shared_keep(shared, in_force->gen);
	if (!old)
		return;
	listen_commit(old->listeners, in_force->listeners);
	generation_free(old->gen);
	mem_free(old);
}

void
release_abandon(struct release *r, const struct release *in_force,
    struct shared *shared)
{
	listen_abandon(r->listeners);
	generation_free(r->gen);
	mem_free(r);
	if (in_force)
		shared_keep(shared, in_force->gen);
}

void
release_close(struct release *r)
{
	listen_close(r->listeners);
	r->listeners = NULL;
}

void
release_free(struct release *r)
{
	if (!r)
		return;
	listen_close(r->listeners);
	generation_free(r->gen);
	mem_free(r);
}
