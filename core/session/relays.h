#ifndef RELAYS_H
#define RELAYS_H

#include "pool.h"
#include "relay.h"

/* relays: what the hand-offs of one worker share. */
struct relays {
	struct pools pools;
	struct offload *offload;
	char *hostname;
};

#endif
