#ifndef PROXY_H
#define PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

struct buf;

/*
 * proxy: the PROXY protocol, versions 1 and 2: the line or block with which a
 * proxy says whose connection it brings.
 */
enum { PROXY_MAX = 4096 };	/* a longer one is BAD, though version 2 could
				 * say 65,551 */

enum proxy_status {
	PROXY_MORE,		/* so far it may be one */
	PROXY_DONE,
	PROXY_BAD,		/* *error says why */
};

struct proxy_header {
	bool local;		/* LOCAL, UNKNOWN: the proxy itself; no addresses */
	struct addr client, server;
	bool tls;		/* PP2_TYPE_SSL: the client spoke TLS to the proxy */
	bool tls_verified;	/* and its certificate was good */
	char tls_version[24], tls_cipher[64], sni[256], tls_subject[256];
};

/* Looks at the first octets of a connection; *len is the header's length when
 * it is DONE, and out is empty when it is not.  error: a constant text, for the
 * log. */
enum proxy_status proxy_parse(const char *p, size_t n, struct proxy_header *out,
    size_t *len, const char **error);

/* The header of version 2 for these addresses; LOCAL if client is of no family
 * that the protocol has.  A server of another is 0.0.0.0 or ::. */
void proxy_write(struct buf *out, const struct addr *client,
    const struct addr *server);

#endif
