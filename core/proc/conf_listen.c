#include <string.h>

#include "mem.h"
#include "value.h"

#include "conf_place.h"
#include "file.h"

#include "conf_schema.h"

enum { SMTP_PORT = 25 };

static int
read_address(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, struct conf_listener *l)
{
	const char *text = v ? conf_text(v) : NULL;

	if (!text)
		return conf_fail_type(r, v, step, "an address such as "
		    "\"0.0.0.0:25\"");
	l->text = text;
	if (strncmp(text, "unix:", 5) == 0 && text[5] && text[5] != '/')
		text = arena_printf(r->arena, "unix:%s",
		    file_path(r->arena, conf_base(r, v), text + 5));
	if (addr_parse(text, SMTP_PORT, &l->addr) < 0)
		return conf_fail_type(r, v, step, "\"addr:port\", "
		    "\"[v6]:port\" or \"unix:/path\"");
	l->unix_socket = addr_family(&l->addr) == AF_UNIX;
	return 0;
}

/* What a table of `listen` sets for its listener alone. */
static int
read_table(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, struct conf_listener *l)
{
	struct conf_step at = { .up = step, .index = 1 };
	struct conf_raw raw = { .listen = NULL };

	if (value_len(v) != 1)
		return conf_fail(r, v, step, "expected one address, got %zu",
		    value_len(v));
	if (read_address(r, value_at(v, 0), &at, l) < 0)
		return -1;
	r->session = &l->session;
	r->raw = &raw;
	r->listener = true;
	if (conf_schema_read(r, v, step, "listen") < 0)
		return -1;
	r->listener = false;
	l->name = raw.name;
	at.key = "relay";
	if (raw.relay && !(l->session.relay =
	    conf_relay_read(r, raw.relay, &at)))
		return -1;
	at.key = "hooks";
	if (raw.hooks &&
	    conf_hooks_select(r, raw.hooks, &at, &l->hooks) < 0)
		return -1;
	at.key = "ehlo";
	if (raw.ehlo && conf_ehlo_read(r, raw.ehlo, &at) < 0)
		return -1;
	return conf_tls_check(r, v, step, l);
}

static int
read_listener(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, struct conf_listener *l)
{
	struct conf_step relay = { .key = "relay" };
	struct conf_listener *other;

	l->session = *r->session;
	if (v->type == VALUE_TABLE) {
		if (read_table(r, v, step, l) < 0)
			return -1;
	} else if (read_address(r, v, step, l) < 0) {
		return -1;
	}
	if (!l->name)
		l->name = l->text;
	l->session.listener = l->name;
	if (!l->session.relay)
		return conf_fail(r, r->tree, &relay, "missing: the next hop, "
		    "such as \"smtp://host:port\"");
	for (other = r->conf->listener; other < l; other++) {
		if (addr_equal(&other->addr, &l->addr) &&
		    (l->unix_socket || addr_port(&l->addr) != 0))
			return conf_fail(r, v, step, "%s is there twice",
			    l->text);
		if (strcmp(other->name, l->name) == 0 && l->name != l->text)
			return conf_fail(r, v, step,
			    "a second listener named \"%s\"", l->name);
	}
	return 0;
}

/*
 * Chains of hooks are numbered: 0 for the listeners that take all hooks, one
 * more for each that has a list of its own.
 */
static void
number_chains(struct conf *c)
{
	unsigned next = 1;
	size_t i;

	for (i = 0; i < c->listeners; i++)
		c->listener[i].session.chain = c->listener[i].hooks ?
		    next++ : 0;
}

int
conf_listen_read(struct conf_reader *r, const struct value *v)
{
	struct conf_step top = { .key = "listen" }, step = { .up = &top };
	struct session_conf *base = r->session;
	struct conf *c = r->conf;
	bool single = v->type != VALUE_TABLE || v->t.count > value_len(v);
	size_t i;

	c->listeners = single ? 1 : value_len(v);
	if (c->listeners == 0)
		return conf_fail(r, v, &top, "expected at least one address");
	c->listener = arena_alloc(r->arena,
	    c->listeners * sizeof *c->listener);
	for (i = 0; i < c->listeners; i++) {
		step.index = i + 1;
		r->session = base;
		if (read_listener(r, single ? v : value_at(v, i),
		    single ? &top : &step, &c->listener[i]) < 0)
			return -1;
	}
	r->session = base;
	number_chains(c);
	return 0;
}
