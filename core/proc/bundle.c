#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "buf.h"
#include "mem.h"

#include "file.h"

#include "bundle.h"

/*
 * The layout, for one machine: the header, the entries, then the bytes.  Each
 * string has a NUL behind it that its length does not count, so that what is
 * found can be used as a C string; and each begins at a multiple of ALIGN, so
 * that a compiled list can be used where it lies.
 */
struct header {
	char mark[8];
	uint32_t count;
	uint32_t zero;
};

struct span {
	uint64_t offset, len;
};

struct entry {
	uint32_t kind;
	uint32_t zero;
	struct span name, path, data;
	uint64_t fill;
};

static const char mark[8] = "LUNBND1";

enum { ENTRIES_MAX = 65536, ID_LEN = 16, ALIGN = 16 };

static_assert(sizeof(struct header) % ALIGN == 0, "the bytes are aligned");
static_assert(sizeof(struct entry) % ALIGN == 0, "the bytes are aligned");

struct bundle_writer {
	struct entry *entry;
	size_t count;
	struct buf bytes;
};

struct bundle {
	const char *p;
	size_t len;
	const struct entry *entry;
	size_t count;
	char id[ID_LEN + 1];
};

struct bundle_writer *
bundle_writer_new(void)
{
	struct bundle_writer *w = mem_alloc(sizeof *w);

	buf_init(&w->bytes);
	return w;
}

void
bundle_writer_free(struct bundle_writer *w)
{
	if (!w)
		return;
	buf_clear(&w->bytes);
	mem_free(w->entry);
	mem_free(w);
}

/* Offsets count from the start of the bytes until the bundle is sealed. */
static struct span
add_bytes(struct bundle_writer *w, const void *p, size_t len)
{
	static const char zero[ALIGN];
	struct span s = { w->bytes.len, len };

	buf_append(&w->bytes, p, len);
	buf_append(&w->bytes, zero, ALIGN - len % ALIGN);
	return s;
}

static bool
is_there(const struct bundle_writer *w, enum bundle_kind kind,
    const char *name)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		if (w->entry[i].kind == kind && strcmp(w->bytes.p +
		    w->entry[i].name.offset, name) == 0)
			return true;
	return false;
}

void
bundle_add(struct bundle_writer *w, enum bundle_kind kind, const char *name,
    const char *path, const void *p, size_t len)
{
	struct entry *e;

	if (w->count >= ENTRIES_MAX || is_there(w, kind, name))
		return;
	w->entry = mem_resize(w->entry, (w->count + 1) * sizeof *e);
	e = &w->entry[w->count++];
	memset(e, 0, sizeof *e);
	e->kind = kind;
	e->name = add_bytes(w, name, strlen(name));
	e->path = add_bytes(w, path, strlen(path));
	e->data = add_bytes(w, p, len);
}

int
bundle_seal(struct bundle_writer *w, const char *label)
{
	struct header h = { .count = (uint32_t)w->count };
	size_t base = sizeof h + w->count * sizeof *w->entry, i;
	int fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	memcpy(h.mark, mark, sizeof h.mark);
	for (i = 0; i < w->count; i++) {
		w->entry[i].name.offset += base;
		w->entry[i].path.offset += base;
		w->entry[i].data.offset += base;
	}
	if (file_write(fd, &h, sizeof h) < 0 ||
	    file_write(fd, w->entry, w->count * sizeof *w->entry) < 0 ||
	    file_write(fd, w->bytes.p, w->bytes.len) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
	    F_SEAL_SEAL) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Inside the mapping, with its NUL behind it. */
static bool
is_string(const struct bundle *b, struct span s)
{
	return s.offset < b->len && s.len < b->len - s.offset &&
	    b->p[s.offset + s.len] == '\0';
}

static bool
is_sound(struct bundle *b)
{
	const struct header *h = (const void *)b->p;
	const struct entry *e;

	if (b->len < sizeof *h || memcmp(h->mark, mark, sizeof mark) != 0 ||
	    h->count > ENTRIES_MAX ||
	    h->count > (b->len - sizeof *h) / sizeof *e)
		return false;
	b->entry = (const void *)(h + 1);
	b->count = h->count;
	for (e = b->entry; e < b->entry + b->count; e++)
		if (!is_string(b, e->name) || !is_string(b, e->path) ||
		    !is_string(b, e->data) ||
		    strlen(b->p + e->name.offset) != e->name.len)
			return false;
	return true;
}

static void
digest(const struct bundle *b, char out[ID_LEN + 1])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char sum[SHA256_DIGEST_LENGTH];
	size_t i;

	SHA256((const unsigned char *)b->p, b->len, sum);
	for (i = 0; i < ID_LEN; i++)
		out[i] = hex[i % 2 ? sum[i / 2] & 15 : sum[i / 2] >> 4];
	out[ID_LEN] = '\0';
}

/* Only what can no longer change may be mapped and trusted to stay checked. */
static bool
is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	int want = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

	return seals >= 0 && (seals & want) == want;
}

struct bundle *
bundle_open(int fd)
{
	struct bundle *b;
	struct stat st;
	void *p;

	if (!is_sealed(fd) || fstat(fd, &st) < 0 || st.st_size <= 0) {
		errno = EINVAL;
		return NULL;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	/* Keys and passwords are not for a core. */
	madvise(p, (size_t)st.st_size, MADV_DONTDUMP);
	b = mem_alloc(sizeof *b);
	b->p = p;
	b->len = (size_t)st.st_size;
	if (!is_sound(b)) {
		bundle_close(b);
		errno = EINVAL;
		return NULL;
	}
	digest(b, b->id);
	return b;
}

void
bundle_close(struct bundle *b)
{
	if (!b)
		return;
	munmap((void *)(uintptr_t)b->p, b->len);
	mem_free(b);
}

const char *
bundle_find(const struct bundle *b, enum bundle_kind kind, const char *name,
    size_t *len, const char **path)
{
	const struct entry *e;

	for (e = b->entry; e < b->entry + b->count; e++) {
		if (e->kind != kind || strcmp(b->p + e->name.offset, name) != 0)
			continue;
		*len = (size_t)e->data.len;
		if (path)
			*path = b->p + e->path.offset;
		return b->p + e->data.offset;
	}
	return NULL;
}

const char *
bundle_id(const struct bundle *b)
{
	return b->id;
}
