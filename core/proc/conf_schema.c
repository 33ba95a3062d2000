#include <stdlib.h>
#include <string.h>

#include "nexthop.h"
#include "scoreboard.h"
#include "value.h"

#include "conf_place.h"

#include "conf_schema.h"

#define C(field) \
	.target = CONF_TO_CONF, .offset = offsetof(struct conf, field)
#define S(field) \
	.target = CONF_TO_SESSION, \
	.offset = offsetof(struct session_conf, field)
#define H(field) \
	.target = CONF_TO_HOP, .offset = offsetof(struct nexthop, field)
#define R(field) \
	.target = CONF_TO_RAW, .offset = offsetof(struct conf_raw, field)
#define NOWHERE .target = CONF_TO_RESULT
#define GLOBAL "is for the whole server, not for one listener"

enum {
	K = 1024,
	M = 1024 * 1024,
	HOUR = 3600, DAY = 24 * HOUR,
	MANY = 1000 * 1000 * 1000,
	WORKERS = SCOREBOARD_WORKERS / 2,	/* old and new at a reload */
};

static const char *const newlines[] = { "reject", "normalize", NULL };
static const char *const checkers[] = { "hooks", "relay", NULL };
static const char *const formats[] = { "logfmt", "json", NULL };
static const char *const levels[] = { "debug", "info", "warn", "error", NULL };
/* In the order of their enums. */
static const char *const tlses[] = {
	"off", "starttls", "required", "implicit", NULL,
};
static const char *const auths[] = { "off", "offered", "required", NULL };
static const char *const hop_tlses[] = {
	"off", "try", "required", "verify", NULL,
};
static const char *const versions[] = { "1.2", "1.3", NULL };

const struct conf_key conf_schema[] = {
{ "hostname",		CONF_HOST, S(hostname), .listener = true },
{ "listen",		CONF_RAW, R(listen) },
{ "listen.name",	CONF_TEXT, R(name), .listener = true },
{ "listen.tls",		CONF_CHOICE, S(tls), .choice = tlses, .listener = true },
{ "listen.auth",	CONF_CHOICE, S(auth), 0, 0, "off", auths, .listener = true },
{ "listen.proxy",	CONF_BOOL, S(proxy), 0, 0, "false", .listener = true },
{ "listen.lmtp",	CONF_BOOL, S(lmtp), 0, 0, "false", .listener = true },
{ "listen.hide_client",	CONF_BOOL, S(hide_client), .listener = true },
{ "listen.hostname",	CONF_HOST, S(hostname), .listener = true },
{ "listen.relay",	CONF_RAW, R(relay), .listener = true },
{ "listen.hooks",	CONF_RAW, R(hooks), .listener = true },
{ "listen.limits",	CONF_GROUP, NOWHERE, .group = "limits", .listener = true },
{ "listen.timeouts",	CONF_GROUP, NOWHERE, .group = "timeouts", .listener = true },
{ "listen.ehlo",	CONF_RAW, R(ehlo), .listener = true },
{ "bind",		CONF_GROUP, NOWHERE },
{ "bind.retries",	CONF_COUNT, C(bind.retries), 0, 10000, "10" },
{ "bind.pause",		CONF_DURATION, C(bind.pause), 0, HOUR, "3s" },
{ "bind.backlog",	CONF_INT, C(bind.backlog), 1, 65535, "511" },
{ "relay",		CONF_RAW, R(relay) },
{ "relay.source",	CONF_TEXT, H(source) },
{ "relay.tls",		CONF_CHOICE, H(tls), .choice = hop_tlses },
{ "relay.ca",		CONF_PATH, H(ca) },
{ "relay.fingerprint",	CONF_TEXT, H(fingerprint) },
{ "relay.auth",		CONF_RAW, R(auth) },
{ "relay.xclient",	CONF_RAW, R(xclient), .initial = "false" },
{ "relay.pool",		CONF_GROUP, NOWHERE },
{ "relay.pool.size",	CONF_COUNT, H(pool_size), 1, 100000, "100" },
{ "relay.pool.idle",	CONF_DURATION, H(pool_idle), 0, DAY, "30s" },
{ "relay.pool.uses",	CONF_COUNT, H(pool_uses), 1, MANY, "1000" },
{ "relay.pool.wait",	CONF_DURATION, H(pool_wait), 0, HOUR, "5s" },
{ "relay.timeout",	CONF_DURATION, H(timeout), 0, HOUR, "0" },
{ "relays",		CONF_RAW, R(relays) },
{ "check_recipients",	CONF_EITHER, S(check_with_relay), 0, 0, "relay", checkers },
{ "hooks",		CONF_RAW, R(hooks) },
{ "hook_path",		CONF_PATHS, C(hook_path) },
{ "lua_path",		CONF_PATHS, C(lua_path) },
{ "hide_client",	CONF_BOOL, S(hide_client), 0, 0, "false", .listener = true },
{ "trusted",		CONF_CIDRS, S(trusted) },
{ "bare_newline",	CONF_EITHER, S(normalize), 0, 0, "reject", newlines },
{ "normalize_clients",	CONF_CIDRS, S(normalize_clients) },
{ "proxy_clients",	CONF_CIDRS, S(proxy_clients) },
{ "xclient_clients",	CONF_CIDRS, S(xclient_clients) },
{ "user",		CONF_USER, C(user) },
{ "group",		CONF_USER_GROUP, C(group) },
{ "chroot",		CONF_PATH, C(chroot) },
{ "pid_file",		CONF_PATH, C(pid_file) },
{ "control",		CONF_PATH, C(control) },
{ "spool_dir",		CONF_PATH, C(spool_dir), 0, 0, "/var/tmp" },
{ "workers",		CONF_GROUP, NOWHERE },
{ "workers.count",	CONF_RAW, R(count), 1, WORKERS, "auto" },
{ "workers.sessions",	CONF_COUNT, C(workers.sessions), 1, 100000, "1000" },
{ "workers.min",	CONF_COUNT, C(workers.min), 1, WORKERS },
{ "workers.max",	CONF_COUNT, C(workers.max), 1, WORKERS },
{ "workers.spare",	CONF_COUNT, C(workers.spare), 1, WORKERS },
{ "workers.idle",	CONF_DURATION, C(workers.idle), 0, DAY, "100s" },
{ "workers.lifetime",	CONF_COUNT64, C(workers.lifetime), 0, MANY, "0" },
{ "workers.max_age",	CONF_DURATION, C(workers.max_age), 0, 365 * DAY, "0" },
{ "workers.watchdog",	CONF_DURATION, C(workers.watchdog), 0.1, HOUR, "10s" },
{ "workers.nice",	CONF_INT, C(workers.nice), -20, 19, "0" },
{ "limits",		CONF_GROUP, NOWHERE },
{ "limits.sessions",	CONF_COUNT, C(admission.sessions), 0, MANY, "0" },
{ "limits.reserve",	CONF_COUNT, C(admission.reserve), 0, MANY, "0" },
{ "limits.per_client",	CONF_RAW, R(per_client), 0, MANY, "50" },
{ "limits.per_net",	CONF_COUNT, C(admission.per_net), 0, MANY, "0" },
{ "limits.net",		CONF_GROUP, NOWHERE },
{ "limits.net.v4",	CONF_COUNT, C(admission.net_v4), 1, 32, "24" },
{ "limits.net.v6",	CONF_COUNT, C(admission.net_v6), 1, 128, "64" },
{ "limits.client_rate",	CONF_COUNT, C(admission.client_rate), 0, M, "0" },
{ "limits.tls_rate",	CONF_COUNT, C(admission.tls_rate), 0, M, "0" },
{ "limits.message_rate", CONF_COUNT, C(admission.message_rate), 0, M, "0" },
{ "limits.recipient_rate", CONF_COUNT, C(admission.recipient_rate), 0, M, "0" },
{ "limits.auth_rate",	CONF_COUNT, C(admission.auth_rate), 0, M, "0" },
{ "limits.messages",	CONF_COUNT, S(limits.messages), 0, MANY, "1000", .listener = true },
{ "limits.message_size", CONF_SIZE64, S(limits.message_size), 1, 1024.0 * 1024 * M, "50M", .listener = true },
{ "limits.recipients",	CONF_COUNT, S(limits.recipients), 1, MANY, "1000", .listener = true },
{ "limits.commands",	CONF_COUNT, S(limits.commands), 0, MANY, "100", .listener = true },
{ "limits.errors",	CONF_COUNT, S(limits.errors), 0, MANY, "20", .listener = true },
{ "limits.soft_errors",	CONF_COUNT, S(limits.soft_errors), 0, MANY, "10", .listener = true },
{ "limits.command_line", CONF_SIZE, S(limits.command_line), 64, 32 * K, "2048", .listener = true },
{ "limits.text_line",	CONF_SIZE, S(limits.text_line), 64, 16 * M, "64K", .listener = true },
{ "limits.header_size",	CONF_SIZE, S(limits.header_size), 64, 64 * M, "1M", .listener = true },
{ "limits.received",	CONF_COUNT, S(limits.received), 1, 10000, "50", .listener = true },
{ "limits.memory_message", CONF_SIZE, S(limits.memory_message), 0, 1024.0 * M, "256K", .listener = true },
{ "limits.load",	CONF_NUMBER, C(admission.load), 0, 100000, "0" },
{ "reserve_clients",	CONF_CIDRS, C(admission.reserve_clients) },
{ "timeouts",		CONF_GROUP, NOWHERE },
{ "timeouts.greeting",	CONF_DURATION, S(timeouts.greeting), 0.01, DAY, "5m", .listener = true },
{ "timeouts.command",	CONF_DURATION, S(timeouts.command), 0.01, DAY, "5m", .listener = true },
{ "timeouts.data",	CONF_DURATION, S(timeouts.data), 0.01, DAY, "10m", .listener = true },
{ "timeouts.min_rate",	CONF_NUMBER, S(timeouts.min_rate), 0, MANY, "500", .listener = true },
{ "timeouts.tls",	CONF_DURATION, S(timeouts.tls), 0.01, DAY, "30s", .listener = true },
{ "timeouts.hook",	CONF_DURATION, S(timeouts.hook), 0.01, DAY, "30s", .listener = true },
{ "timeouts.message_hook", CONF_DURATION, S(timeouts.message_hook), 0.01, DAY, "2m", .listener = true },
{ "timeouts.relay_connect", CONF_DURATION, S(timeouts.relay_connect), 0.01, DAY, "10s", .listener = true },
{ "timeouts.relay_command", CONF_DURATION, S(timeouts.relay_command), 0.01, DAY, "1m", .listener = true },
{ "timeouts.relay_data", CONF_DURATION, S(timeouts.relay_data), 0.01, DAY, "3m", .listener = true },
{ "timeouts.after_data", CONF_DURATION, S(timeouts.after_data), 0.01, DAY, "4m", .listener = true },
{ "timeouts.drain",	CONF_DURATION, S(timeouts.drain), 0, DAY, "5m" },
{ "tls",		CONF_GROUP, NOWHERE },
{ "tls.cert",		CONF_PATH, R(cert) },
{ "tls.key",		CONF_PATH, R(key) },
{ "tls.certs",		CONF_RAW, R(certs) },
{ "tls.min_version",	CONF_CHOICE, R(min_version), 0, 0, "1.2", versions },
{ "tls.ciphers",	CONF_TEXT, C(tls.ciphers) },
{ "tls.client_ca",	CONF_PATH, C(tls.client_ca) },
{ "auth",		CONF_GROUP, NOWHERE },
{ "auth.mechanisms",	CONF_RAW, R(mechanisms), .initial = "PLAIN, LOGIN" },
{ "auth.without_tls",	CONF_BOOL, S(auth_without_tls), 0, 0, "false" },
{ "ehlo",		CONF_RAW, R(ehlo), .listener = true },
{ "log",		CONF_GROUP, NOWHERE },
{ "log.to",		CONF_LOG, C(log_to), 0, 0, "stderr" },
{ "log.format",		CONF_CHOICE, C(log_format), 0, 0, "logfmt", formats },
{ "log.level",		CONF_CHOICE, C(log_level), 0, 0, "info", levels },
{ "log.quiet_clients",	CONF_CIDRS, S(quiet_clients) },
{ "lua",		CONF_GROUP, NOWHERE },
{ "lua.memory",		CONF_SIZE, C(lua.memory), M, 16.0 * 1024 * M, "64M" },
{ "lua.cpu",		CONF_LATER, NOWHERE },
{ "lua.sockets",	CONF_LATER, NOWHERE },
{ "lua.jit",		CONF_BOOL, C(lua.jit), 0, 0, "false" },
{ "shared",		CONF_RAW, R(shared) },
{ "dns",		CONF_GROUP, NOWHERE },
{ "dns.servers",	CONF_SERVERS, C(dns.servers) },
{ "dns.timeout",	CONF_DURATION, C(dns.timeout), 0.01, HOUR, "5s" },
{ "dns.tries",		CONF_INT, C(dns.tries), 1, 10, "2" },
};

const size_t conf_schema_size = sizeof conf_schema / sizeof *conf_schema;

/* The part of a key's name behind its group; NULL if it is not in the group. */
static const char *
in_group(const struct conf_key *k, const char *group)
{
	size_t len = strlen(group);
	const char *rest = k->name;

	if (len > 0) {
		if (strncmp(k->name, group, len) != 0 || k->name[len] != '.')
			return NULL;
		rest += len + 1;
	}
	return strchr(rest, '.') ? NULL : rest;
}

const struct conf_key *
conf_schema_find(const char *group, const char *key)
{
	const struct conf_key *k;
	const char *name;

	for (k = conf_schema; k < conf_schema + conf_schema_size; k++) {
		name = in_group(k, group);
		if (name && strcmp(name, key) == 0)
			return k;
	}
	return NULL;
}

bool
conf_schema_has(const char *name)
{
	return conf_schema_find("", name) != NULL;
}

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

enum { WORD_MAX = 40 };

unsigned
conf_schema_distance(const char *a, const char *b)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (i = 0; i <= la; i++) {
		for (j = 0; j <= lb; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = (unsigned)(i + j);
				continue;
			}
			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
			    d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[la][lb];
}

/* What an unknown key may have been meant to be; NULL if nothing is near. */
static const char *
find_near(const char *group, const char *key)
{
	unsigned best = (unsigned)strlen(key) / 3 + 2, d;
	const struct conf_key *k;
	const char *near = NULL, *name;

	for (k = conf_schema; k < conf_schema + conf_schema_size; k++) {
		name = in_group(k, group);
		if (!name)
			continue;
		d = conf_schema_distance(name, key);
		if (d < best) {
			best = d;
			near = name;
		}
	}
	if (near)
		return near;
	for (k = conf_schema; k < conf_schema + conf_schema_size; k++) {
		name = strrchr(k->name, '.');
		if (name && strcmp(name + 1, key) == 0)
			return k->name;
	}
	return NULL;
}

static int
unknown(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, const char *group)
{
	const char *near = find_near(group, step->key);

	if (r->listener && conf_schema_has(step->key))
		return conf_fail(r, v, step, GLOBAL);
	if (near)
		return conf_fail(r, v, step,
		    "unknown key (did you mean \"%s\"?)", near);
	return conf_fail(r, v, step, "unknown key");
}

static int
read_item(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, const char *group)
{
	const struct conf_key *k = conf_schema_find(group, step->key);

	if (!k)
		return unknown(r, v, step, group);
	if (r->listener && !k->listener)
		return conf_fail(r, v, step, GLOBAL);
	if (k->type != CONF_GROUP)
		return conf_value_read(r, k, v, step);
	if (v->type != VALUE_TABLE || value_len(v) > 0)
		return conf_fail_type(r, v, step, "a table with named keys");
	return conf_schema_read(r, v, step, k->group ? k->group : k->name);
}

int
conf_schema_read(struct conf_reader *r, const struct value *table,
    const struct conf_step *up, const char *group)
{
	struct conf_step step = { .up = up };
	size_t i;

	for (i = value_len(table); i < table->t.count; i++) {
		step.key = table->t.item[i].key;
		if (read_item(r, &table->t.item[i].v, &step, group) < 0)
			return -1;
	}
	return 0;
}

/* A default is written as in a configuration, but for the quotes. */
int
conf_schema_defaults(struct conf_reader *r, enum conf_target target)
{
	const struct conf_key *k;
	struct conf_step step = { .up = NULL };
	struct value v;
	char *end;

	for (k = conf_schema; k < conf_schema + conf_schema_size; k++) {
		if (k->target != target || !k->initial ||
		    k->type == CONF_RAW)
			continue;
		step.key = k->name;
		memset(&v, 0, sizeof v);
		v.type = VALUE_NUMBER;
		v.n = strtod(k->initial, &end);
		if (*end || end == k->initial) {
			v.type = VALUE_STRING;
			v.s.p = k->initial;
			v.s.len = strlen(k->initial);
		}
		if (k->type == CONF_BOOL) {
			v.type = VALUE_BOOL;
			v.b = strcmp(k->initial, "true") == 0;
		}
		if (conf_value_read(r, k, &v, &step) < 0)
			return -1;
	}
	return 0;
}
