#ifndef LINKPOOL_STATE_H
#define LINKPOOL_STATE_H

#include "breaker.h"
#include "ehlo.h"
#include "nexthop.h"
#include "tls.h"

#include "linkpool.h"

/*
 * linkpool_state: what linkpool.c (connections, and who waits for them) and
 * linkpools.c (which pools there are) share, and nobody else.
 */
struct arena;

struct linkpool {
	struct linkpools *pools;
	struct arena *arena;		/* of hop */
	struct nexthop hop;
	struct upstream_conf conf;
	char tls_error[TLS_ERROR_MAX];
	unsigned count, holders;
	struct breaker breaker;
	struct breaker denied;		/* AUTH was refused */
	int64_t clear_until;		/* clock_ms; TLS has failed */
	struct ehlo offer;
	int64_t offered;		/* clock_ms; 0: never */
	int64_t logged[2];		/* clock_ms of the last line about
					 * nobody, about a session */
	unsigned unlogged;
	struct link *idle;		/* the one used last is first */
	struct link *others;
	struct linkpool_ticket *waiting, **waiting_end;
	struct linkpool *next, **prev;
};

/* linkpool.c */
void linkpool_close_idle(struct linkpool *);

#endif
