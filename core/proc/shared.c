#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "shdict.h"
#include "tls.h"

#include "rates.h"

#include "shared.h"

struct region {
	struct region *next;
	char *name;
	size_t size;
	int fd;
	void *mem;
	struct shdict *dict;
};

enum { CLIENTS = 65536 };	/* in the table of rates */

struct shared {
	struct region *first;
	struct rates *rates;
	struct tls_tickets *tickets;	/* NULL: there are none */
	bool warned;
};

void
shared_turn_tickets(struct shared *s)
{
	if (!s->tickets || tls_tickets_rotate(s->tickets) == 0)
		return;
	if (!s->warned)
		log_event(LOG_WARN, "start", "no randomness for a new key of "
		    "TLS session tickets");
	s->warned = true;
}

void
shared_hide_tickets(struct shared *s, bool hide)
{
	if (s->tickets)
		(void)madvise(s->tickets, tls_tickets_size(), hide ?
		    MADV_DONTFORK : MADV_DOFORK);
}

/* Keys are not for a core. */
static void
make_tickets(struct shared *s)
{
	size_t size = tls_tickets_size();
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	madvise(p, size, MADV_DONTDUMP);
	s->tickets = p;
	shared_turn_tickets(s);
	if (!s->warned)
		return;
	munmap(p, size);
	s->tickets = NULL;
}

struct shared *
shared_new(void)
{
	struct shared *s = mem_alloc(sizeof *s);

	s->rates = rates_new(CLIENTS);
	if (!s->rates) {
		mem_free(s);
		return NULL;
	}
	make_tickets(s);
	return s;
}

struct rates *
shared_rates(const struct shared *s)
{
	return s->rates;
}

const struct tls_tickets *
shared_tickets(const struct shared *s)
{
	return s->tickets;
}

static void
region_free(struct region *r)
{
	if (r->dict)
		shdict_close(r->dict);
	if (r->mem)
		munmap(r->mem, r->size);
	if (r->fd >= 0)
		close(r->fd);
	mem_free(r->name);
	mem_free(r);
}

void
shared_free(struct shared *s)
{
	struct region *r;

	if (!s)
		return;
	while ((r = s->first)) {
		s->first = r->next;
		region_free(r);
	}
	rates_free(s->rates);
	if (s->tickets)
		munmap(s->tickets, tls_tickets_size());
	mem_free(s);
}

static struct region *
find(const struct shared *s, const char *name, size_t size)
{
	struct region *r;

	for (r = s->first; r; r = r->next)
		if (r->size == size && strcmp(r->name, name) == 0)
			return r;
	return NULL;
}

/* NULL with errno. */
static struct region *
region_new(const char *name, size_t size)
{
	struct region *r = mem_alloc(sizeof *r);
	char label[64];
	int saved;

	r->name = mem_strdup(name);
	r->size = size;
	snprintf(label, sizeof label, "lunette-shared-%.40s", name);
	r->fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (r->fd < 0 || ftruncate(r->fd, (off_t)size) < 0)
		goto fail;
	r->mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (r->mem == MAP_FAILED) {
		r->mem = NULL;
		goto fail;
	}
	if (shdict_format(r->mem, size) < 0 ||
	    !(r->dict = shdict_open(r->mem, size))) {
		errno = EINVAL;
		goto fail;
	}
	return r;
fail:
	saved = errno;
	region_free(r);
	errno = saved;
	return NULL;
}

int
shared_open(struct shared *s, const struct generation *gen,
    struct policy_shared **out, size_t *count, char error[CONF_ERROR_MAX])
{
	const struct policy_declared *want;
	struct region *r;
	size_t i, size;

	*count = gen->shareds;
	*out = arena_alloc(gen->arena, (gen->shareds + 1) * sizeof **out);
	for (i = 0; i < gen->shareds; i++) {
		want = &gen->shared[i];
		size = want->size < SHDICT_SIZE_MIN ? SHDICT_SIZE_MIN :
		    want->size;
		r = find(s, want->name, size);
		if (!r) {
			r = region_new(want->name, size);
			if (!r) {
				snprintf(error, CONF_ERROR_MAX,
				    "shared dictionary %s of %zu octets: %s",
				    want->name, size, strerror(errno));
				return -1;
			}
			r->next = s->first;
			s->first = r;
		}
		(*out)[i].name = want->name;
		(*out)[i].dict = r->dict;
	}
	return 0;
}

static bool
is_wanted(const struct generation *gen, const struct region *r)
{
	size_t i, size;

	for (i = 0; i < gen->shareds; i++) {
		size = gen->shared[i].size < SHDICT_SIZE_MIN ?
		    SHDICT_SIZE_MIN : gen->shared[i].size;
		if (size == r->size &&
		    strcmp(gen->shared[i].name, r->name) == 0)
			return true;
	}
	return false;
}

void
shared_keep(struct shared *s, const struct generation *gen)
{
	struct region **p = &s->first, *r;

	while ((r = *p)) {
		if (is_wanted(gen, r)) {
			p = &r->next;
			continue;
		}
		*p = r->next;
		region_free(r);
	}
}
