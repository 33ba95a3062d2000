#include <stdio.h>
#include <string.h>

#include "mem.h"

#include "host.h"
#include "instance.h"
#include "nearest.h"

#include "chain.h"

static int
unknown(const struct policy *p, const char *listener, const char *name,
    char *error, size_t size)
{
	char text[NEAREST_MAX + 32];
	struct nearest n;
	size_t i;

	nearest_init(&n, name);
	for (i = 0; i < p->instances; i++)
		nearest_offer(&n, p->instance[i]->name);
	snprintf(error, size, "%s: listener %s: hooks: there is no \"%s\" in "
	    "the list hooks%s", p->conf.conf_path ? p->conf.conf_path :
	    "configuration", listener ? listener : "?", name,
	    nearest_hint(&n, text));
	return -1;
}

/* The instances in the order of the listener. */
static int
collect(struct policy *p, const struct policy_chain *from, struct chain *c,
    char *error, size_t size)
{
	size_t i, n = 0;

	c->listener = from->listener;
	if (!from->instances) {
		c->all = arena_alloc(p->arena,
		    (p->instances + 1) * sizeof *c->all);
		for (i = 0; i < p->instances; i++)
			c->all[i] = p->instance[i];
		return 0;
	}
	while (from->instances[n])
		n++;
	c->all = arena_alloc(p->arena, (n + 1) * sizeof *c->all);
	for (i = 0; i < n; i++) {
		c->all[i] = instance_find(p, from->instances[i]);
		if (!c->all[i])
			return unknown(p, from->listener, from->instances[i],
			    error, size);
	}
	return 0;
}

static void
sort_by_stage(struct policy *p, struct chain *c)
{
	struct instance **in, **out;
	size_t n = 0;
	int stage;

	while (c->all[n])
		n++;
	for (stage = 0; stage < STAGE_COUNT; stage++) {
		out = arena_alloc(p->arena, (n + 1) * sizeof *out);
		c->at[stage] = out;
		for (in = c->all; *in; in++) {
			if ((*in)->stages >> stage & 1)
				*out++ = *in;
		}
		if (out > c->at[stage])
			c->stages |= 1u << stage;
	}
}

static void
collect_ehlo(struct policy *p, struct chain *c)
{
	struct instance **in;
	size_t n = 0;
	const char *const *e;

	for (in = c->all; *in; in++) {
		for (e = (*in)->ehlo; e && *e; e++)
			n++;
	}
	c->ehlo = arena_alloc(p->arena, (n + 1) * sizeof *c->ehlo);
	n = 0;
	for (in = c->all; *in; in++) {
		for (e = (*in)->ehlo; e && *e; e++)
			c->ehlo[n++] = *e;
	}
}

int
chain_build(struct policy *p, char *error, size_t size)
{
	static const struct policy_chain whole;
	const struct policy_chain *from = p->conf.chain;
	size_t i;

	p->chains = p->conf.chains;
	if (p->chains == 0) {
		from = &whole;
		p->chains = 1;
	}
	p->chain = arena_alloc(p->arena, p->chains * sizeof *p->chain);
	for (i = 0; i < p->chains; i++) {
		if (collect(p, &from[i], &p->chain[i], error, size))
			return -1;
		sort_by_stage(p, &p->chain[i]);
		collect_ehlo(p, &p->chain[i]);
	}
	return 0;
}

struct instance *const *
chain_stage(const struct policy *p, size_t chain, enum stage stage)
{
	return p->chain[chain].at[stage];
}
