#ifndef SPOOL_H
#define SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * spool: bytes that are written once, in order, and read anywhere: in memory
 * up to a limit, then in a file that has no name, so that nothing is left of
 * it whatever happens to us.
 */
struct spool {
	const char *dir;	/* NULL: everything stays in memory */
	size_t memory_max;
	struct buf memory;	/* all of it, or what is not in the file yet */
	int fd;			/* -1: none */
	uint64_t written;	/* octets in the file */
};

void spool_init(struct spool *, const char *dir, size_t memory_max);
void spool_clear(struct spool *);
/* 0, or -1 with errno; after that the spool may only be cleared. */
int spool_append(struct spool *, const char *p, size_t n);
uint64_t spool_size(const struct spool *);
/* Copy from an offset; octets copied, 0 at the end, -1 with errno. */
long spool_read(const struct spool *, uint64_t offset, char *out, size_t n);

#endif
