#ifndef RELAYS_H
#define RELAYS_H

#include "linkpool.h"
#include "relay.h"

/* relays: what the hand-offs of one worker share. */
struct relays {
	struct linkpools pools;
	char *hostname;
	struct watch *watches;
};

#endif
