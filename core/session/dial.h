#ifndef DIAL_H
#define DIAL_H

#include <stdint.h>

struct addr;
struct conn;
struct dns;
struct ev_loop;

/*
 * dial: find the addresses of a next hop and connect to the first that
 * answers, each tried for the whole timeout.  With a source, addresses of the
 * other family are left out.
 *
 * The callback comes once, on a later turn, with a connected conn that is the
 * receiver's to own (conn_own) and the address it has, or with NULL and what
 * went wrong.
 */
struct dial_target {
	struct ev_loop *loop;
	struct dns *dns;
	const char *host;	/* name or IP; NULL: path */
	uint16_t port;
	const char *path;	/* of a UNIX socket */
	const char *source;	/* an IP of ours; NULL: the system chooses */
	double timeout;
};

struct dial;
typedef void (*dial_fn)(void *arg, struct conn *, const struct addr *peer,
    const char *error);

struct dial *dial_start(const struct dial_target *, dial_fn, void *arg);
void dial_cancel(struct dial *);	/* NULL is fine; not once it was told */

#endif
