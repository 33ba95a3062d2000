#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shdict.h"

#include "test.h"

static char space[SHDICT_VALUE_MAX];

static void *
memory(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED || shdict_format(mem, size) < 0)
		abort();
	return mem;
}

static enum shdict_status
set_text(struct shdict *d, double now, const char *key, const char *text,
    size_t len, double ttl)
{
	struct shdict_value v = {
		.type = SHDICT_STRING, .p = text, .len = len, .ttl = ttl,
	};

	return shdict_set(d, now, key, strlen(key), &v);
}

static enum shdict_status
get(struct shdict *d, double now, const char *key, struct shdict_value *out)
{
	return shdict_get(d, now, key, strlen(key), space, sizeof space, out);
}

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

/* One shard: what was used last stays. */
static void
test_eviction(struct shdict *d)
{
	struct shdict_value v;
	char key[16];
	size_t full;
	int i, found = 0;

	for (i = 0; i < 2000; i++) {
		snprintf(key, sizeof key, "%d", i);
		set_text(d, 0, key, "0123456789", 10, 0);
		get(d, 0, "0", &v);
	}
	full = shdict_count(d);
	test_ok("as many as fit", full > 300 && full < 600);
	test_int("the used one stays", get(d, 0, "0", &v), SHDICT_OK);
	for (i = 2000 - (int)full + 1; i < 2000; i++) {
		snprintf(key, sizeof key, "%d", i);
		found += get(d, 0, key, &v) == SHDICT_OK;
	}
	test_int("and the newest", found, (long long)full - 1);
	memset(space, 'x', sizeof space);
	set_text(d, 0, "large", space, 30000, 0);
	test_int("a large one pushes many", get(d, 0, "large", &v), SHDICT_OK);
	test_ok("but not all", shdict_count(d) > full / 4);
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

enum { MODEL_KEYS = 200 };

struct model {
	bool there;
	double n, expires;
};

static bool
model_add(struct shdict *d, double now, const char *key, struct model *m,
    struct shdict_value *v)
{
	double n = v->n, ttl = v->ttl;
	enum shdict_status r = shdict_add(d, now, key, strlen(key), v, space, 0, v);

	if (m->there)
		return r == SHDICT_EXISTS && v->n == m->n;
	*m = (struct model){ true, n, ttl > 0 ? now + ttl : 0 };
	return r == SHDICT_OK;
}

/* One operation on both; false if they differ. */
static bool
model_step(struct shdict *d, double now, const char *key, struct model *m,
    unsigned seed)
{
	struct shdict_value v = {
		.type = SHDICT_NUMBER, .n = seed, .ttl = seed % 4,
	};
	enum shdict_status there = m->there ? SHDICT_OK : SHDICT_MISSING, r;
	size_t klen = strlen(key);
	double out;

	switch ((seed >> 8) % 5) {
	case 0:
		r = shdict_get(d, now, key, klen, space, 0, &v);
		return r == there && (!m->there || v.n == m->n);
	case 1:
		*m = (struct model){ true, v.n, v.ttl > 0 ? now + v.ttl : 0 };
		return shdict_set(d, now, key, klen, &v) == SHDICT_OK;
	case 2:
		return model_add(d, now, key, m, &v);
	case 3:
		if (!m->there)
			*m = (struct model){ true, 0, now + 1 };
		m->n += 3;
		return shdict_incr(d, now, key, klen, 3, 1, &out) ==
		    SHDICT_OK && out == m->n;
	default:
		m->there = false;
		return shdict_delete(d, now, key, klen) == there;
	}
}

/* Random operations beside a plain array; enough room, so nothing is evicted. */
static void
test_model(void)
{
	static struct model model[MODEL_KEYS], *m;
	size_t size = 1 << 20;
	void *mem = memory(size);
	struct shdict *d = shdict_open(mem, size);
	unsigned seed = 11, k;
	double now = 0;
	char key[64];
	int step;

	for (step = 0; step < 200000; step++) {
		seed = seed * 1103515245 + 12345;
		k = (seed >> 16) % MODEL_KEYS;
		now += (seed >> 12 & 15) * 0.01;
		m = &model[k];
		snprintf(key, sizeof key, "%0*u", (int)(k % 60) + 1, k);
		if (m->there && m->expires > 0 && m->expires <= now)
			m->there = false;
		if (!model_step(d, now, key, m, seed))
			break;
	}
	test_int("same as the model", step, 200000);
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
			set_text(d, i, key, space, seed >> 8 & 8191, seed & 3);
			if (pid && (seed >> 16 & 31) == 0)
				break;
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ok += set_text(d, 0, key, "mine", 4, 0) == SHDICT_OK &&
		    get(d, 0, key, &v) == SHDICT_OK && v.len == 4;
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
	test_eviction(small);
	mem[8] ^= 1;
	test_ok("no dictionary", !shdict_open(mem, size));
	shdict_close(d);
	shdict_close(small);
	test_keys();
	test_model();
	test_processes();
	test_death();
	test_killed();
	test_busy();
	return test_done();
}
