#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader.h"
#include "mem.h"
#include "shared.h"
#include "shdict.h"
#include "tls.h"

#include "test.h"

static void
make(struct generation *g, struct policy_declared *want, size_t count)
{
	memset(g, 0, sizeof *g);
	g->arena = arena_new();
	g->shared = want;
	g->shareds = count;
}

/* Does a child have the page?  msync knows of what is not mapped. */
static bool
is_inherited(const struct shared *s)
{
	void *p = (void *)(uintptr_t)shared_tickets(s);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(msync(p, tls_tickets_size(), MS_ASYNC) == 0);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 1;
}

int
main(void)
{
	struct policy_declared first[] = { { "a", 1 << 20 }, { "b", 0 } };
	struct policy_declared second[] = { { "b", 0 }, { "a", 2 << 20 } };
	struct policy_declared huge[] = { { "a", 1 << 20 },
	    { "h", (size_t)1 << 62 } };
	struct shared *s = shared_new();
	struct generation one, two, bad;
	struct policy_shared *p, *q;
	char error[CONF_ERROR_MAX];
	double n = 0;
	size_t count;
	void *tickets;

	make(&one, first, 2);
	make(&two, second, 2);
	make(&bad, huge, 2);
	test_int("open", shared_open(s, &one, &p, &count, error), 0);
	test_int("both", (long long)count, 2);
	test_str("by name", p[0].name, "a");
	shared_keep(s, &one);
	shdict_incr(p[0].dict, 0, "k", 1, 3, 0, &n);
	shdict_incr(p[1].dict, 0, "k", 1, 5, 0, &n);

	test_int("cannot be had", shared_open(s, &bad, &q, &count, error), -1);
	test_ok("names it", strstr(error, " h ") != NULL);
	shared_keep(s, &one);
	test_int("as before", shdict_incr(p[0].dict, 0, "k", 1, 0, 0, &n),
	    SHDICT_OK);
	test_int("with its value", (long long)n, 3);

	test_int("again", shared_open(s, &two, &q, &count, error), 0);
	shared_keep(s, &two);
	test_ok("same name and size", q[0].dict == p[1].dict);
	shdict_incr(q[0].dict, 0, "k", 1, 0, 0, &n);
	test_int("lives on", (long long)n, 5);
	shdict_incr(q[1].dict, 0, "k", 1, 0, 0, &n);
	test_int("another size is another", (long long)n, 0);

	test_ok("rates", shared_rates(s) != NULL);
	test_ok("tickets", shared_tickets(s) != NULL);
	tickets = mem_alloc(tls_tickets_size());
	memcpy(tickets, shared_tickets(s), tls_tickets_size());
	shared_turn_tickets(s);
	test_ok("keys turn", memcmp(tickets, shared_tickets(s),
	    tls_tickets_size()) != 0);
	mem_free(tickets);
	test_ok("for workers", is_inherited(s));
	shared_hide_tickets(s, true);
	test_ok("not for a checker", !is_inherited(s));
	shared_hide_tickets(s, false);
	test_ok("for the next worker", is_inherited(s));
	shared_free(s);
	arena_free(one.arena);
	arena_free(two.arena);
	arena_free(bad.arena);
	return test_done();
}
