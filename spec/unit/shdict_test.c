#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dict.h"

static void
test_values(struct shdict *d)
{
	struct shdict_value v, n = { .type = SHDICT_NUMBER, .n = 0.5 };
	struct shdict_value b = { .type = SHDICT_BOOL, .b = true };
	double out = 0;

	test_int("missing", get(d, 0, "k", &v), SHDICT_MISSING);
	test_int("set", set_text(d, 0, "k", "a\0b", 3, 0), SHDICT_OK);
	test_int("get", get(d, 0, "k", &v), SHDICT_OK);
	test_mem("text", v.p, v.len, "a\0b", 3);
	test_ok("for ever", v.ttl == 0);
	test_int("set empty", set_text(d, 0, "k", "", 0, 0), SHDICT_OK);
	test_int("get empty", get(d, 0, "k", &v), SHDICT_OK);
	test_int("empty", (long long)v.len, 0);
	test_int("incr of text", shdict_incr(d, 0, "k", 1, 1, 0, &out),
	    SHDICT_TYPE);
	shdict_set(d, 0, "n", 1, &n);
	test_int("incr", shdict_incr(d, 0, "n", 1, 2, 0, &out), SHDICT_OK);
	test_ok("sum", out == 2.5);
	shdict_incr(d, 0, "new", 3, -4, 0, &out);
	test_ok("starts at 0", out == -4);
	shdict_set(d, 0, "b", 1, &b);
	test_ok("bool", get(d, 0, "b", &v) == SHDICT_OK && v.b &&
	    v.type == SHDICT_BOOL);
	test_int("add to none", shdict_add(d, 0, "a", 1, &b, space,
	    sizeof space, &v), SHDICT_OK);
	test_int("add to one", shdict_add(d, 0, "n", 1, &b, space,
	    sizeof space, &v), SHDICT_EXISTS);
	test_ok("the old one", v.type == SHDICT_NUMBER && v.n == 2.5);
	test_int("count", (long long)shdict_count(d), 5);
	test_int("delete", shdict_delete(d, 0, "n", 1), SHDICT_OK);
	test_int("delete again", shdict_delete(d, 0, "n", 1), SHDICT_MISSING);
	test_int("empty key", set_text(d, 0, "", "x", 1, 0), SHDICT_OK);
	test_int("empty key", get(d, 0, "", &v), SHDICT_OK);
}

static void
test_expiry(struct shdict *d)
{
	struct shdict_value v;
	double out;

	set_text(d, 100, "e", "x", 1, 5);
	test_int("lives", get(d, 104, "e", &v), SHDICT_OK);
	test_ok("ttl", v.ttl == 1);
	test_int("expired", get(d, 105, "e", &v), SHDICT_MISSING);
	test_int("and gone", get(d, 100, "e", &v), SHDICT_MISSING);
	shdict_incr(d, 100, "i", 1, 1, 10, &out);
	shdict_incr(d, 109, "i", 1, 1, 10, &out);
	test_ok("ttl at birth only", out == 2);
	shdict_incr(d, 110, "i", 1, 1, 10, &out);
	test_ok("born again", out == 1);
	set_text(d, 100, "e", "x", 1, 5);
	set_text(d, 101, "e", "x", 1, 0);
	test_int("set takes the ttl away", get(d, 200, "e", &v), SHDICT_OK);
}

static void
test_limits(struct shdict *d, struct shdict *small)
{
	static char big[SHDICT_VALUE_MAX + 1], key[SHDICT_KEY_MAX + 1];
	struct shdict_value v = { .type = SHDICT_STRING, .p = big };
	struct shdict_value out;
	size_t i;

	for (i = 0; i < sizeof big; i++)
		big[i] = (char)(i * 7 >> 3);
	memset(key, 'k', sizeof key);
	for (i = 0; i < 600; i++) {
		v.len = i;
		shdict_set(d, 0, key, i % 256, &v);
		if (shdict_get(d, 0, key, i % 256, space, sizeof space, &out) !=
		    SHDICT_OK || out.len != i || memcmp(out.p, big, i) != 0)
			break;
	}
	test_int("every length", (long long)i, 600);
	v.len = SHDICT_VALUE_MAX;
	test_int("largest", shdict_set(d, 0, key, SHDICT_KEY_MAX, &v), SHDICT_OK);
	test_int("get it", shdict_get(d, 0, key, SHDICT_KEY_MAX, space,
	    sizeof space, &out), SHDICT_OK);
	test_mem("the bytes", out.p, out.len, big, SHDICT_VALUE_MAX);
	test_int("little space", shdict_get(d, 0, key, SHDICT_KEY_MAX, space,
	    100, &out), SHDICT_FULL);
	v.len++;
	test_int("too large", shdict_set(d, 0, key, 3, &v), SHDICT_FULL);
	v.len = 1;
	test_int("key too long", shdict_set(d, 0, key, SHDICT_KEY_MAX + 1, &v),
	    SHDICT_FULL);
	set_text(small, 0, "stays", "x", 1, 0);
	test_int("never fits", set_text(small, 0, "stays", big,
	    SHDICT_VALUE_MAX, 0), SHDICT_FULL);
	test_int("and changes nothing", get(small, 0, "stays", &out), SHDICT_OK);
}

struct seen {
	unsigned count, sum;
};

static void
on_key(void *arg, const char *key, size_t len)
{
	struct seen *s = arg;
	unsigned n = 0;
	size_t i;

	for (i = 1; i < len; i++)
		n = n * 10 + (unsigned)(key[i] - '0');
	s->count++;
	s->sum += n;
}

static void
test_keys(void)
{
	size_t size = 1 << 20;
	void *mem = memory(size);
	struct shdict *d = shdict_open(mem, size);
	struct seen all = { 0 }, some = { 0 };
	char key[16];
	int i;

	for (i = 0; i < 100; i++) {
		snprintf(key, sizeof key, "k%d", i);
		set_text(d, 0, key, "x", 1, i < 50 ? 0 : 10);
	}
	shdict_keys(d, 5, 1000, on_key, &all);
	test_int("all", all.count, 100);
	test_int("each once", all.sum, 4950);
	shdict_keys(d, 5, 7, on_key, &some);
	test_int("not more", some.count, 7);
	memset(&all, 0, sizeof all);
	shdict_keys(d, 10, 1000, on_key, &all);
	test_int("not the expired", all.sum, 1225);
	shdict_close(d);
	munmap(mem, size);
}

/* Two processes count together. */
static void
test_processes(void)
{
	size_t size = 1 << 20;
	void *mem = memory(size);
	struct shdict *d = shdict_open(mem, size);
	struct shdict_value v;
	double out;
	pid_t pid = fork();
	int i;

	for (i = 0; i < 100000; i++)
		while (shdict_incr(d, 0, "n", 1, 1, 0, &out) == SHDICT_BUSY)
			;	/* the other one may sleep in the lock */
	if (pid == 0)
		_exit(0);
	waitpid(pid, &i, 0);
	test_int("both", i, 0);
	get(d, 0, "n", &v);
	test_ok("none lost", v.n == 200000);
	shdict_close(d);
	munmap(mem, size);
}

static void
on_fault(int sig)
{
	kill(getpid(), SIGKILL);
}

/* A process that dies within the lock: in it the second half of the memory
 * cannot be written, and it dies while it writes a text that reaches there. */
static void
test_death(void)
{
	size_t size = SHDICT_SIZE_MIN;
	char *mem = memory(size);
	struct shdict *d = shdict_open(mem, size), *other;
	struct shdict_value v;
	int status;
	pid_t pid;

	set_text(d, 0, "before", "x", 1, 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, on_fault);
		mprotect(mem + size / 2, size / 2, PROT_READ);
		set_text(d, 0, "k", space, size / 2 + 4096, 0);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	test_ok("killed", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	other = shdict_open(mem, size);
	test_int("nobody has seen it", (long long)shdict_lost(d), 0);
	test_int("its shard is empty", get(d, 0, "before", &v), SHDICT_MISSING);
	test_int("one was lost", shdict_lost(d), 1);
	test_int("said once", shdict_lost(d), 0);
	test_int("works again", set_text(d, 0, "k", "x", 1, 0), SHDICT_OK);
	test_int("for all", get(other, 0, "k", &v), SHDICT_OK);
	test_int("who saw nothing of it", shdict_lost(other), 0);
	test_int("count", (long long)shdict_count(other), 1);
	shdict_close(other);
	shdict_close(d);
	munmap(mem, size);
}

/* Killed anywhere, many times: what is left always works. */
static void
test_killed(void)
{
	size_t size = SHDICT_SIZE_MIN;
	void *mem = memory(size);
	struct shdict *d = shdict_open(mem, size);
	struct shdict_value v;
	unsigned seed = 5, i, ok = 0;
	char key[16];
	pid_t pid;

	for (i = 0; i < 300; i++) {
		pid = fork();
		for (;;) {
			seed = seed * 1103515245 + 12345;
			snprintf(key, sizeof key, "%u", seed >> 16 & 255);
			set_text(d, i, key, space, seed >> 8 & 8191,
			    1 + (seed & 3));
			if (pid && (seed >> 16 & 31) == 0)
				break;
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ok += set_text(d, i + 4, key, "mine", 4, 1) == SHDICT_OK &&
		    get(d, i + 4, key, &v) == SHDICT_OK && v.len == 4;
	}
	test_int("still works", ok, 300);
	shdict_close(d);
	munmap(mem, size);
}

static void
on_stuck(int sig)
{
	for (;;)
		pause();
}

/* Who holds the lock and does not move costs a while, not for ever. */
static void
test_busy(void)
{
	size_t size = SHDICT_SIZE_MIN;
	char *mem = memory(size);
	struct shdict *d = shdict_open(mem, size);
	struct shdict_value v;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSEGV, on_stuck);
		mprotect(mem + size / 2, size / 2, PROT_READ);
		set_text(d, 0, "k", space, size / 2 + 4096, 0);
		_exit(0);
	}
	while (set_text(d, 0, "k", "x", 1, 0) == SHDICT_OK)
		;
	test_int("busy", get(d, 0, "k", &v), SHDICT_BUSY);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	test_int("free again", set_text(d, 0, "k", "x", 1, 0), SHDICT_OK);
	shdict_close(d);
	munmap(mem, size);
}

int
main(void)
{
	size_t size = 1 << 20;
	char *mem = memory(size), *tiny = memory(SHDICT_SIZE_MIN);
	struct shdict *d = shdict_open(mem, size);
	struct shdict *small = shdict_open(tiny, SHDICT_SIZE_MIN);

	test_int("too small", shdict_format(tiny, 1000), -1);
	test_ok("another size", !shdict_open(mem, size - 1));
	test_values(d);
	test_expiry(d);
	test_limits(d, small);
	mem[8] ^= 1;
	test_ok("no dictionary", !shdict_open(mem, size));
	shdict_close(d);
	shdict_close(small);
	test_keys();
	test_processes();
	test_death();
	test_killed();
	test_busy();
	return test_done();
}
