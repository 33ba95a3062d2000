#ifndef CHAIN_H
#define CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "stage.h"

struct instance;
struct policy;

/* chain: the hooks of one listener in order, sorted by stage. */
struct chain {
	const char *listener;
	struct instance **all;			/* NULL at the end */
	struct instance **at[STAGE_COUNT];	/* NULL at the end */
	uint32_t stages;
	const char **ehlo;
};

/* Make p->chain from p->conf.chain.  0, or -1 with one line in error. */
int chain_build(struct policy *, char *error, size_t size);
struct instance *const *chain_stage(const struct policy *, size_t chain,
    enum stage);

#endif
