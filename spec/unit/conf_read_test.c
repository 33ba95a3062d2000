#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "conf.h"
#include "conf_lines.h"
#include "mem.h"
#include "nexthop.h"
#include "sasl.h"
#include "value.h"

#include "scratch.h"
#include "test.h"

#define BASE "relay = 'discard:' listen = '127.0.0.1:25' "

static const char *
load(const char *text, struct arena *arena, struct conf *out)
{
	static char error[CONF_ERROR_MAX];
	struct value *tree;

	scratch_write("test.lua", text);
	tree = conf_evaluate(scratch_conf, NULL, 0, arena, error);
	if (!tree || conf_read(tree, scratch_conf, arena, out, error) < 0)
		return scratch_shorten(error);
	return "ok";
}

static void
test_units(void)
{
	static const struct { const char *text; long long want; } sizes[] = {
		{ "0", 0 }, { "1", 1 }, { "1k", 1024 }, { "1.5K", 1536 },
		{ "50M", 52428800 }, { "50MB", 52428800 }, { "2 G", 2147483648 },
		{ "", -1 }, { "M", -1 }, { "-1", -1 }, { "1MM", -1 },
		{ "0.5", -1 }, { "1e300", -1 }, { "0x10", -1 }, { "inf", -1 },
		{ "nan", -1 }, { "1 M B", -1 }, { " 1", -1 },
	};
	static const struct { const char *text; long long ms; } times[] = {
		{ "0", 0 }, { "5", 5000 }, { "5s", 5000 }, { "250ms", 250 },
		{ "1.5m", 90000 }, { "2h", 7200000 }, { "1d", 86400000 },
		{ "5x", -1 }, { "", -1 }, { "-5s", -1 }, { "1e999", -1 },
	};
	uint64_t octets;
	double seconds;
	size_t i;

	for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
		test_int(sizes[i].text, conf_size(sizes[i].text, &octets) < 0 ?
		    -1 : (long long)octets, sizes[i].want);
	for (i = 0; i < sizeof times / sizeof *times; i++)
		test_int(times[i].text, conf_duration(times[i].text,
		    &seconds) < 0 ? -1 : (long long)(seconds * 1000 + 0.5),
		    times[i].ms);
}

/* Every default is as written, and within its own range. */
static void
test_defaults(void)
{
	struct arena *arena = arena_new();
	struct session_conf *s;
	char text[256];
	struct conf c;

	test_str("defaults", load(BASE, arena, &c), "ok");
	s = &c.listener[0].session;
	test_int("message_size", (long long)s->limits.message_size, 52428800);
	test_int("text_line", (long long)s->limits.text_line, 65536);
	test_int("after_data", (long long)s->timeouts.after_data, 240);
	test_ok("check_recipients", s->check_with_relay);
	test_ok("normalize", !s->normalize);
	test_int("per_client", c.admission.per_client, 50);
	test_int("sessions", c.admission.sessions, c.workers.count * 1000);
	test_str("name", c.listener[0].name, "127.0.0.1:25");
	test_str("listener", s->listener, "127.0.0.1:25");
	test_ok("hostname", c.hostname && *c.hostname);
	test_str("log", c.log_to, "stderr");
	test_int("level", c.log_level, LOG_INFO);
	snprintf(text, sizeof text, "%s/hooks", scratch_dir);
	test_str("hook_path", c.hook_path[0], text);
	test_str("hook_path up", c.hook_path[1], "/tmp/hooks");
	test_ok("hook_path of the tree", strstr(c.hook_path[2], "build") != NULL);
	test_str("hook_path prefix", c.hook_path[3], PREFIX
	    "/share/lunette/hooks");
	test_ok("hook_path end", !c.hook_path[4]);
	arena_free(arena);
}

static const char several[] =
	"hostname = 'mx.example.org' relay = 'hub' check_recipients = 'hooks'\n"
	"relays = { hub = { 'smtp://10.0.0.5', 'smtp://10.0.0.6:26' } }\n"
	"hooks = { 'a', 'b', { 'a', as = 'c' } }\n"
	"trusted = '10.0.0.0/8' ehlo = { 'help' }\n"
	"limits = { errors = 7, per_client = { ['10.0.0.0/8'] = 9,\n"
	"  default = 3 } } timeouts = { data = '1m' }\n"
	"spool_dir = 'spool' log = { to = 'x.log' }\n"
	"listen = { '0.0.0.0', { '[::1]:submission', name = 'in',\n"
	"  hostname = 'in.example.org', hooks = { 'c', 'a' }, hide_client = true,\n"
	"  limits = { errors = 1 }, relay = 'maildir:mail', ehlo = {} },\n"
	"  { 'unix:run/sock', hooks = {} } }\n"
	"workers = { count = 3, sessions = 10 } dns = { servers = '::1' }\n";

static void
test_listeners(void)
{
	struct arena *arena = arena_new();
	char text[ADDR_TEXT_MAX], want[256];
	const struct conf_listener *l;
	struct conf c;

	test_str("several", load(several, arena, &c), "ok");
	test_int("listeners", (long long)c.listeners, 3);
	l = c.listener;
	test_str("addr 1", addr_text(&l[0].addr, text), "0.0.0.0:25");
	test_str("addr 2", addr_text(&l[1].addr, text), "[::1]:587");
	snprintf(want, sizeof want, "unix:%s/run/sock", scratch_dir);
	test_str("addr 3", addr_text(&l[2].addr, text), want);
	test_str("name 2", l[1].name, "in");
	test_str("host 1", l[0].session.hostname, "mx.example.org");
	test_str("host 2", l[1].session.hostname, "in.example.org");
	test_ok("hide_client", !l[0].session.hide_client &&
	    l[1].session.hide_client);
	test_int("errors 1", l[0].session.limits.errors, 7);
	test_int("errors 2", l[1].session.limits.errors, 1);
	test_int("data 2", (long long)l[1].session.timeouts.data, 60);
	test_ok("check 2", !l[1].session.check_with_relay);
	test_int("trusted 3", (long long)l[2].session.trusted.count, 1);
	test_str("ehlo 1", l[0].session.withhold[0], "HELP");
	test_ok("ehlo 2", !l[1].session.withhold[0]);
	test_int("chain 1", l[0].session.chain, 0);
	test_int("chain 2", l[1].session.chain, 1);
	test_int("chain 3", l[2].session.chain, 2);
	test_ok("hooks 1", !l[0].hooks);
	test_str("hooks 2", l[1].hooks[0], "c");
	test_ok("hooks 3", l[2].hooks && !l[2].hooks[0]);
	test_str("relay 1", l[0].session.relay->name, "hub");
	test_int("hops 1", (long long)l[0].session.relay->count, 2);
	test_int("port 1", l[0].session.relay->hop[0].port, 25);
	test_int("relay 2", l[1].session.relay->hop[0].kind, NEXTHOP_MAILDIR);
	test_int("total", c.admission.sessions, 30);
	test_int("per_client", c.admission.per_client, 3);
	test_int("per net", c.admission.per_client_map[0].limit, 9);
	snprintf(want, sizeof want, "%s/spool", scratch_dir);
	test_str("spool_dir", c.spool_dir, want);
	test_str("dns", c.dns.servers, "[::1]:53");
	arena_free(arena);
}

#define PIN "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

static const char secured[] =
	"tls = { cert = 'mx.pem', key = 'sub/mx.key', min_version = '1.3',\n"
	"  ciphers = 'HIGH', client_ca = '/ca.pem', certs = {\n"
	"  ['*.b.test'] = { cert = 'b.pem', key = 'b.key' },\n"
	"  ['c.test'] = 'both.pem', ['d.test'] = { 'd.pem', 'd.key' } } }\n"
	"auth = { mechanisms = { 'PLAIN', 'EXTERNAL' } }\n"
	"proxy_clients = '10.0.0.1' xclient_clients = { '10.0.0.2', '::1' }\n"
	"ehlo = { 'help', ['10.0.0.0/8'] = { 'size' }, ['::1'] = 'DSN' }\n"
	"limits = { client_rate = 30, tls_rate = 10, message_rate = 20, "
	"recipient_rate = 40, auth_rate = 5 }\n"
	"relays = { a = { 'smtp://h', fingerprint = '" PIN "' },\n"
	"  b = { 'smtps://h', tls = 'verify', ca = 'hop.pem', xclient = true },\n"
	"  c = { 'lmtp://h', tls = 'try', xclient = 'proxy' },\n"
	"  d = { 'smtps://h', auth = { user = 'u', password = 'p' } },\n"
	"  e = 'smtps://h', f = { 'smtp://h', xclient = 'xforward' } }\n"
	"relay = { 'smtp://h', tls = 'verify' }\n"
	"listen = { '127.0.0.1:25', { '127.0.0.1:465', tls = 'implicit',\n"
	"  auth = 'required', ehlo = 'VRFY' }, { '127.0.0.1:26', tls = 'off',\n"
	"  proxy = true }, { '127.0.0.1:24', tls = 'required', lmtp = true } }";

static void
test_tls(void)
{
	struct arena *arena = arena_new();
	const struct session_conf *s[4];
	char want[256];
	struct conf c;
	size_t i;

	test_str("secured", load(secured, arena, &c), "ok");
	for (i = 0; i < 4; i++)
		s[i] = &c.listener[i].session;
	test_int("pairs", (long long)c.tls.certs, 4);
	test_ok("the default is first", !c.tls.cert[0].name);
	snprintf(want, sizeof want, "%s/sub/mx.key", scratch_dir);
	test_str("key", c.tls.cert[0].key, want);
	test_str("a name", c.tls.cert[1].name, "*.b.test");
	test_str("one file", c.tls.cert[2].key, c.tls.cert[2].cert);
	test_ok("two, by place", strstr(c.tls.cert[3].key, "/d.key") != NULL);
	test_str("version", c.tls.min_version, "1.3");
	test_str("ca", c.tls.client_ca, "/ca.pem");
	test_int("tls 1", s[0]->tls, SESSION_TLS_OFFERED);
	test_int("tls 2", s[1]->tls, SESSION_TLS_IMPLICIT);
	test_int("tls 3", s[2]->tls, SESSION_TLS_OFF);
	test_int("tls 4", s[3]->tls, SESSION_TLS_REQUIRED);
	test_int("auth 1", s[0]->auth, SESSION_AUTH_OFF);
	test_int("auth 2", s[1]->auth, SESSION_AUTH_REQUIRED);
	test_int("mechanisms", s[1]->mechanisms,
	    1 << SASL_PLAIN | 1 << SASL_EXTERNAL);
	test_ok("proxy", s[2]->proxy && !s[0]->proxy);
	test_ok("lmtp", s[3]->lmtp && !s[0]->lmtp);
	test_int("xclient", (long long)s[0]->xclient_clients.count, 2);
	test_str("withhold", s[0]->withhold[0], "HELP");
	test_int("withhold_from", (long long)s[0]->withholds, 2);
	test_str("from some", s[0]->withhold_from[0].keyword[0], "SIZE");
	test_str("from others", s[0]->withhold_from[1].keyword[0], "DSN");
	test_str("of its own", s[1]->withhold[0], "VRFY");
	test_int("and no other", (long long)s[1]->withholds, 0);
	test_int("client_rate", c.admission.client_rate, 30);
	test_int("tls_rate", c.admission.tls_rate, 10);
	test_int("message_rate", c.admission.message_rate, 20);
	test_int("recipient_rate", c.admission.recipient_rate, 40);
	test_int("auth_rate", c.admission.auth_rate, 5);
	arena_free(arena);
}

static const struct {
	enum nexthop_tls tls;
	enum nexthop_identity identity;
} hops[] = {
	{ NEXTHOP_TLS_VERIFY, NEXTHOP_IDENTITY_NONE },
	{ NEXTHOP_TLS_VERIFY, NEXTHOP_IDENTITY_BEST },
	{ NEXTHOP_TLS_TRY, NEXTHOP_IDENTITY_PROXY },
	{ NEXTHOP_TLS_REQUIRED, NEXTHOP_IDENTITY_NONE },
	{ NEXTHOP_TLS_REQUIRED, NEXTHOP_IDENTITY_NONE },
	{ NEXTHOP_TLS_OFF, NEXTHOP_IDENTITY_XFORWARD },
};

/* What is listed for the bundles, and which of it is secret. */
static const char *const files[] = {
	"/hop.pem", "/cert.pem", "/mx.pem", "!/sub/mx.key", "/ca.pem", "/b.pem", "!/b.key",
	"!/both.pem", "/d.pem", "!/d.key",
};

static void
test_hops(void)
{
	struct arena *arena = arena_new();
	const struct conf_file *f;
	const char *want;
	struct conf c;
	size_t i;

	test_str("secured", load(secured, arena, &c), "ok");
	for (i = 0; i < sizeof hops / sizeof *hops; i++) {
		test_int(c.routes.route[i].name, c.routes.route[i].hop->tls,
		    hops[i].tls);
		test_int(c.routes.route[i].name,
		    c.routes.route[i].hop->identity, hops[i].identity);
	}
	test_str("fingerprint", c.routes.route[0].hop->fingerprint, PIN);
	test_str("the system's", c.listener[0].session.relay->hop[0].ca,
	    X509_get_default_cert_file());
	test_str("user", c.routes.route[3].hop->user, "u");
	for (i = 0, f = c.files; f; f = f->next, i++) {
		if (i >= sizeof files / sizeof *files)
			break;
		want = files[i] + (*files[i] == '!');
		test_ok(f->path, strlen(f->path) >= strlen(want) &&
		    strcmp(f->path + strlen(f->path) - strlen(want), want) ==
		    0);
		test_int(f->path, f->secret, *files[i] == '!');
	}
	test_ok("files", !f && i == sizeof files / sizeof *files);
	test_str("place", scratch_shorten(arena_strdup(arena,
	    c.files->place)), "F:10: relays.b.ca");
	arena_free(arena);
}

static const char lines[] =
	"--[==[ a = {\n"		/* 1 */
	"]] } ]==]\n"
	"local zones = {\n"
	"  'x' }\n"
	"hooks = { -- a comment }\n"	/* 5 */
	"  'a',\n"
	"  { 'b', key = [[\n"
	"}\n"
	"]],\n"
	"    [ 'named' ] = function_of and 1 or 2 == 2,\n"	/* 10 */
	"    deep = { deeper = {\n"
	"      'z' } } },\n"
	"  {\n"
	"    'c', zones = zones,\n"
	"    last = 'it\\'s', } }\n"	/* 15 */
	"limits =\n"
	"  { errors = 1,\n"
	"    commands = 2 }\n"
	"limits.commands = 3\n"
	"workers = {}\n"		/* 20 */
	"for i = 1, 1 do\n"
	"  workers.count = 3\n"
	"end\n";

static const struct {
	const char *path;
	int line;
} where[] = {
	{ "hooks", 5 }, { "hooks.0", 6 }, { "hooks.1", 7 },
	{ "hooks.1.key", 7 }, { "hooks.1.named", 10 }, { "hooks.1.deep", 11 },
	{ "hooks.1.deep.deeper", 11 }, { "hooks.1.deep.deeper.0", 12 },
	{ "hooks.2", 13 }, { "hooks.2.0", 14 }, { "hooks.2.zones", 14 },
	{ "hooks.2.zones.0", 14 }, { "hooks.2.last", 15 }, { "limits", 16 },
	{ "limits.errors", 17 }, { "limits.commands", 19 },
	{ "workers.count", 22 },
};

static void
test_lines(void)
{
	struct arena *arena = arena_new();
	char error[CONF_ERROR_MAX], text[sizeof lines + 32], *key, *rest, *end;
	const struct value *v;
	unsigned long n;
	size_t i;

	snprintf(text, sizeof text, "%s", lines);
	/* function_of is no key: give the scan the word, and Lua a number. */
	memcpy(strstr(text, "function_of"), "1 == 1     ", 11);
	scratch_write("test.lua", text);
	for (i = 0; i < sizeof where / sizeof *where; i++) {
		v = conf_evaluate(scratch_conf, NULL, 0, arena, error);
		rest = arena_strdup(arena, where[i].path);
		while (v && (key = strsep(&rest, "."))) {
			n = strtoul(key, &end, 10);
			v = *end ? value_get(v, key) : value_at(v, n);
		}
		test_int(where[i].path, v ? v->line : -1, where[i].line);
	}
	arena_free(arena);
}

/* The scan follows any text, cut anywhere, to its end. */
static void
test_cut_lines(void)
{
	struct arena *arena = arena_new();
	char *copy;
	size_t i;

	for (i = 0; i <= sizeof lines - 1; i++) {
		copy = mem_strndup(lines, i);
		conf_lines_scan(copy, i, arena);
		mem_free(copy);
		arena_reset(arena);
	}
	test_ok("cut at every length", 1);
	arena_free(arena);
}

int
main(void)
{
	scratch_open();
	test_units();
	test_defaults();
	test_listeners();
	test_tls();
	test_hops();
	test_lines();
	test_cut_lines();
	scratch_close();
	return test_done();
}
