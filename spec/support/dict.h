#ifndef DICT_H
#define DICT_H

#include <sys/mman.h>

#include "shdict.h"

#include "test.h"

/* dict: shared dictionaries in memory of their own. */

static char space[SHDICT_VALUE_MAX];

static inline void *
memory(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED || shdict_format(mem, size) < 0)
		abort();
	return mem;
}

static inline enum shdict_status
set_text(struct shdict *d, double now, const char *key, const char *text,
    size_t len, double ttl)
{
	struct shdict_value v = {
		.type = SHDICT_STRING, .p = text, .len = len, .ttl = ttl,
	};

	return shdict_set(d, now, key, strlen(key), &v);
}

static inline enum shdict_status
get(struct shdict *d, double now, const char *key, struct shdict_value *out)
{
	return shdict_get(d, now, key, strlen(key), space, sizeof space, out);
}

#endif
