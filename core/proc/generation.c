#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "value.h"

#include "bundle.h"
#include "conf.h"
#include "loader.h"
#include "policy.h"

#include "generation.h"

/* The names of all listeners that share a chain. */
static const char *
chain_name(const struct conf *c, unsigned chain, struct arena *arena)
{
	const char *name = NULL;
	size_t i;

	for (i = 0; i < c->listeners; i++) {
		if (c->listener[i].session.chain != chain)
			continue;
		name = !name ? c->listener[i].name : arena_printf(arena,
		    "%s, %s", name, c->listener[i].name);
	}
	return name ? name : "";
}

static struct policy_chain *
chains(const struct conf *c, struct arena *arena, size_t *count)
{
	struct policy_chain *chain;
	size_t i, n;

	chain = arena_alloc(arena, (c->listeners + 1) * sizeof *chain);
	*count = 1;
	for (i = 0; i < c->listeners; i++) {
		n = c->listener[i].session.chain;
		if (n >= *count)
			*count = n + 1;
		chain[n].instances = c->listener[i].hooks;
	}
	for (i = 0; i < *count; i++)
		chain[i].listener = chain_name(c, (unsigned)i, arena);
	return chain;
}

void
generation_policy_conf(const struct conf *c, struct arena *arena,
    struct policy_conf *out)
{
	memset(out, 0, sizeof *out);
	out->hooks = c->hooks;
	out->chain = chains(c, arena, &out->chains);
	out->shared = c->shared;
	out->routes = &c->routes;
	out->memory = c->lua.memory;
	out->jit = c->lua.jit;
	out->start_timeout = c->timeouts.hook;
	out->conf_path = c->path;
}

const struct policy_chain *
generation_chains(const struct generation *g, size_t *count)
{
	return chains(&g->conf, g->arena, count);
}

/* What the checker reported: { hooks = 3, shared = { name = size } } */
static int
read_check(struct generation *g)
{
	const struct value *hooks, *shared;
	const struct value_item *item;
	struct value v;
	const char *p;
	size_t len, i;

	p = bundle_find(g->bundle, BUNDLE_META, "check", &len, NULL);
	if (!p || value_decode(p, len, g->arena, &v) < 0)
		return -1;
	hooks = value_get(&v, "hooks");
	shared = value_get(&v, "shared");
	if (!hooks || hooks->type != VALUE_NUMBER || hooks->n < 0 ||
	    hooks->n > 1e6 || !shared || shared->type != VALUE_TABLE ||
	    value_len(shared) > 0)
		return -1;
	g->hooks = (size_t)hooks->n;
	g->shareds = shared->t.count;
	g->shared = arena_alloc(g->arena, (g->shareds + 1) * sizeof *g->shared);
	for (i = 0; i < g->shareds; i++) {
		item = &shared->t.item[i];
		if (item->v.type != VALUE_NUMBER || item->v.n < 0 ||
		    item->v.n > 0x1p40)
			return -1;
		g->shared[i].name = item->key;
		g->shared[i].size = (size_t)item->v.n;
	}
	return 0;
}

int
generation_read_conf(const char *p, size_t len, const char *path,
    struct arena *arena, struct conf *out, char error[CONF_ERROR_MAX])
{
	struct value *tree = arena_alloc(arena, sizeof *tree);

	if (!p || value_decode(p, len, arena, tree) < 0) {
		snprintf(error, CONF_ERROR_MAX, "the bundle has no "
		    "configuration");
		return -1;
	}
	return conf_read(tree, path, arena, out, error);
}

static int
read_conf(struct generation *g, char error[CONF_ERROR_MAX])
{
	const char *p, *path = "";
	size_t len = 0;

	p = bundle_find(g->bundle, BUNDLE_CONF, "conf", &len, &path);
	if (generation_read_conf(p, len, path, g->arena, &g->conf, error) < 0)
		return -1;
	if (!g->conf.user && geteuid() == 0)
		g->conf.user = "lunette";
	return 0;
}

struct generation *
generation_open(const int fds[2], unsigned number, char error[CONF_ERROR_MAX])
{
	struct generation *g = mem_alloc(sizeof *g);

	g->number = number;
	g->public_fd = fds[0];
	g->secret_fd = fds[1];
	g->arena = arena_new();
	g->bundle = bundle_open(g->public_fd);
	if (!g->bundle) {
		snprintf(error, CONF_ERROR_MAX, "the bundle cannot be used: "
		    "%s", strerror(errno));
		goto fail;
	}
	if (read_conf(g, error) < 0)
		goto fail;
	if (read_check(g) < 0) {
		snprintf(error, CONF_ERROR_MAX, "the bundle has no report of "
		    "the check");
		goto fail;
	}
	return g;
fail:
	generation_free(g);
	return NULL;
}

int
generation_reveal(struct generation *g)
{
	g->secret = bundle_open(g->secret_fd);
	if (!g->secret)
		return -1;
	close(g->secret_fd);
	g->secret_fd = -1;
	return 0;
}

void
generation_free(struct generation *g)
{
	if (!g)
		return;
	bundle_close(g->secret);
	bundle_close(g->bundle);
	close(g->public_fd);
	if (g->secret_fd >= 0)
		close(g->secret_fd);
	arena_free(g->arena);
	mem_free(g);
}

const char *
generation_find(void *arg, enum policy_file kind, const char *name,
    size_t *len, const char **path)
{
	static const enum bundle_kind kinds[] = {
		[POLICY_HOOK] = BUNDLE_HOOK,
		[POLICY_MODULE] = BUNDLE_MODULE,
		[POLICY_LIST] = BUNDLE_LIST,
	};
	const char *p = bundle_find(arg, kinds[kind], name, len, path);

	if (!p)
		*path = "the bundle of this generation";
	return p;
}
