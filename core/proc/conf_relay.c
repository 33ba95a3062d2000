#include <string.h>

#include "buf.h"
#include "mem.h"
#include "nexthop.h"
#include "value.h"

#include "conf_place.h"
#include "file.h"

#include "conf_schema.h"

/*
 * A route is written as a URL or name; as a table with options and one URL in
 * front; or as a list of these, tried in order.
 */
static bool
has_options(const struct value *v)
{
	return v->type == VALUE_TABLE && v->t.count > value_len(v);
}

/* A relative path in a URL is made absolute, and tidy: logs show it. */
static const char *
absolute(struct conf_reader *r, const struct value *v, const char *url)
{
	static const char *const schemes[] = { "maildir:", "lmtp+unix:" };
	size_t i, len;

	for (i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		len = strlen(schemes[i]);
		if (strncmp(url, schemes[i], len) == 0 && url[len])
			return arena_printf(r->arena, "%s%s", schemes[i],
			    file_path(r->arena, conf_base(r, v), url + len));
	}
	return url;
}

/* The hops that a name or URL stands for. */
static const struct route *
find(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	const char *text = conf_text(v), *error = NULL;
	const struct route *named;
	struct nexthop *hop;
	struct route *route;

	if (!text) {
		conf_fail_type(r, v, step,
		    "a next hop such as \"smtp://host:port\"");
		return NULL;
	}
	if (!strchr(text, ':')) {
		named = route_find(&r->conf->routes, text, r->arena, &error);
		if (!named)
			conf_fail_type(r, v, step, "a name from relays, or a "
			    "URL such as \"smtp://host:port\"");
		return named;
	}
	/* Not shown: there may be a password in it. */
	if (strstr(text, "://") && strchr(text, '@')) {
		conf_fail(r, v, step, "a URL here names no user: that is "
		    "auth = { user = ..., password = ... } beside it");
		return NULL;
	}
	hop = arena_alloc(r->arena, sizeof *hop);
	if (nexthop_parse(absolute(r, v, text), NULL, r->arena, hop,
	    &error) < 0) {
		conf_fail_type(r, v, step, error);
		return NULL;
	}
	route = arena_alloc(r->arena, sizeof *route);
	route->name = text;
	route->hop = hop;
	route->count = 1;
	return route;
}

/* { "smtp://host", timeout = "5s" }: the options go to a copy of its hops. */
static const struct route *
with_options(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	struct conf_step at = { .up = step, .index = 1 };
	const struct route *found;
	struct route *route;
	struct nexthop *hop;
	size_t i;

	if (value_len(v) != 1) {
		conf_fail(r, v, step, "expected one URL before the options, "
		    "got %zu", value_len(v));
		return NULL;
	}
	found = find(r, value_at(v, 0), &at);
	if (!found)
		return NULL;
	route = arena_memdup(r->arena, found, sizeof *found);
	route->hop = hop = arena_memdup(r->arena, found->hop,
	    found->count * sizeof *hop);
	for (i = 0; i < route->count; i++) {
		r->hop = &hop[i];
		if (conf_schema_read(r, v, step, "relay") < 0 ||
		    conf_hop_read(r, v, step) < 0)
			return NULL;
	}
	return route;
}

static const struct route *
one(struct conf_reader *r, const struct value *v, const struct conf_step *step)
{
	return has_options(v) ? with_options(r, v, step) : find(r, v, step);
}

const struct route *
conf_relay_read(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	struct conf_step at = { .up = step };
	struct route *all = arena_alloc(r->arena, sizeof *all);
	const struct route *part;
	struct nexthop *hops = NULL;
	struct buf name;
	size_t i;

	if (has_options(v) || v->type != VALUE_TABLE)
		return one(r, v, step);
	buf_init(&name);
	for (i = 0; i < value_len(v); i++) {
		at.index = i + 1;
		part = one(r, value_at(v, i), &at);
		if (!part) {
			all = NULL;
			break;
		}
		hops = mem_resize(hops,
		    (all->count + part->count) * sizeof *hops);
		memcpy(hops + all->count, part->hop,
		    part->count * sizeof *hops);
		all->count += part->count;
		buf_printf(&name, "%s%s", name.len > 0 ? ", " : "",
		    part->name);
	}
	if (all && all->count == 0) {
		conf_fail(r, v, step, "expected at least one next hop");
		all = NULL;
	}
	if (all) {
		all->name = arena_strndup(r->arena, name.p, name.len);
		all->hop = arena_memdup(r->arena, hops,
		    all->count * sizeof *hops);
	}
	mem_free(hops);
	buf_clear(&name);
	return all;
}

int
conf_relay_table(struct conf_reader *r, const struct value *v)
{
	struct conf_step top = { .key = "relays" }, step = { .up = &top };
	const struct route *found;
	struct route *route;
	size_t i;

	if (v->type != VALUE_TABLE || value_len(v) > 0)
		return conf_fail_type(r, v, &top, "a table of names");
	route = arena_alloc(r->arena, (v->t.count + 1) * sizeof *route);
	for (i = 0; i < v->t.count; i++) {
		step.key = v->t.item[i].key;
		if (strchr(step.key, ':'))
			return conf_fail(r, &v->t.item[i].v, &step,
			    "expected a name without \":\"");
		found = conf_relay_read(r, &v->t.item[i].v, &step);
		if (!found)
			return -1;
		route[i] = *found;
		route[i].name = step.key;
	}
	r->conf->routes.route = route;
	r->conf->routes.count = v->t.count;
	return 0;
}
