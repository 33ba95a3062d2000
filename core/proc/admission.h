#ifndef ADMISSION_H
#define ADMISSION_H

#include <stdbool.h>

#include "addr.h"
#include "conf.h"
#include "rates.h"
#include "scoreboard.h"

/*
 * admission: who may begin a session, decided before anything costly.
 *
 * The limits hold over all workers, through the scoreboard.  What was counted
 * for a session is in its ticket and is given back with it.
 */
enum admission_result {
	ADMISSION_OK,
	ADMISSION_TOTAL,	/* 421 4.3.2: all sessions are taken */
	ADMISSION_LOAD,		/* 421 4.3.2: the machine is too busy */
	ADMISSION_CLIENT,	/* 421 4.7.0: this address has its share */
	ADMISSION_NET,		/* 421 4.7.0: so has its network */
	ADMISSION_CLIENT_RATE,	/* 421 4.7.0: this client comes too often */
	ADMISSION_TLS_RATE,	/* it begins too many handshakes */
};

struct admission_ticket {
	struct cidr client, net;	/* family 0: nothing was counted */
};

struct admission {
	const struct conf_admission *conf;
	struct scoreboard *board;
	unsigned slot;			/* ours */
	unsigned total;			/* sessions over all workers */
	struct rates *rates;		/* NULL: nobody comes too often */
	/* The load average; tests put their own. */
	double (*load)(void);
};

/* The slot's sessions count the one that asks already. */
enum admission_result admission_enter(const struct admission *,
    const struct addr *client, struct admission_ticket *out);
/* A proxy, before it has said whose connection it brings: the total alone. */
enum admission_result admission_enter_proxy(const struct admission *,
    struct admission_ticket *out);
/* Is that client what the ticket counts? */
bool admission_is(const struct admission *, const struct admission_ticket *,
    const struct addr *client);
/* May it do one more of these now?  If so, it is counted. */
bool admission_rate(const struct admission *, enum session_rate,
    const struct addr *client);
/* What the ticket counts is given back; it is empty then. */
void admission_leave(const struct admission *, struct admission_ticket *);
/* Open sessions of this client, over all workers. */
unsigned admission_count(const struct admission *, const struct addr *client);

/* The line that a refused client gets. */
const char *admission_reply(enum admission_result);
const char *admission_name(enum admission_result);	/* for the log */
/* The load average of the last minute; works in a chroot. */
double admission_load(void);

#endif
