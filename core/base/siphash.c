#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "siphash.h"

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t
rotate(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void
rounds(struct state *s, int n)
{
	while (n--) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 = rotate(s->v2, 32);
	}
}

static void
mix(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	rounds(s, 2);
	s->v0 ^= word;
}

/* Up to eight bytes, the first lowest. */
static uint64_t
word_at(const unsigned char *p, size_t n)
{
	uint64_t w = 0;

	while (n--)
		w = w << 8 | p[n];
	return w;
}

/* Without random from the kernel, which has never been seen, time and pid are
 * better than a constant. */
void
siphash_key_init(struct siphash_key *key)
{
	struct timespec ts;

	if (getrandom(key->k, sizeof key->k, 0) == (ssize_t)sizeof key->k)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	key->k[0] = (uint64_t)ts.tv_sec << 30 ^ (uint64_t)ts.tv_nsec;
	key->k[1] = (uint64_t)getpid() << 32 ^ key->k[0];
}

uint64_t
siphash(const struct siphash_key *key, const void *bytes, size_t len)
{
	struct state s = {
		key->k[0] ^ 0x736f6d6570736575, key->k[1] ^ 0x646f72616e646f6d,
		key->k[0] ^ 0x6c7967656e657261, key->k[1] ^ 0x7465646279746573,
	};
	const unsigned char *p = bytes;
	size_t left;

	for (left = len; left >= 8; left -= 8, p += 8)
		mix(&s, word_at(p, 8));
	mix(&s, word_at(p, left) | (uint64_t)len << 56);
	s.v2 ^= 0xff;
	rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
