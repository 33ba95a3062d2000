#ifndef RATES_H
#define RATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

/*
 * rates: how often clients come, and what they do, over all workers.
 *
 * Each client has a bucket of as many tokens as it may use in a minute, and
 * gets them back at that rate: so many may come at once, and no more than that
 * a minute as time goes on.  One anonymous mapping of fixed size, made before
 * any fork; everything is an atomic, there is no lock.  A bucket that is full
 * again is anyone's, so the table has to hold those of the last minute only; a
 * client for whom there is no room is not refused.
 */
enum rates_kind {
	RATES_CONNECTIONS, RATES_HANDSHAKES, RATES_MESSAGES, RATES_RECIPIENTS,
	RATES_LOGINS,
};

struct rates;

/* rows: 16 octets each once used.  NULL with errno. */
struct rates *rates_new(size_t rows);
void rates_free(struct rates *);

/* Take a token at that time (ms, monotonic).  False: there is none.  a_minute 0
 * is no limit. */
bool rates_take(struct rates *, enum rates_kind, const struct cidr *,
    unsigned a_minute, int64_t now_ms);

#endif
