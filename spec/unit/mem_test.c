#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"

#include "test.h"

static int
is_zero(const char *p, size_t n)
{
	while (n--)
		if (p[n])
			return 0;
	return 1;
}

static void
test_arena(void)
{
	struct arena *a = arena_new();
	char *p, *q;
	size_t i, n, held;
	int good = 1;

	for (i = 0; i < 2000; i++) {
		n = i * 7 % 300;
		p = arena_alloc(a, n);
		good = good && (uintptr_t)p % 16 == 0 && is_zero(p, n);
		memset(p, 0xee, n);
	}
	test_ok("aligned and zeroed", good);
	p = arena_alloc(a, 1 << 20);
	test_ok("large", is_zero(p, 1 << 20));
	test_ok("what it holds", arena_size(a) > (1 << 20) + 2000 * 100);
	arena_reset(a);
	held = arena_size(a);
	test_ok("a reset keeps one block", held > 0 && held <= 4096);
	p = arena_alloc(a, 100);
	test_ok("zeroed again", is_zero(p, 100));
	test_int("nothing new was needed", (long long)arena_size(a),
	    (long long)held);
	p = arena_strdup(a, "one");
	q = arena_strndup(a, "twofold", 3);
	test_str("strdup", p, "one");
	test_ok("strdup of nothing", !arena_strdup(a, NULL) &&
	    !mem_strdup(NULL));
	test_str("strndup", q, "two");
	test_str("memdup", arena_memdup(a, "abc", 4), "abc");
	test_str("printf", arena_printf(a, "%s-%05d", "x", 42), "x-00042");
	test_str("printf of nothing", arena_printf(a, "%s", ""), "");
	test_ok("empty", arena_strndup(a, NULL, 0) != NULL);
	arena_free(a);
	arena_free(NULL);

	a = arena_new();
	arena_alloc(a, 1 << 20);
	arena_reset(a);
	test_int("a large block is not kept", (long long)arena_size(a), 0);
	arena_free(a);
}

/* A size that overflows is no memory: one line, exit 71. */
static void
test_overflow(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		close(STDERR_FILENO);
		mem_array(SIZE_MAX / 2, 3);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	test_int("overflow ends the process",
	    WIFEXITED(status) ? WEXITSTATUS(status) : -1, 71);
}

int
main(void)
{
	char *p = mem_alloc(0);

	test_ok("of no size", p != NULL);
	p = mem_resize(p, 10);
	mem_free(p);
	p = mem_array(3, 4);
	test_ok("array zeroed", is_zero(p, 12));
	mem_free(p);
	p = mem_strndup("abcdef", 3);
	test_str("strndup", p, "abc");
	mem_free(p);
	mem_free(NULL);
	test_arena();
	test_overflow();
	return test_done();
}
