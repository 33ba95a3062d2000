#ifndef SIPHASH_H
#define SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * siphash: SipHash-2-4, a hash under a secret key.
 *
 * For tables whose keys a stranger chooses: who does not know the key cannot
 * make them collide.
 */
struct siphash_key {
	uint64_t k[2];
};

void siphash_key_init(struct siphash_key *);	/* from the kernel's random */
uint64_t siphash(const struct siphash_key *, const void *p, size_t len);

#endif
