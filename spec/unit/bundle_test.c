#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bundle.h"

#include "test.h"

enum { BYTES_MAX = 65536 };

/* A sealed memfd of any bytes. */
static int
sealed(const void *p, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || write(fd, p, len) != (ssize_t)len ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
	    F_SEAL_SEAL) < 0)
		abort();
	return fd;
}

static int
make(void)
{
	struct bundle_writer *w = bundle_writer_new();
	int fd;

	bundle_add(w, BUNDLE_CONF, "conf", "/etc/x.lua", "tree", 4);
	bundle_add(w, BUNDLE_HOOK, "dnsbl", "/h/dnsbl.lua", "return {}", 9);
	bundle_add(w, BUNDLE_HOOK, "dnsbl", "/other", "second", 6);
	bundle_add(w, BUNDLE_MODULE, "dnsbl", "/m", "a\0b", 3);
	bundle_add(w, BUNDLE_SYSTEM, "empty", "", "", 0);
	fd = bundle_seal(w, "test");
	bundle_writer_free(w);
	return fd;
}

static void
test_found(int fd)
{
	struct bundle *b = bundle_open(fd);
	const char *p, *path;
	size_t len;

	test_ok("opens", b != NULL);
	p = bundle_find(b, BUNDLE_CONF, "conf", &len, &path);
	test_mem("conf", p, len, "tree", 4);
	test_str("its path", path, "/etc/x.lua");
	p = bundle_find(b, BUNDLE_HOOK, "dnsbl", &len, &path);
	test_mem("the first counts", p, len, "return {}", 9);
	p = bundle_find(b, BUNDLE_MODULE, "dnsbl", &len, NULL);
	test_mem("another kind", p, len, "a\0b", 3);
	p = bundle_find(b, BUNDLE_SYSTEM, "empty", &len, &path);
	test_mem("empty", p, len, "", 0);
	test_ok("missing", !bundle_find(b, BUNDLE_HOOK, "dns", &len, &path));
	test_int("id", (long long)strlen(bundle_id(b)), 16);
	bundle_close(b);
}

static void
test_sealed(int fd)
{
	test_ok("no write", pwrite(fd, "x", 1, 0) < 0);
	test_ok("no growth", ftruncate(fd, 1000000) < 0);
	test_ok("no end", ftruncate(fd, 1) < 0);
	test_ok("no seal", fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0);
}

/* Everything that a bundle says is looked at, so that no bytes can hurt. */
static void
use(int fd)
{
	struct bundle *b = bundle_open(fd);
	volatile size_t sum = 0;
	const char *p, *path;
	size_t len;
	int kind;

	for (kind = BUNDLE_CONF; b && kind <= BUNDLE_META; kind++) {
		p = bundle_find(b, (enum bundle_kind)kind, "dnsbl", &len,
		    &path);
		if (p)
			sum = sum + strlen(path) + (size_t)p[0] + (size_t)p[len];
	}
	bundle_close(b);
	close(fd);
}

static void
test_hostile(int good)
{
	static unsigned char bytes[BYTES_MAX], copy[BYTES_MAX];
	static const unsigned char with[] = { 0, 1, 0x7f, 0x80, 0xff };
	size_t len = (size_t)pread(good, bytes, sizeof bytes, 0), i, j;
	struct bundle *b;
	int fd;

	/* The fill behind the last string is not missed. */
	for (i = 1; i < len - 15; i++) {
		fd = sealed(bytes, i);
		b = bundle_open(fd);
		test_ok("cut", b == NULL);
		bundle_close(b);
		close(fd);
	}
	for (i = 0; i < len; i++) {
		for (j = 0; j < sizeof with; j++) {
			memcpy(copy, bytes, len);
			copy[i] = with[j];
			use(sealed(copy, len));
		}
	}
	test_ok("changed", 1);
}

static void
test_unsealed(int good)
{
	static unsigned char bytes[BYTES_MAX];
	size_t len = (size_t)pread(good, bytes, sizeof bytes, 0);
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	test_ok("written", write(fd, bytes, len) == (ssize_t)len);
	test_ok("not sealed", bundle_open(fd) == NULL);
	close(fd);
	test_ok("no descriptor", bundle_open(-1) == NULL);
}

int
main(void)
{
	int fd = make(), same = make();
	struct bundle *a = bundle_open(fd), *b = bundle_open(same);

	test_str("the same id", bundle_id(a), bundle_id(b));
	bundle_close(a);
	bundle_close(b);
	close(same);
	test_found(fd);
	test_sealed(fd);
	test_unsealed(fd);
	test_hostile(fd);
	close(fd);
	return test_done();
}
