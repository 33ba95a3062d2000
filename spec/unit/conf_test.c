#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "mem.h"
#include "value.h"

#include "scratch.h"
#include "test.h"

/* A configuration that is complete, for those that test one key of it. */
#define BASE "relay = 'discard:' listen = '127.0.0.1:25' "

#define PIN "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

/* In an error, F is the file; "ok" is no error. */
static const struct {
	const char *text, *want;
} cases[] = {
	{ BASE, "ok" },
	{ "relay = 'discard:'", "ok" },
	{ "", "F:1: relay: missing: the next hop, such as "
	    "\"smtp://host:port\"" },

	/* Lua itself */
	{ "relay = ", "F:1: unexpected symbol near '<eof>'" },
	{ "\nrelay = 1 + {}", "F:2: attempt to perform arithmetic on a table "
	    "value" },
	{ "\033LJ", "F: attempt to load chunk with wrong mode" },
	{ "while true do end", "F:1: the configuration does not come to an "
	    "end" },
	{ "local t = 'x' while true do t = t .. t end",
	    "F: the configuration needs too much memory" },
	{ "relay = discard", "F:1: \"discard\" is not defined: a configuration "
	    "has include, env and file; a text needs quotes" },
	{ "relay = os.getenv 'HOME'", "F:1: \"os\" is not defined: a "
	    "configuration has include, env and file; a text needs quotes" },
	{ "hooks = hooks or {} " BASE, "ok" },
	{ "file = 'x'", "F:1: \"file\" is a function of the configuration and "
	    "cannot be assigned" },
	{ "relay = file", "F:1: relay: a function cannot be a value" },
	{ "relay = 'discard:'\nhooks = { [1] = 'a', [3] = 'b' }",
	    "F:2: hooks: a list with holes" },
	{ "hooks = { [true] = 'a' }", "F:1: hooks: a key is a name or a number "
	    "of a list" },
	{ "hooks = {} hooks[1] = hooks", "F:1: hooks.1.1.1.1.1.1.1.1.1.1.1.1.1"
	    ".1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1: tables nested too deeply" },
	{ "relay = env('LUNETTE_NOT_SET')", "F:1: relay: missing: the next "
	    "hop, such as \"smtp://host:port\"" },
	{ "relay = env('LUNETTE_NOT_SET', 'discard:')", "ok" },
	{ "relay = env('LUNETTE_TEST')", "ok" },
	{ "\n\nrelay = file 'nope'", "F:3: D/nope: No such file or "
	    "directory" },
	{ "relay = file '.'", "F:1: D/.: Is a directory" },
	{ "relay = file '/dev/zero'", "F:1: /dev/zero: not a regular file" },
	{ "include 'nope'", "F:1: D/nope: No such file or directory" },
	{ "include 'included.lua' relay = 'discard:'",
	    "D/included.lua:3: limits.eror: unknown key (did you mean "
	    "\"errors\"?)" },

	/* keys */
	{ BASE "lisen = 1", "F:1: lisen: unknown key (did you mean "
	    "\"listen\"?)" },
	{ BASE "\nlimits = {\n\n  eror = 1,\n}", "F:4: limits.eror: unknown "
	    "key (did you mean \"errors\"?)" },
	{ BASE "message_size = 1", "F:1: message_size: unknown key (did you "
	    "mean \"limits.message_size\"?)" },
	{ BASE "qqqqqq = 1", "F:1: qqqqqq: unknown key" },
	{ BASE "limits = { ['a\\nb\\127'] = 1 }",
	    "F:1: limits.a?b?: unknown key" },
	{ BASE "limits = 5", "F:1: limits: expected a table with named keys, "
	    "got 5" },
	{ BASE "limits = { 5 }", "F:1: limits: expected a table with named "
	    "keys, got a table" },

	/* types */
	{ BASE "hostname = 5", "F:1: hostname: expected a host name, got 5" },
	{ BASE "hostname = 'a b'", "F:1: hostname: expected a host name, got "
	    "\"a b\"" },
	{ BASE "hostname = 'a\\0b'", "F:1: hostname: expected a host name, got "
	    "\"a\"" },
	{ BASE "hostname = '[192.0.2.1]'", "ok" },
	{ BASE "limits = { errors = -1 }", "F:1: limits.errors: expected a "
	    "whole number from 0 to 1000000000, got -1" },
	{ BASE "limits = { errors = 1.5 }", "F:1: limits.errors: expected a "
	    "whole number from 0 to 1000000000, got 1.5" },
	{ BASE "limits = { errors = 1/0 }", "F:1: limits.errors: expected a "
	    "whole number from 0 to 1000000000, got inf" },
	{ BASE "limits = { errors = '5' }", "F:1: limits.errors: expected a "
	    "whole number from 0 to 1000000000, got \"5\"" },
	{ BASE "limits = { header_size = '1X' }", "F:1: limits.header_size: "
	    "expected a size such as \"50M\" (64 to 67108864 octets), got "
	    "\"1X\"" },
	{ BASE "limits = { header_size = '1k', message_size = '1G' }", "ok" },
	{ BASE "timeouts = { data = '5x' }", "F:1: timeouts.data: expected a "
	    "duration such as \"5m\" (0.01 to 86400 seconds), got \"5x\"" },
	{ BASE "timeouts = { data = 0 }", "F:1: timeouts.data: expected a "
	    "duration such as \"5m\" (0.01 to 86400 seconds), got 0" },
	{ BASE "timeouts = { data = '1h', drain = 0.5 }", "ok" },
	{ BASE "lua = { jit = 1 }", "F:1: lua.jit: expected true or false, got "
	    "1" },
	{ BASE "log = { format = 'xml' }", "F:1: log.format: expected "
	    "\"logfmt\" or \"json\", got \"xml\"" },
	{ BASE "log = { level = true }", "F:1: log.level: expected \"debug\", "
	    "\"info\", \"warn\" or \"error\", got true" },
	{ BASE "bare_newline = 'accept'", "F:1: bare_newline: expected "
	    "\"reject\" or \"normalize\", got \"accept\"" },
	{ BASE "trusted = { '10.0.0.0/8',\n '10.0.0.0/99' }", "F:2: trusted.2: "
	    "expected a network such as \"192.0.2.0/24\", got "
	    "\"10.0.0.0/99\"" },
	{ BASE "ehlo = { 'size', 'a b' }", "F:1: ehlo.2: expected an EHLO "
	    "keyword such as \"SIZE\", got \"a b\"" },
	{ BASE "hook_path = { 1 }", "F:1: hook_path.1: expected a directory, "
	    "got 1" },
	{ BASE "user = 'no-such-account'", "F:1: user: expected the name of an "
	    "account, got \"no-such-account\"" },
	{ BASE "group = 'no-such-group'", "F:1: group: expected the name of a "
	    "group, got \"no-such-group\"" },
	{ BASE "dns = { servers = 'localhost' }", "F:1: dns.servers: expected "
	    "the address of a name server, got \"localhost\"" },

	/* listen */
	{ "relay = 'discard:' listen = {}", "F:1: listen: expected at least "
	    "one address" },
	{ "relay = 'discard:' listen = 25", "F:1: listen: expected an address "
	    "such as \"0.0.0.0:25\", got 25" },
	{ "relay = 'discard:' listen = { '[::]:25', 'mx:25' }", "F:1: "
	    "listen.2: expected \"addr:port\", \"[v6]:port\" or "
	    "\"unix:/path\", got \"mx:25\"" },
	{ "relay = 'discard:' listen = '127.0.0.1:nosuch'", "F:1: listen: "
	    "expected \"addr:port\", \"[v6]:port\" or \"unix:/path\", got "
	    "\"127.0.0.1:nosuch\"" },
	{ "relay = 'discard:' listen = { '127.0.0.1', '127.0.0.1:25' }",
	    "F:1: listen.2: 127.0.0.1:25 is there twice" },
	{ "relay = 'discard:' listen = { '127.0.0.1:0', '127.0.0.1:0' }",
	    "ok" },
	{ "relay = 'discard:' listen = { { '::1', name = 'a' }, "
	    "{ '127.0.0.1', name = 'a' } }", "F:1: listen.2: a second "
	    "listener named \"a\"" },
	{ "listen = { { '::1', relay = 'discard:' } }", "ok" },
	{ BASE "listen = { { '::1',\n limits = { sessions = 5 } } }",
	    "F:2: listen.1.limits.sessions: is for the whole server, not for "
	    "one listener" },
	{ BASE "listen = { { '::1', user = 'root' } }", "F:1: listen.1.user: "
	    "is for the whole server, not for one listener" },
	{ BASE "listen = { { '::1',\n tls = 'starttls' } }", "F:2: "
	    "listen.1.tls: needs a certificate: tls.cert" },
	{ BASE "listen = { { '::1', tls = 'on' } }", "F:1: listen.1.tls: "
	    "expected \"off\", \"starttls\", \"required\" or \"implicit\", "
	    "got \"on\"" },
	{ BASE "listen = { { '::1',\n proxy = true } }", "F:2: "
	    "listen.1.proxy: needs proxy_clients: who may say whose "
	    "connection it brings" },
	{ BASE "listen = { { 'unix:/s', proxy = true } } proxy_clients = '::/0'",
	    "F:1: listen.1.proxy: not on a UNIX socket: who comes there has no "
	    "address that proxy_clients could have" },
	{ BASE "listen = { { '::1', proxy = true } } proxy_clients = '::1'",
	    "ok" },
	{ BASE "listen = { { '::1', auth = 'offered' } }", "F:1: "
	    "listen.1.auth: this listener has no TLS, and without it nobody "
	    "may (auth.without_tls)" },
	{ BASE "listen = { { '::1', auth = 'required' } } "
	    "auth = { without_tls = true }", "ok" },
	{ BASE "listen = { { '::1', auth = 'offered' } } tls = { cert = 'c' }",
	    "ok" },
	{ BASE "listen = { { '::1', auth = 'offered' } } "
	    "auth = { without_tls = true, mechanisms = {} }", "F:1: "
	    "listen.1.auth: auth.mechanisms has none" },
	{ BASE "listen = { { '::1', tls = 'required' } } tls = { cert = 'c' } "
	    "ehlo = 'starttls'", "F:1: listen.1.tls: required, but ehlo "
	    "withholds STARTTLS" },
	{ BASE "listen = { { '::1', tls = 'implicit', auth = 'required', "
	    "ehlo = { 'dsn', 'auth' } } } tls = { cert = 'c' }",
	    "F:1: listen.1.auth: required, but ehlo withholds AUTH" },
	{ BASE "listen = { { '::1', tls = 'off', proxy = false } }", "ok" },
	{ BASE "listen = { { '::1', lmtp = true } }", "F:1: listen.1.lmtp: not "
	    "on port 25 (RFC 2033): 24 is usual" },
	{ BASE "listen = { { '[::1]:24', lmtp = true } }", "ok" },
	{ BASE "hooks = { 'dnsbl' } listen = { { '::1', hooks = { 'dnsb' } } }",
	    "F:1: listen.1.hooks.1: \"dnsb\" is not in hooks (did you mean "
	    "\"dnsbl\"?)" },

	/* relay */
	{ "relay = 5", "F:1: relay: expected a next hop such as "
	    "\"smtp://host:port\", got 5" },
	{ "relay = 'hub'", "F:1: relay: expected a name from relays, or a URL "
	    "such as \"smtp://host:port\", got \"hub\"" },
	{ "relay = 'hub' relays = { hub = 'discard:' }", "ok" },
	{ "relay = {}", "F:1: relay: expected at least one next hop" },
	{ "relay = { 'smtp://127.0.0.1:25',\n 5 }", "F:2: relay.2: expected a "
	    "next hop such as \"smtp://host:port\", got 5" },
	{ "relay = { 'smtp://127.0.0.1', timeout = '5s',\n"
	    "  pool = { size = 0 } }", "F:2: relay.pool.size: expected a whole "
	    "number from 1 to 100000, got 0" },
	{ "relay = { 'smtp://127.0.0.1', tls = 'verify' }", "ok" },
	{ "relay = 'smtps://127.0.0.1'", "ok" },
	{ "relay = { 'smtps://127.0.0.1', tls = 'try' }", "F:1: relay.tls: "
	    "smtps:// is TLS from the first octet: \"required\" or "
	    "\"verify\"" },
	{ "relay = { 'smtp://h', fingerprint = '" PIN "' }", "ok" },
	{ "relay = { 'smtp://h',\nfingerprint = 'AB:CD' }", "F:2: "
	    "relay.fingerprint: expected a SHA-256 fingerprint: 64 "
	    "hexadecimal digits, got \"AB:CD\"" },
	{ "relay = { 'smtp://h', tls = 'required', fingerprint = '" PIN "' }",
	    "F:1: relay.fingerprint: needs tls = \"verify\"" },
	{ "relay = { 'smtp://h', tls = 'try', ca = 'x.pem' }", "F:1: "
	    "relay.ca: needs tls = \"verify\"" },
	{ "relay = { 'smtp://h', ca = 'x', fingerprint = '" PIN "' }",
	    "F:1: relay.fingerprint: not together with ca: the fingerprint "
	    "alone decides" },
	{ "relays = { a = { 'smtp://h', ca = 'x' } } relay = { 'a', timeout = 5 }",
	    "ok" },
	{ "relays = { a = { 'smtp://h', ca = 'x' } }\nrelay = { 'a',\n"
	    "fingerprint = '" PIN "' }", "F:3: relay.fingerprint: not together "
	    "with ca: the fingerprint alone decides" },
	{ "relays = { a = { 'smtp://h', fingerprint = '" PIN "' } }\n"
	    "relay = { 'a', ca = 'x' }", "F:2: relay.ca: not together with "
	    "fingerprint: that alone decides" },
	{ "relay = { 'lmtp+unix:/s', tls = 'try' }", "F:1: relay.tls: "
	    "lmtp+unix:/s does not leave this machine" },
	{ "relay = { 'smtp://h', source = '127.0.0.2' }", "ok" },
	{ "relay = { 'smtp://h', source = '2001:db8::1' }", "ok" },
	{ "relay = { 'smtp://h', source = '127.0.0.2:25' }", "F:1: "
	    "relay.source: expected an IP address of this machine, got "
	    "\"127.0.0.2:25\"" },
	{ "relay = { 'smtp://h', source = 'mx.test' }", "F:1: relay.source: "
	    "expected an IP address of this machine, got \"mx.test\"" },
	{ "relay = { 'lmtp+unix:/s', source = '127.0.0.2' }", "F:1: "
	    "relay.source: lmtp+unix:/s does not leave this machine" },
	{ "relay = { 'discard:', source = '127.0.0.2' }", "F:1: "
	    "relay.source: discard: speaks to no server" },
	{ "relay = { 'maildir:m', xclient = true }", "F:1: relay.xclient: "
	    "maildir:D/m speaks to no server" },
	{ "relay = { 'discard:', xclient = false, tls = 'off' }", "ok" },
	{ "relay = { 'discard:', auth = { user = 'a', password = 'b' } }",
	    "F:1: relay.auth: discard: speaks to no server" },
	{ "relay = { 'smtp://h', xclient = 'best' }", "F:1: relay.xclient: "
	    "expected true, false, \"xclient\", \"xforward\" or \"proxy\", "
	    "got \"best\"" },
	{ "relay = { 'smtp://h', auth = 'me:secret' }", "F:1: relay.auth: "
	    "expected { user = \"...\", password = \"...\" }" },
	{ "relay = { 'smtp://h', auth = { user = 'a', password = env 'NO' } }",
	    "F:1: relay.auth: there is no password; a variable of the "
	    "environment that is not set gives none" },
	{ "relay = { 'smtp://h', auth = { user = 'a', password = 5 } }",
	    "F:1: relay.auth: expected { user = \"...\", password = "
	    "\"...\" }" },
	{ "relay = { 'smtp://h', auth = { user = 'a', pass = 'b' } }",
	    "F:1: relay.auth: expected { user = \"...\", password = "
	    "\"...\" }" },
	{ "relay = { 'smtp://h', auth = { user = 'a', password = 'b' } }",
	    "F:1: relay.auth: would send the password in the clear: tls = "
	    "\"required\" or \"verify\", or in so many words \"off\"" },
	{ "relay = { 'smtp://h', tls = 'off', auth = { 'a', 'b' } }", "ok" },
	{ "relay = { 'smtp://127.0.0.1', auth = { 'a', 'b' } }", "ok" },
	{ "relay = { 'smtps://h', auth = { 'a', 'b' } }", "ok" },
	{ "relay = 'smtp://me:secret@h'", "F:1: relay: a URL here names no "
	    "user: that is auth = { user = ..., password = ... } beside it" },
	{ "relays = { ['a:b'] = 'discard:' }", "F:1: relays.a:b: expected a "
	    "name without \":\"" },

	/* hooks */
	{ BASE "hooks = 'dnsbl'", "F:1: hooks: expected a list, got "
	    "\"dnsbl\"" },
	{ BASE "hooks = { 'a',\n 'b',\n 'a' }", "F:3: hooks.3: a second hook "
	    "named \"a\": give it another name with as =" },
	{ BASE "hooks = { 'a', { 'a', as = 'b' } }", "ok" },
	{ BASE "hooks = { '../a' }", "F:1: hooks.1: expected the name of a "
	    "hook, or a table that begins with one, got \"../a\"" },
	{ BASE "hooks = { { zones = {} } }", "F:1: hooks.1: expected the name "
	    "of a hook, or a table that begins with one, got a table" },
	{ BASE "hooks = { {\n'a',\non_error = 'ignore' } }", "F:3: "
	    "hooks.1.on_error: expected \"defer\", \"next\" or \"reject\", got "
	    "\"ignore\"" },
	{ BASE "hooks = { { 'a', shadow = true } }", "F:1: hooks.1.shadow: not "
	    "supported in this version" },

	/* what excludes each other */
	{ BASE "workers = { count = 2, spare = 1 }", "F:1: workers.spare: not "
	    "together with workers.count: a pool is fixed, or elastic" },
	{ BASE "workers = { min = 5, max = 2 }", "F:1: workers: min is above "
	    "max" },
	{ BASE "workers = { max = 2, spare = 3 }", "F:1: workers: spare is "
	    "above max" },
	{ BASE "workers = { count = 'many' }", "F:1: workers.count: expected a "
	    "number or \"auto\", got \"many\"" },
	{ BASE "limits = { sessions = 10, reserve = 10 }", "F:1: "
	    "limits.reserve: 10 is not below the total of 10 sessions" },
	{ BASE "limits = { per_client = { ['10/8'] = 5 } }", "F:1: "
	    "limits.per_client.10/8: expected a network such as "
	    "\"192.0.2.0/24\", or default" },
	{ BASE "shared = { seen = 10 }", "F:1: shared.seen: expected a size "
	    "such as \"50M\" (65536 to 1073741824 octets), got 10" },

	/* tls and auth */
	{ BASE "tls = {} auth = {} proxy_clients = {}", "ok" },
	{ BASE "tls = { key = 'k' }", "F:1: tls.key: needs tls.cert" },
	{ BASE "\ntls = {\n client_ca = 'k' }", "F:3: tls.client_ca: needs "
	    "tls.cert" },
	{ BASE "tls = { cert = 5 }", "F:1: tls.cert: expected a path, got 5" },
	{ BASE "tls = { cert = 'c', min_version = '1.1' }", "F:1: "
	    "tls.min_version: expected \"1.2\" or \"1.3\", got \"1.1\"" },
	{ BASE "tls = { cert = 'c', certs = { 'a' } }", "F:1: tls.certs: "
	    "expected a table of names, got a table" },
	{ BASE "tls = { cert = 'c', certs = { ['a b'] = 'x' } }", "F:1: "
	    "tls.certs.a b: expected a name such as \"mx.example.org\" or "
	    "\"*.example.org\"" },
	{ BASE "tls = { cert = 'c', certs = { ['*.a'] = { crt = 'x' } } }",
	    "F:1: tls.certs.*.a.crt: unknown key: there are cert and key" },
	{ BASE "tls = { cert = 'c', certs = { a = {} } }", "F:1: tls.certs.a: "
	    "expected { cert = PATH, key = PATH }" },
	{ BASE "auth = { mechanisms = { 'PLAIN', 'GSSAPI' } }", "F:1: "
	    "auth.mechanisms.2: expected \"PLAIN\", \"LOGIN\" or "
	    "\"EXTERNAL\", got \"GSSAPI\"" },
	{ BASE "auth = { mechanisms = 'EXTERNAL' }", "F:1: auth.mechanisms: "
	    "EXTERNAL needs tls.client_ca" },
	{ BASE "ehlo = { ['10.0.0.0/8'] = { 'SIZE' }, ['::/0'] = 'HELP' }",
	    "ok" },
	{ BASE "ehlo = { ['10.0.0'] = 'SIZE' }", "F:1: ehlo.10.0.0: expected "
	    "a network such as \"192.0.2.0/24\", with a list of keywords" },
	{ BASE "ehlo = { ['::1'] = { 'a b' } }", "F:1: ehlo.::1.1: expected an "
	    "EHLO keyword such as \"SIZE\", got \"a b\"" },
};

static const struct {
	const char *key, *value, *want;
} overrides[] = {
	{ "hostname", "mx.example.org", "ok" },
	{ "hostname", "nothing", "ok" },
	{ "hostname", "file", "ok" },
	{ "hostname", "a b", "-o hostname: expected a host name, got \"a b\"" },
	{ "limits.message_size", "10M", "ok" },
	{ "limits.message_size", "10Q", "-o limits.message_size: expected a "
	    "size such as \"50M\" (1 to 1099511627776 octets), got \"10Q\"" },
	{ "limits.eror", "1", "-o limits.eror: unknown key (did you mean "
	    "\"errors\"?)" },
	{ "tls.min_version", "1.3", "ok" },
	{ "tls.key", "k", "-o tls.key: needs tls.cert" },
	{ "hooks", "{ 'a', 'b' }", "ok" },
	{ "hooks.1", "b", "F:1: hooks.2: a second hook named \"b\"" },
	{ "hooks.2", "c", "ok" },
	{ "hooks.3", "c", "ok" },
	{ "hooks.3", "{ 'c', timeout = 0 }", "-o hooks.3: hooks.3.timeout: "
	    "expected a duration such as \"5m\" (0.001 to 86400 seconds), "
	    "got 0" },
	{ "hooks.4", "c", "-o hooks.4: 4 is beyond the end of the list" },
	{ "relay", "nil", "F:1: relay: missing: the next hop, such as "
	    "\"smtp://host:port\"" },
	{ "relay.tls", "off", "-o relay.tls: relay is a string, not a table" },
	{ "relay", "file('nope')", "-o relay: nope: No such file or "
	    "directory" },
	{ "relay", "error", "-o relay: expected a name from relays, or a URL "
	    "such as \"smtp://host:port\", got \"error\"" },
	{ "bind..retries", "1", "-o bind..retries: an empty key" },
	{ "user", "include", "-o user: expected the name of an account, got "
	    "\"include\"" },
};

/* Evaluate, send it through the encoded form as a bundle does, read. */
static const char *
load(const char *text, const struct conf_override *o, size_t count,
    struct arena *arena, struct conf *out)
{
	static char error[CONF_ERROR_MAX];
	struct value *tree, *copy;
	struct buf b;

	scratch_write("test.lua", text);
	tree = conf_evaluate(scratch_conf, o, count, arena, error);
	if (!tree)
		return scratch_shorten(error);
	buf_init(&b);
	value_encode(tree, &b);
	copy = arena_alloc(arena, sizeof *copy);
	if (value_decode(arena_memdup(arena, b.p, b.len), b.len, arena,
	    copy) < 0)
		abort();
	buf_clear(&b);
	if (conf_read(copy, scratch_conf, arena, out, error) < 0)
		return scratch_shorten(error);
	return "ok";
}

static void
test_cases(void)
{
	struct arena *arena = arena_new();
	struct conf conf;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		test_str(cases[i].text, load(cases[i].text, NULL, 0, arena,
		    &conf), cases[i].want);
		arena_reset(arena);
	}
	arena_free(arena);
}

static void
test_overrides(void)
{
	struct arena *arena = arena_new();
	struct conf_override o;
	const char *got;
	char name[128];
	struct conf conf;
	size_t i, len;

	for (i = 0; i < sizeof overrides / sizeof *overrides; i++) {
		o.key = overrides[i].key;
		o.value = overrides[i].value;
		snprintf(name, sizeof name, "-o %s=%s", o.key, o.value);
		got = load(BASE "hooks = { 'a', 'b' }", &o, 1, arena, &conf);
		len = strlen(overrides[i].want);
		test_ok(name, strncmp(got, overrides[i].want, len) == 0);
		if (strncmp(got, overrides[i].want, len) != 0)
			fprintf(stderr, "  got: %s\n", got);
		arena_reset(arena);
	}
	arena_free(arena);
}

int
main(void)
{
	scratch_open();
	scratch_write("included.lua",
	    "limits = {\n  errors = 1,\n  eror = 2 }\n");
	setenv("LUNETTE_TEST", "discard:", 1);
	unsetenv("LUNETTE_NOT_SET");
	test_cases();
	test_overrides();
	scratch_close();
	return test_done();
}
