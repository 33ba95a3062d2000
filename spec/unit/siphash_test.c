#include <stdint.h>

#include "siphash.h"

#include "test.h"

/* From the paper's vectors: key 00..0f, message 00, 00 01, 00 01 02, ... */
static const struct {
	size_t len;
	uint64_t want;
} vectors[] = {
	{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },
	{ 7, 0xab0200f58b01d137 }, { 8, 0x93f5f5799a932462 },
	{ 15, 0xa129ca6149be45e5 },
};

int
main(void)
{
	struct siphash_key key = {
		{ 0x0706050403020100, 0x0f0e0d0c0b0a0908 }
	}, other;
	unsigned char text[16];
	size_t i;

	for (i = 0; i < sizeof text; i++)
		text[i] = (unsigned char)i;
	for (i = 0; i < sizeof vectors / sizeof *vectors; i++)
		test_ok("vector", siphash(&key, text, vectors[i].len) ==
		    vectors[i].want);
	siphash_key_init(&key);
	siphash_key_init(&other);
	test_ok("keys differ", memcmp(&key, &other, sizeof key) != 0);
	return test_done();
}
