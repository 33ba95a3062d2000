#include "policy_fake.h"

#include "test.h"

/* What is refused at load, and how. */
static const struct {
	const char *name, *hook, *list, *want;
} cases[] = {
	{ "no hook", NULL, "\"nothing\"",
	    "conf:1: hooks: no hook \"nothing\" (tried hooks/nothing.lua)" },
	{ "twice", "return {}", "\"h\", \"h\"",
	    "conf:1: hooks: \"h\" is there already (line 1): give one of them "
	    "another name with as = " },
	{ "no name", "return {}", "{ zone = 1 }",
	    "conf:1: hooks: the name of a hook expected" },
	{ "syntax", "return {\n  x = = 1 }", "\"h\"",
	    "hooks/h.lua:2: unexpected symbol near '='" },
	{ "raises", "error \"no luck\"", "\"h\"", "hooks/h.lua:1: no luck" },
	{ "no table", "return 7", "\"h\"",
	    "hooks/h.lua:1: a hook returns a table, this one returned a number" },
	{ "stage misspelt", "local h = {}\nfunction h.recpt() end\nreturn h",
	    "\"h\"", "hooks/h.lua:2: \"recpt\" is no stage and nothing else "
	    "that a hook has (did you mean \"rcpt\"?)" },
	{ "stage is no function", "return { rcpt = 1 }", "\"h\"",
	    "hooks/h.lua:1: rcpt: a function expected, got a number" },
	{ "no words at all", "error({})", "\"h\"",
	    "hooks/h.lua: (an error value that is no text)" },
	{ "start without words", "return { start = function() error() end }",
	    "\"h\"", "h: start: nil" },
	{ "start that answers", "return { start = function() return 1 end }",
	    "\"h\"", "h: start: it returned a number: return nothing" },
	{ "line end in ehlo", "return { ehlo = { \"X-A\", \"X\\r\\n250 Y\" } }",
	    "\"h\"", "hooks/h.lua:1: ehlo: number 2 is no keyword" },
	{ "blank in ehlo", "return { ehlo = { \"X \" } }",
	    "\"h\"", "hooks/h.lua:1: ehlo: number 1 is no keyword" },
	{ "ehlo of the core", "return { ehlo = { \"size 1\" } }", "\"h\"",
	    "hooks/h.lua:1: ehlo: \"size 1\" is not for hooks to announce" },
	{ "huge dictionary", "return { shared = { d = \"900G\" } }", "\"h\"",
	    "hooks/h.lua:1: shared: d: more than 4G" },
	{ "setting with a word of entries",
	    "return { settings = { timeout = 1 } }", "\"h\"",
	    "hooks/h.lua:1: settings: timeout: an entry has that word for "
	    "something else: take another" },
	{ "on_error", "return { on_error = \"maybe\" }", "\"h\"",
	    "hooks/h.lua:1: on_error: \"defer\", \"next\" or \"reject\" "
	    "expected" },
	{ "unknown setting", "return { settings = { zones = \"\" } }",
	    "{ \"h\", zonse = 1 }", "conf:1: hooks: h: zonse: unknown setting "
	    "(did you mean \"zones\"?)" },
	{ "type of a setting", "return { settings = { n = 1 } }",
	    "{ \"h\", n = \"x\" }",
	    "conf:1: hooks: h: n: a number expected, got a text" },
	{ "required", "local s = require \"lunette.setting\"\n"
	    "return { settings = { n = s.number() } }", "\"h\"",
	    "conf:1: hooks: h: n: required" },
	{ "in a record", "local s = require \"lunette.setting\"\nreturn "
	    "{ settings = { z = s.list { zone = s.string(), w = 1 } } }",
	    "{ \"h\",\n z = { { zone = \"x\" },\n { zone = \"y\", w = true } } }",
	    "conf:3: hooks: h: z[2].w: a number expected, got true" },
	{ "one of", "local s = require \"lunette.setting\"\nreturn "
	    "{ settings = { a = s.one_of({ \"x\", \"y\" }, \"x\") } }",
	    "{ \"h\", a = \"z\" }",
	    "conf:1: hooks: h: a: \"x\" or \"y\" expected" },
	{ "bad default", "local s = require \"lunette.setting\"\nreturn "
	    "{ settings = { a = s.duration \"soon\" } }", "\"h\"",
	    "hooks/h.lua:2: settings: a: a duration (\"5m\", or seconds) "
	    "expected, got a text" },
	{ "bad list", "local s = require \"lunette.setting\"\nreturn "
	    "{ settings = { a = s.cidrs() } }",
	    "{ \"h\", a = { \"192.0.2.300\" } }", "conf:1: hooks: h: a: a "
	    "network expected, got \"192.0.2.300\"" },
	{ "bad line", "local s = require \"lunette.setting\"\nreturn "
	    "{ settings = { a = s.domains() } }",
	    "{ \"h\", a = \"ok.test\\n# no\\nb@d\\n\" }", "conf:1: hooks: h: "
	    "a: line 3 of the list: a domain expected, got \"b@d\"" },
	{ "start raises", "return { start = function() error \"no\" end }",
	    "\"h\"", "hooks/h.lua:1: no" },
	{ "start fails", "return { start = function() return nil, \"gone\" "
	    "end }", "\"h\"", "h: start: gone" },
	{ "undeclared setting", "local h = { settings = { a = 1 } }\n"
	    "function h.start() return h.settings.b end return h", "\"h\"",
	    "hooks/h.lua:2: there is no setting \"b\"" },
	{ "undefined global", "return { start = function() foo() end }",
	    "\"h\"", "hooks/h.lua:1: undefined global \"foo\"" },
	{ "global write", "x = 1", "\"h\"", "hooks/h.lua:1: global \"x\" "
	    "cannot be set: use a local, or session.note" },
	{ "no module", "require \"nothing.here\"", "\"h\"",
	    "hooks/h.lua:1: module \"nothing.here\" not found (tried "
	    "lua/nothing.here.lua)" },
	{ "module of later", "require \"lunette.http\"", "\"h\"",
	    "hooks/h.lua:1: module \"lunette.http\" is not in this version" },
	{ "bytecode", "\033LJ\002", "\"h\"",
	    "hooks/h.lua: attempt to load chunk with wrong mode" },
	{ "undeclared dictionary", "local d = require(\"lunette.shared\").grey\n"
	    "return {}", "\"h\"", "the shared dictionary \"grey\" is not "
	    "declared: say shared = { grey = \"1M\" } in the hook's table" },
	{ "spin at the top", "while true do end", "\"h\"",
	    "hooks/h.lua:1: it took longer than 1 s to load" },
	{ "memory at the top", "local t = {}\nwhile true do t[#t + 1] = "
	    "(\"x\"):rep(100000) .. #t end", "\"h\"", "hooks/h.lua: not enough memory" },
	{ "waits at the top",
	    "require(\"lunette.clock\").sleep(1)", "\"h\"",
	    "hooks/h.lua:1: cannot wait here (clock.sleep)" },
	{ "later not boolean", "return {}", "{ \"h\", later = 1 }",
	    "conf:1: hooks: h: later: true or false expected, got number" },
	{ "shadow", "return {}", "{ \"h\", shadow = true }",
	    "conf:1: hooks: h: shadow: not supported in this version" },
};

static void
test_errors(void)
{
	size_t i;
	bool ok;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		policy_fake_begin();
		pf.conf.start_timeout = 1;
		if (cases[i].hook)
			policy_fake_hook("h", cases[i].hook);
		ok = policy_fake_load(cases[i].list, true);
		test_str(cases[i].name, ok ? "loaded" : pf.error,
		    cases[i].want);
		policy_fake_end();
	}
}

/* What start sees; an assertion that fails names its line. */
static const struct {
	const char *name, *text, *list;
} starts[] = {
	{ "nothing dangerous",
	    "for _, n in ipairs { 'io', 'debug', 'ffi', 'package', 'jit',\n"
	    "'dofile', 'loadfile', 'newproxy', 'setfenv', 'getfenv', 'module',\n"
	    "'gcinfo' } do assert(rawget(_G, n) == nil and\n"
	    "not pcall(function() return _G[n] end), n) end\n"
	    "assert(os.execute == nil and os.exit == nil and os.getenv == nil)\n"
	    "assert(string.dump == nil and ('').dump == nil)\n"
	    "assert(not load('\\27LJ\\2'))\n"
	    "assert(load('return 1 + 1')() == 2)\n"
	    "assert(collectgarbage 'count' > 0)\n"
	    "assert(not pcall(collectgarbage))\n", "'h'" },
	{ "nothing can be changed",
	    "for _, f in ipairs {\n"
	    "function() string.x = 1 end, function() string.rep = 1 end,\n"
	    "function() rawset(string, 'rep', 1) end,\n"
	    "function() rawset(_G, 'x', 1) end,\n"
	    "function() setmetatable(_G, {}) end,\n"
	    "function() getmetatable('').__index = 1 end,\n"
	    "function() require('lunette.verdict').accept = 1 end,\n"
	    "function() table.insert(require 'lunette.verdict', 1) end,\n"
	    "function() getmetatable(require 'lunette.verdict').x = 1 end,\n"
	    "} do assert(not pcall(f)) end\n", "'h'" },
	{ "pairs sees through",
	    "local n = {}\n"
	    "for k in pairs(require 'lunette.verdict') do n[#n + 1] = k end\n"
	    "assert(#n == 7)\n"
	    "assert(next(string) and type(string.rep) == 'function')\n", "'h'" },
	{ "settings",
	    "local s = h.settings\n"
	    "assert(s.a == 1 and s.b == 'two' and s.c == 300)\n"
	    "assert(#s.list == 2 and s.list[2].zone == 'y')\n"
	    "assert(s.list[1].w == 1 and s.list[2].w == 5)\n"
	    "assert(s.opt == nil and s.map.x == 2 and s.size == 1048576)\n"
	    "assert(s.rec.deep == 'yes' and s.rec.other == 2)\n"
	    "assert(s.nets:has '192.0.2.9' and not s.nets:has '192.0.3.1')\n"
	    "assert(s.names:has 'a.b.example.org')\n"
	    "assert(not s.names:has 'example.org')\n"
	    "assert(s.plain[1] == 'p' and s.plain[2] == 'q')\n",
	    "{ 'h', b = 'two', list = { { zone = 'x' }, { zone = 'y', w = 5 } },\n"
	    "map = { x = 2 }, rec = { deep = 'yes' }, size = '1M',\n"
	    "nets = { '192.0.2.0/24' }, names = '# all\\n.example.org\\n',\n"
	    "plain = { 'p', 'q' } }" },
	{ "lists",
	    "local list = require 'lunette.list'\n"
	    "local a = list.addresses { 'A@b.test', '@c.test', '@.d.test',\n"
	    "'root@', '<>' }\n"
	    "assert(a:has 'a@B.test' and not a:has 'x@b.test')\n"
	    "assert(a:has 'y@c.test' and not a:has 'y@e.c.test')\n"
	    "assert(a:has 'y@e.d.test' and not a:has 'y@d.test')\n"
	    "assert(a:has 'root@anywhere.test' and a:has '')\n"
	    "assert(not a:has(nil) and #a == 5)\n"
	    "local c = list.cidrs { '10.0.0.0/8', '10.1.0.0/16', '::1',\n"
	    "'2001:db8::/32' }\n"
	    "local v, e = c:find '10.1.2.3' assert(v == true and\n"
	    "e == '10.1.0.0/16')\n"
	    "assert(c:has '2001:db8::7' and c:has '::1' and not c:has '::2')\n"
	    "assert(c:find 'nonsense' == false)\n"
	    "local m = list.map 'k one two\\n.x.test below\\n'\n"
	    "assert(m:find 'K' == 'one two' and m:find 'a.x.test' == 'below')\n"
	    "assert(list.map({ a = 1 }):find 'a' == '1')\n"
	    "local d = list.domains { 'localhost', '[192.0.2.1]' }\n"
	    "assert(d:has 'LOCALHOST.' and d:has '[192.0.2.1]')\n", "'h'" },
	{ "ip and address",
	    "local ip = require 'lunette.ip'\n"
	    "assert(ip.parse '192.0.2.1' == '192.0.2.1')\n"
	    "assert(ip.parse '::ffff:192.0.2.1' == '192.0.2.1')\n"
	    "assert(ip.parse '192.0.2.1:25' == false)\n"
	    "assert(ip.parse '1.2.3.4/8' == false)\n"
	    "assert(ip.inside('192.0.2.1', '192.0.2.0/24'))\n"
	    "assert(ip.net('192.0.2.77', 24) == '192.0.2.0/24')\n"
	    "assert(ip.reversed '192.0.2.1' == '1.2.0.192')\n"
	    "assert(ip.reversed '2001:db8::1' == '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0'\n"
	    ".. '.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2')\n"
	    "assert(ip.literal '[192.0.2.1]' == '192.0.2.1')\n"
	    "assert(ip.literal '[IPv6:2001:db8::1]' == '2001:db8::1')\n"
	    "assert(ip.literal 'x' == false)\n"
	    "assert(ip.private '10.1.1.1' and not ip.private '192.88.99.1')\n"
	    "local a = require('lunette.address').parse 'User@Example.ORG'\n"
	    "assert(a.address == 'User@example.org' and a.user == 'User')\n"
	    "assert(a.domain == 'example.org')\n"
	    "assert(require('lunette.address').parse 'x' == false)\n", "'h'" },
	{ "hash and base64",
	    "local hash, b = require 'lunette.hash', require 'lunette.base64'\n"
	    "assert(hash.md5 '' == 'd41d8cd98f00b204e9800998ecf8427e')\n"
	    "assert(hash.sha1 'abc' ==\n"
	    "'a9993e364706816aba3e25717850c26c9cd0d89d')\n"
	    "assert(#hash.sha512('', 'raw') == 64)\n"
	    "assert(hash.hmac('sha256', 'key',\n"
	    "'The quick brown fox jumps over the lazy dog') ==\n"
	    "'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8')\n"
	    "assert(hash.equal('a', 'a') and not hash.equal('a', 'b'))\n"
	    "assert(#hash.random(9) == 9)\n"
	    "for i = 0, 9 do local t = ('xyz\\0\\255'):rep(9):sub(1, i)\n"
	    "assert(b.decode(b.encode(t)) == t) end\n"
	    "assert(b.encode 'ab' == 'YWI=')\n"
	    "for _, t in ipairs { 'a', 'ab=c', '====', 'YW=I', 'YWI=YWI' } do\n"
	    "assert(not pcall(b.decode, t), t) end\n", "'h'" },
	{ "shared",
	    "local d = require('lunette.shared').d\n"
	    "assert(d:get 'x' == nil and d:set('x', 'v') == true)\n"
	    "assert(d:get 'x' == 'v' and d:add('y', 1, 60) == true)\n"
	    "local ok, old = d:add('y', 2) assert(ok == false and old == 1)\n"
	    "local v, ttl = d:get 'y' assert(v == 1 and ttl > 50)\n"
	    "assert(d:incr('n', 3) == 3 and d:incr('n', -1) == 2)\n"
	    "assert(d:set('b', false) and d:get 'b' == false)\n"
	    "assert(d:delete 'x' == true and d:delete 'x' == false)\n"
	    "assert(#d:keys() == 3 and d:ttl 'y' < 61)\n"
	    "local ok, err = d:set('big', ('x'):rep(70000))\n"
	    "assert(ok == nil and err.kind == 'limit' and ('' .. err) == err.text)\n"
	    "assert(tostring(err) == err.text and err.temporary == true)\n"
	    "assert(not pcall(function() return err.txet end))\n"
	    "assert(not pcall(d.set, d, 'k', {}))\n"
	    "assert(not pcall(d.incr, d, 'b', 1))\n", "'h'" },
	{ "verdicts",
	    "local v = require('lunette.verdict')\n"
	    "local r = v.reject('5.1.1', 'no %s', 'way')\n"
	    "assert(r.kind == 'reject' and r.enhanced == '5.1.1')\n"
	    "assert(r.text == 'no way' and r.code == 550)\n"
	    "assert(r:code(521) == r and r.code == 521)\n"
	    "assert(not pcall(r.code, r, 450))\n"
	    "assert(v.reject('100%').text == '100%')\n"
	    "assert(v.reject({ 'a', 'b' }).text == 'a\\nb')\n"
	    "assert(v.reject().text == 'refused by policy')\n"
	    "assert(v.defer().enhanced == '4.7.1')\n"
	    "assert(not pcall(v.reject, '4.7.1', 'x'))\n"
	    "assert(not pcall(function() r.text = 'x' end))\n"
	    "assert(not pcall(function() return r.txet end))\n"
	    "assert(not pcall(function() return (5)() end))\n"
	    "assert(v.reply(250, 'fine').code == 250)\n"
	    "assert(not pcall(v.reply, 99, 'x'))\n"
	    "assert(not pcall(function() v.accept():hangup() end))\n"
	    "assert(v.reject():delay(99):hangup():later().kind == 'reject')\n",
	    "'h'" },
	{ "coroutines",
	    "local function gen() return coroutine.wrap(function()\n"
	    "for i = 1, 3 do coroutine.yield(i) end end) end\n"
	    "local n = 0 for i in gen() do n = n + i end assert(n == 6)\n"
	    "assert(coroutine.running() == nil)\n"
	    "assert(not pcall(coroutine.yield))\n"
	    "local co = coroutine.create(function() error 'x' end)\n"
	    "local ok, e = coroutine.resume(co)\n"
	    "assert(not ok and e:find 'x' and coroutine.status(co) == 'dead')\n"
	    "assert(not pcall(coroutine.wrap(function() error 'y' end)))\n",
	    "'h'" },
	{ "random is seeded", "assert(math.randomseed == nil)\n"
	    "assert(math.random() ~= 0.0039)\n", "'h'" },
	{ "stops at a wait", "require('lunette.clock').sleep(1)\n"
	    "error 'not here'\n", "'h'" },
	{ "log", "local log = require 'lunette.log'\n"
	    "log.debug('%s', 'x') log.debug { a = 1, b = 'c' }\n"
	    "assert(not pcall(log.debug, { event = 'x' }))\n"
	    "assert(not pcall(log.debug, { ['a b'] = 'x' }))\n", "'h'" },
	{ "header", "local h = require 'lunette.header'\n"
	    "assert(h.decode '=?utf-8?q?a_=C3=A9?= =?utf-8?b?eA==?=' ==\n"
	    "'a \\195\\169x')\n", "'h'" },
};

static const char frame[] =
    "local s = require 'lunette.setting'\n"
    "local h = { shared = { d = '1M' }, settings = { a = 1, b = '', "
    "c = s.duration '5m', list = s.list({ zone = s.string(), w = 1 }, {}), "
    "opt = s.optional(s.string()), map = s.map(s.number(), {}), "
    "rec = s.record { deep = 'no', other = 2 }, size = s.size(7), "
    "nets = s.cidrs {}, names = s.domains {}, plain = { 'x' } } }\n"
    "function h.start()\n%send\nreturn h\n";

static void
test_starts(void)
{
	char text[4096];
	size_t i;

	for (i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		policy_fake_begin();
		snprintf(text, sizeof text, frame, starts[i].text);
		policy_fake_hook("h", text);
		test_str(starts[i].name, policy_fake_load(starts[i].list,
		    true) ? "" : pf.error, "");
		policy_fake_end();
	}
}

/*
 * A large list is compiled in the check and found by the worker; one that is
 * not as it was compiled is not believed.
 */
static struct buf stored;
static char stored_name[200];

static void
on_store(void *arg, const char *name, const void *p, size_t len)
{
	buf_empty(&stored);
	buf_append(&stored, p, len);
	snprintf(stored_name, sizeof stored_name, "%s", name);
}

static const char lists[] =
    "local s = require 'lunette.setting'\n"
    "local h = { settings = { big = s.domains() } }\n"
    "function h.start() assert(h.settings.big:has 'n7.test')\n"
    "assert(not h.settings.big:has 'x7.test' and #h.settings.big == 4000)\n"
    "end return h\n";

static bool
load_list(const char *entry, bool check)
{
	policy_fake_begin();
	pf.conf.store = on_store;
	policy_fake_hook("h", lists);
	if (!check)
		policy_fake_add(POLICY_LIST, stored_name, stored.p,
		    stored.len);
	return policy_fake_load(entry, check);
}

static void
test_stored(void)
{
	struct buf entry;
	size_t used;
	int i;

	buf_init(&entry);
	buf_init(&stored);
	buf_puts(&entry, "{ 'h', big = [[\n");
	for (i = 0; i < 4000; i++)
		buf_printf(&entry, "n%d.test   # some words about it\n", i);
	buf_puts(&entry, "]] }");
	buf_append(&entry, "", 1);
	test_str("list: checked", load_list(entry.p, true) ? "" : pf.error,
	    "");
	test_str("list: its name", stored_name, "h:big");
	policy_fake_end();

	test_str("list: found", load_list(entry.p, false) ? "" : pf.error, "");
	used = pf.p ? policy_memory(pf.p) : 0;
	test_ok("list: is not Lua's memory", used < 300000);
	policy_fake_end();

	stored.p[0] ^= 1;
	test_str("list: compiled again", load_list(entry.p, false) ? "" :
	    pf.error, "");
	policy_fake_end();
	buf_clear(&entry);
	buf_clear(&stored);
}

int
main(void)
{
	log_set(LOG_LOGFMT, LOG_ERROR);
	test_errors();
	test_starts();
	test_stored();
	return test_done();
}
