#include <ctype.h>
#include <string.h>

#include "mem.h"
#include "value.h"

#include "conf_place.h"

#include "conf_schema.h"

/* What an entry may hold for the core; all else is a setting of the hook. */
static const char *const actions[] = { "defer", "next", "reject", NULL };
static const struct conf_key entry_keys[] = {
{ "as",		.type = CONF_TEXT },
{ "on_error",	.type = CONF_CHOICE, .choice = actions },
{ "timeout",	.type = CONF_DURATION, .min = 0.001, .max = 86400 },
{ "later",	.type = CONF_BOOL },
{ "shadow",	.type = CONF_LATER, .initial = "false" },
};

static bool
is_name(const char *p)
{
	if (!p || !*p || strlen(p) > 60)
		return false;
	for (; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			return false;
	return true;
}

static const char *
instance(const struct value *entry)
{
	const struct value *as = value_get(entry, "as");

	if (entry->type == VALUE_STRING)
		return entry->s.p;
	return as ? as->s.p : value_at(entry, 0)->s.p;
}

/* Checked only: the policy reads these itself. */
static int
check_key(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	struct conf_key k;
	size_t i;

	for (i = 0; i < sizeof entry_keys / sizeof *entry_keys; i++) {
		k = entry_keys[i];
		k.target = CONF_TO_RESULT;
		if (strcmp(k.name, step->key) != 0)
			continue;
		if (k.type == CONF_TEXT && !is_name(conf_text(v)))
			return conf_fail_type(r, v, step, "a name");
		return conf_value_read(r, &k, v, step);
	}
	return 0;
}

static int
check_entry(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	struct conf_step at = { .up = step };
	size_t i;

	if (v->type == VALUE_STRING && is_name(conf_text(v)))
		return 0;
	if (v->type != VALUE_TABLE || value_len(v) != 1 ||
	    !is_name(conf_text(value_at(v, 0))))
		return conf_fail_type(r, v, step, "the name of a hook, or a "
		    "table that begins with one");
	for (i = 1; i < v->t.count; i++) {
		at.key = v->t.item[i].key;
		if (check_key(r, &v->t.item[i].v, &at) < 0)
			return -1;
	}
	return 0;
}

int
conf_hooks_read(struct conf_reader *r, const struct value *v)
{
	struct conf_step top = { .key = "hooks" }, step = { .up = &top };
	const struct value *entry;
	size_t i, j;

	if (v->type != VALUE_TABLE || v->t.count > value_len(v))
		return conf_fail_type(r, v, &top, "a list");
	for (i = 0; i < v->t.count; i++) {
		entry = value_at(v, i);
		step.index = i + 1;
		if (check_entry(r, entry, &step) < 0)
			return -1;
		for (j = 0; j < i; j++)
			if (strcmp(instance(value_at(v, j)),
			    instance(entry)) == 0)
				return conf_fail(r, entry, &step, "a second "
				    "hook named \"%s\": give it another name "
				    "with as =", instance(entry));
	}
	r->conf->hooks = v;
	return 0;
}

static int
unknown(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, const char *name)
{
	const char *near = NULL, *other;
	unsigned best = (unsigned)strlen(name) / 3 + 2, d;
	size_t i;

	for (i = 0; i < value_len(r->conf->hooks); i++) {
		other = instance(value_at(r->conf->hooks, i));
		d = conf_schema_distance(name, other);
		if (d < best) {
			best = d;
			near = other;
		}
	}
	if (near)
		return conf_fail(r, v, step, "\"%s\" is not in hooks (did you "
		    "mean \"%s\"?)", name, near);
	return conf_fail(r, v, step, "\"%s\" is not in hooks", name);
}

int
conf_hooks_select(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, const char *const **out)
{
	struct conf_step at = { .up = step };
	const struct value *item;
	const char **list;
	size_t i, j;

	if (v->type != VALUE_TABLE || v->t.count > value_len(v))
		return conf_fail_type(r, v, step, "a list of names from hooks");
	*out = list = arena_alloc(r->arena, (v->t.count + 1) * sizeof *list);
	for (i = 0; i < v->t.count; i++) {
		item = value_at(v, i);
		at.index = i + 1;
		if (!conf_text(item))
			return conf_fail_type(r, item, &at,
			    "a name from hooks");
		for (j = 0; j < value_len(r->conf->hooks); j++)
			if (strcmp(instance(value_at(r->conf->hooks, j)),
			    item->s.p) == 0)
				list[i] = item->s.p;
		if (!list[i])
			return unknown(r, item, &at, item->s.p);
		for (j = 0; j < i; j++)
			if (strcmp(list[j], list[i]) == 0)
				return conf_fail(r, item, &at,
				    "\"%s\" is there twice", list[i]);
	}
	return 0;
}
