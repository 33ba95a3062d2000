#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "shdict.h"
#include "value.h"

#include "conf_place.h"
#include "conf_schema.h"
#include "file.h"

#include "conf.h"

static const char *
machine_name(struct arena *arena)
{
	char name[HOST_NAME_MAX + 1] = "";

	if (gethostname(name, sizeof name - 1) < 0 || !*name)
		return "localhost";
	return arena_strdup(arena, name);
}

static unsigned
cpus(unsigned max)
{
	cpu_set_t set;
	unsigned n;

	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 1;
	n = (unsigned)CPU_COUNT(&set);
	return n < max ? n : max;
}

/* workers.count: a number, or "auto". */
static int
read_count(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, unsigned *out)
{
	struct conf_key k = *conf_schema_find("workers", "count");

	if (!v || (v->type == VALUE_STRING && strcmp(v->s.p, "auto") == 0)) {
		*out = cpus((unsigned)k.max);
		return 0;
	}
	if (v->type == VALUE_STRING)
		return conf_fail_type(r, v, step, "a number or \"auto\"");
	k.type = CONF_COUNT;
	k.target = CONF_TO_RESULT;
	if (conf_value_read(r, &k, v, step) < 0)
		return -1;
	*out = r->result.count;
	return 0;
}

/* A pool is fixed (count), or elastic (min, max, spare). */
static int
read_workers(struct conf_reader *r, const struct value *tree)
{
	static const char *const elastic[] = { "min", "max", "spare" };
	struct conf_step top = { .key = "workers" }, step = { .up = &top };
	const struct value *table = value_get(tree, "workers"), *v = NULL;
	struct conf_workers *w = &r->conf->workers;
	size_t i;

	for (i = 0; i < 3 && !v; i++)
		v = value_get(table, step.key = elastic[i]);
	if (v && r->raw->count)
		return conf_fail(r, v, &step, "not together with "
		    "workers.count: a pool is fixed, or elastic");
	if (!v) {
		step.key = "count";
		return read_count(r, r->raw->count, &step, &w->count);
	}
	if (w->min == 0)
		w->min = 1;
	if (w->spare == 0)
		w->spare = 1;
	if (w->max == 0)
		w->max = (unsigned)conf_schema_find("workers", "max")->max;
	if (w->min > w->max)
		return conf_fail(r, v, &top, "min is above max");
	if (w->spare > w->max)
		return conf_fail(r, v, &top, "spare is above max");
	return 0;
}

static int
read_per_client_item(struct conf_reader *r, const struct conf_key *k,
    const struct value_item *item, const struct conf_step *up)
{
	struct conf_admission *a = &r->conf->admission;
	struct conf_step step = { .up = up, .key = item->key };
	struct conf_per_client *to;

	if (!item->key)
		return conf_fail_type(r, &item->v, up,
		    "a number, or a map of networks to numbers");
	if (conf_value_read(r, k, &item->v, &step) < 0)
		return -1;
	if (strcmp(item->key, "default") == 0) {
		a->per_client = r->result.count;
		return 0;
	}
	to = &a->per_client_map[a->per_client_count++];
	to->limit = r->result.count;
	if (cidr_parse(item->key, &to->net) < 0)
		return conf_fail(r, &item->v, &step, "expected a network "
		    "such as \"192.0.2.0/24\", or default");
	return 0;
}

/* limits.per_client: a number, or { ["10.0.0.0/8"] = 500, default = 50 }. */
static int
read_per_client(struct conf_reader *r, const struct value *v)
{
	struct conf_step top = { .key = "limits" };
	struct conf_step step = { .up = &top, .key = "per_client" };
	struct conf_key k = *conf_schema_find("limits", "per_client");
	struct conf_admission *a = &r->conf->admission;
	size_t i;

	k.type = CONF_COUNT;
	k.target = CONF_TO_RESULT;
	a->per_client = (unsigned)strtoul(k.initial, NULL, 10);
	if (!v)
		return 0;
	if (v->type != VALUE_TABLE) {
		if (conf_value_read(r, &k, v, &step) < 0)
			return -1;
		a->per_client = r->result.count;
		return 0;
	}
	a->per_client_map = arena_alloc(r->arena,
	    (v->t.count + 1) * sizeof *a->per_client_map);
	for (i = 0; i < v->t.count; i++)
		if (read_per_client_item(r, &k, &v->t.item[i], &step) < 0)
			return -1;
	return 0;
}

static int
read_shared(struct conf_reader *r, const struct value *v)
{
	static const struct conf_key size = {
		"", .type = CONF_SIZE, .target = CONF_TO_RESULT,
		.min = SHDICT_SIZE_MIN, .max = 1024.0 * 1024 * 1024,
	};
	struct conf_step top = { .key = "shared" }, step = { .up = &top };
	size_t i;

	if (v->type != VALUE_TABLE || value_len(v) > 0)
		return conf_fail_type(r, v, &top, "a table of sizes");
	for (i = 0; i < v->t.count; i++) {
		step.key = v->t.item[i].key;
		if (conf_value_read(r, &size, &v->t.item[i].v, &step) < 0)
			return -1;
	}
	r->conf->shared = v;
	return 0;
}

static int
read_admission(struct conf_reader *r, const struct value *tree)
{
	struct conf_step top = { .key = "limits" };
	struct conf_step step = { .up = &top, .key = "reserve" };
	struct conf_admission *a = &r->conf->admission;
	struct conf_workers *w = &r->conf->workers;
	const struct value *v = value_get(value_get(tree, "limits"), step.key);

	a->trusted = r->session->trusted;
	if (a->sessions == 0)
		a->sessions = (w->count ? w->count : w->max) * w->sessions;
	if (v && a->reserve >= a->sessions)
		return conf_fail(r, v, &step, "%u is not below the total of "
		    "%u sessions", a->reserve, a->sessions);
	return read_per_client(r, r->raw->per_client);
}

/* The tree in which the program was built, if it runs from there; or NULL. */
static const char *
source_tree(struct arena *arena)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (n <= 0)
		return NULL;
	exe[n] = '\0';
	if (strncmp(exe, PREFIX "/bin/", sizeof PREFIX "/bin/" - 1) == 0)
		return NULL;
	return file_path(arena, file_dir(arena, exe), "..");
}

static const char *const *
default_path(struct conf_reader *r, const char *name)
{
	const char **path = arena_alloc(r->arena, 5 * sizeof *path);
	const char *tree = source_tree(r->arena), *dir = r->conf->dir;
	size_t n = 0;

	path[n++] = file_path(r->arena, dir, name);
	path[n++] = file_path(r->arena, file_dir(r->arena, dir), name);
	if (tree)
		path[n++] = file_path(r->arena, tree, name);
	path[n] = arena_printf(r->arena, PREFIX "/share/lunette/%s", name);
	return path;
}

/* What other keys, or the machine, decide where nothing is said. */
static void
fill_in(struct conf_reader *r)
{
	struct conf *c = r->conf;

	if (!r->session->hostname)
		r->session->hostname = machine_name(r->arena);
	c->hostname = r->session->hostname;
	c->timeouts = r->session->timeouts;
	if (!c->hook_path)
		c->hook_path = default_path(r, "hooks");
	if (!c->lua_path)
		c->lua_path = default_path(r, "lua");
}

static const struct value *
default_listen(struct arena *arena)
{
	static const char *const text[] = { "0.0.0.0:25", "[::]:25" };
	struct value *v = arena_alloc(arena, sizeof *v);
	size_t i;

	v->type = VALUE_TABLE;
	v->t.count = 2;
	v->t.item = arena_alloc(arena, 2 * sizeof *v->t.item);
	for (i = 0; i < 2; i++) {
		v->t.item[i].v.type = VALUE_STRING;
		v->t.item[i].v.s.p = text[i];
		v->t.item[i].v.s.len = strlen(text[i]);
	}
	return v;
}

/* In an order in which each finds what it names: relays before a relay, hooks
 * before the listeners that choose from them. */
static int
read_parts(struct conf_reader *r, const struct value *tree)
{
	struct conf_step relay = { .key = "relay" }, ehlo = { .key = "ehlo" };
	const struct conf_raw *raw = r->raw;

	if (raw->relays && conf_relay_table(r, raw->relays) < 0)
		return -1;
	if (raw->relay && !(r->session->relay =
	    conf_relay_read(r, raw->relay, &relay)))
		return -1;
	if (raw->shared && read_shared(r, raw->shared) < 0)
		return -1;
	if (raw->ehlo && conf_ehlo_read(r, raw->ehlo, &ehlo) < 0)
		return -1;
	if (conf_tls_read(r, tree) < 0)
		return -1;
	if (read_workers(r, tree) < 0 || read_admission(r, tree) < 0)
		return -1;
	fill_in(r);
	if (raw->hooks && conf_hooks_read(r, raw->hooks) < 0)
		return -1;
	return conf_listen_read(r, raw->listen ? raw->listen :
	    default_listen(r->arena));
}

int
conf_read(const struct value *tree, const char *path, struct arena *arena,
    struct conf *out, char error[CONF_ERROR_MAX])
{
	struct session_conf base = { .listener = NULL };
	struct conf_raw raw = { .listen = NULL };
	struct conf_reader r = {
		.arena = arena, .tree = tree, .conf = out, .session = &base,
		.raw = &raw, .error = error,
	};

	memset(out, 0, sizeof *out);
	out->path = file_absolute(arena, path);
	out->dir = file_dir(arena, out->path);
	if (tree->type != VALUE_TABLE || value_len(tree) > 0) {
		snprintf(error, CONF_ERROR_MAX, "%s: not a configuration",
		    path);
		return -1;
	}
	if (conf_schema_defaults(&r, CONF_TO_CONF) < 0 ||
	    conf_schema_defaults(&r, CONF_TO_SESSION) < 0 ||
	    conf_schema_read(&r, tree, NULL, "") < 0)
		return -1;
	return read_parts(&r, tree);
}
