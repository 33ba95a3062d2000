#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "addr.h"
#include "conf.h"

/*
 * listen: the listening sockets of a generation.
 *
 * Socket number i belongs to conf.listener[i].  Sets of two generations may
 * share sockets: what stays in the configuration under the same address stays
 * open, so that no client is refused meanwhile.  Wildcards of IPv6 are bound
 * first, and never take IPv4 along where the system can tell them apart.
 */
struct listen_socket {
	int fd;			/* -1: left out, another one covers it */
	struct addr asked;	/* as configured; the port may be 0 */
	struct addr bound;
	bool fresh;		/* opened for this set, not taken over */
	bool both;		/* an IPv6 wildcard that takes IPv4 too */
	dev_t dev;		/* UNIX: only what we made is removed */
	ino_t ino;
};

struct listen_set {
	size_t count;
	struct listen_socket *socket;
};

/*
 * Open what conf names and old (or NULL) has not.  wait: an address in use is
 * tried again as conf.bind says; else at once it is a failure.  NULL with one
 * line in error; nothing is left open then.
 */
struct listen_set *listen_open(const struct conf *,
    const struct listen_set *old, bool wait, char error[CONF_ERROR_MAX]);
/* The new set counts: close what only the old one had, free the old. */
void listen_commit(struct listen_set *old, const struct listen_set *set);
/* The new set does not count: close what only it has, free it. */
void listen_abandon(struct listen_set *set);
/* Close all, remove UNIX sockets, free.  NULL is fine. */
void listen_close(struct listen_set *);
/* Write event=listen for each that was opened for this set. */
void listen_log(const struct listen_set *, const struct conf *);

#endif
