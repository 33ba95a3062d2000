#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ev.h>

#include "bundle.h"
#include "descriptors.h"
#include "loader.h"

#include "scratch.h"
#include "test.h"

/* As root the checker has to become someone. */
static const struct conf_override overrides[] = {
	{ "lua_path", "lua" }, { "user", "nobody" },
};

static struct loader_args
args(double timeout)
{
	struct loader_args a = {
		.path = scratch_conf, .override = overrides, .overrides = geteuid() == 0 ? 2 : 1,
		.number = 7, .timeout = timeout,
	};

	return a;
}

/* Hooks and what is said of them; "N hooks" if they load. */
static const struct {
	const char *conf, *hook, *want;
} cases[] = {
	{ "", "", "0 hooks" },
	{ "hooks = { 'one' }", "return {}", "1 hooks" },
	{ "hooks = { 'one', { 'one', as = 'two' } }", "return {}", "2 hooks" },
	{ "hooks = { 'one' }", "\n\nreturn {", "D/hooks/one.lua:3: " },
	{ "hooks = { 'one' }", "\nlocal x = nil + 1 return {}",
	    "D/hooks/one.lua:2: " },
	{ "hooks = { 'one' }", "local one = {}\nfunction one.start()\n"
	    "error 'no' end return one", "D/hooks/one.lua:3: " },
	{ "hooks = { 'one' }", "return { recpt = function() end }",
	    "D/hooks/one.lua" },
	{ "\nhooks = { 'one',\n 'nope' }", "return {}", "F:3: " },
	{ "hooks = { 'one' } lisen = 5", "return {}", "F:1: lisen: "
	    "unknown key" },
	{ "hooks = { { 'one',\n nope = 1 } }", "return {}", "F:2: " },
};

static void
test_cases(void)
{
	char error[CONF_ERROR_MAX], text[1024];
	struct loader_args a = args(20);
	enum loader_fault fault;
	struct generation *g;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(text, sizeof text, "relay = 'discard:' %s",
		    cases[i].conf);
		scratch_write("test.lua", text);
		scratch_write("hooks/one.lua", cases[i].hook);
		*error = '\0';
		g = loader_run(&a, &fault, error);
		if (g)
			snprintf(error, sizeof error, "%zu hooks", g->hooks);
		scratch_shorten(error)[strcspn(error, "\n")] = '\0';
		if (strlen(error) > strlen(cases[i].want))
			error[strlen(cases[i].want)] = '\0';
		test_str(text, error, cases[i].want);
		test_ok("whose fault", g || fault == LOADER_CONFIG);
		generation_free(g);
	}
}

/* Without descriptors for one process, and for the other, it is not the
 * configuration that is wrong. */
static void
test_system(void)
{
	struct rlimit was, few;
	char error[CONF_ERROR_MAX], name[40];
	struct loader_args a = args(20);
	enum loader_fault fault = 0;
	rlim_t n;

	scratch_write("test.lua", "relay = 'discard:'");
	descriptors_keep(NULL, 0);
	getrlimit(RLIMIT_NOFILE, &was);
	few = was;
	for (n = 3; n <= 5; n++) {
		few.rlim_cur = n;
		setrlimit(RLIMIT_NOFILE, &few);
		*error = '\0';
		test_ok("not loaded", loader_run(&a, &fault, error) == NULL);
		setrlimit(RLIMIT_NOFILE, &was);
		snprintf(name, sizeof name, "%d descriptors", (int)n);
		test_int(name, fault, LOADER_SYSTEM);
		test_ok(name, strncmp(error, "loader: ", 8) == 0);
	}
}

/* What is in it is found, and stays when the files have gone. */
static void
test_generation(void)
{
	char error[CONF_ERROR_MAX];
	struct loader_args a = args(20);
	const struct policy_chain *chain;
	enum loader_fault fault;
	struct generation *g;
	const char *p, *where;
	size_t len, count;

	scratch_write("test.lua", "relay = 'discard:' hooks = { 'one' }\n"
	    "shared = { seen = '1M' }\n"
	    "listen = { '127.0.0.1:0', { '[::1]:0', hooks = { 'one' } } }");
	scratch_write("hooks/one.lua", "return { connect = function() end }");
	g = loader_run(&a, &fault, error);
	test_ok("loads", g != NULL);
	if (!g)
		return;
	scratch_write("hooks/one.lua", "nonsense");
	p = generation_find(g->bundle, POLICY_HOOK, "one", &len, &where);
	test_mem("hook", p, len, "return { connect = function() end }", 35);
	p = generation_find(g->bundle, POLICY_HOOK, "two", &len, &where);
	test_ok("no hook", p == NULL && where != NULL);
	test_int("number", g->number, 7);
	test_str("path", g->conf.path, scratch_conf);
	test_int("shared", (long long)g->shareds, 1);
	test_str("its name", g->shared[0].name, "seen");
	test_int("its size", (long long)g->shared[0].size, 1048576);
	chain = generation_chains(g, &count);
	test_int("chains", (long long)count, 2);
	test_ok("all", chain[0].instances == NULL);
	test_str("some", chain[1].instances[0], "one");
	test_str("listener", chain[1].listener, "[::1]:0");
	generation_free(g);
}

struct outcome {
	int called;
	struct generation *g;
	char error[CONF_ERROR_MAX];
};

static void
on_loaded(void *arg, struct generation *g, const char *error)
{
	struct outcome *o = arg;

	o->called++;
	o->g = g;
	snprintf(o->error, sizeof o->error, "%s", error ? error : "");
}

static void
test_loop(void)
{
	struct ev_loop *loop = ev_loop_new(EVBACKEND_POLL);
	struct loader_args a = args(20);
	struct outcome o = { 0 };
	char error[CONF_ERROR_MAX];
	struct loader *l;

	scratch_write("hooks/one.lua", "return {}");
	l = loader_start(loop, &a, on_loaded, &o, error);
	test_ok("takes its time", l != NULL && o.called == 0);
	ev_run(loop, 0);
	test_ok("loaded", o.called == 1 && o.g != NULL);
	generation_free(o.g);

	memset(&o, 0, sizeof o);
	l = loader_start(loop, &a, on_loaded, &o, error);
	loader_cancel(l);
	ev_run(loop, 0);
	test_int("cancelled", o.called, 0);
	loader_cancel(NULL);

	/* A hook that spins is ended from outside. */
	scratch_write("hooks/one.lua", "while true do end");
	a.timeout = 0.3;
	loader_start(loop, &a, on_loaded, &o, error);
	ev_run(loop, 0);
	test_ok("late", o.called == 1 && o.g == NULL);
	test_ok("says so", strstr(o.error, "not loaded after") != NULL);
	test_ok("no child is left", waitpid(-1, NULL, WNOHANG) < 0);
	ev_loop_destroy(loop);
}

int
main(void)
{
	scratch_open();
	test_system();
	test_cases();
	test_generation();
	test_loop();
	scratch_close();
	return test_done();
}
