#include "fuzz.h"
#include "mem.h"
#include "value.h"

/* An encoded tree: never trusted, and what is accepted encodes to what decodes
 * to the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct value a, b;
	struct buf once, twice;

	buf_init(&once);
	buf_init(&twice);
	if (value_decode((const char *)data, size, arena, &a) == 0) {
		value_encode(&a, &once);
		assert(value_decode(once.p, once.len, arena, &b) == 0);
		value_encode(&b, &twice);
		fuzz_same(&once, &twice);
		assert(arena_size(arena) < 64 * size + 65536);
	}
	buf_clear(&once);
	buf_clear(&twice);
	arena_free(arena);
	return 0;
}
