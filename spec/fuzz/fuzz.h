#ifndef FUZZ_H
#define FUZZ_H

#undef NDEBUG
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"

/*
 * fuzz: what the targets share.  Input is fed to a parser twice, whole and in
 * pieces whose size is the input's first byte; both must say the same.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline size_t
fuzz_piece(const uint8_t **data, size_t *size)
{
	size_t n = 1;

	if (*size > 0) {
		n = (*data)[0] % 32 + 1u;
		(*data)++;
		(*size)--;
	}
	return n;
}

static inline void
fuzz_same(const struct buf *a, const struct buf *b)
{
	assert(a->len == b->len);
	assert(a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

#endif
