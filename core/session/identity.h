#ifndef IDENTITY_H
#define IDENTITY_H

#include <stdbool.h>

struct buf;
struct relay_session;

/*
 * identity: who the client is, as a next hop is told: by XCLIENT, XFORWARD or
 * a PROXY header.
 *
 * Every attribute that the server lists is said each time, those we do not
 * know as [UNAVAILABLE]: so nothing stays of the client before.  Lines end in
 * "\n" and have at most 510 octets.
 */

/*
 * attributes: bit n is enum ehlo_xclient n, as the server listed them.  XCLIENT
 * is one line, in a buffer that was empty: Postfix would ask whether the client
 * of the first line may say the second one.  What does not fit is left unknown.
 */
void identity_xclient(struct buf *out, const struct relay_session *,
    unsigned attributes);
void identity_xforward(struct buf *out, const struct relay_session *,
    unsigned attributes, const char *id);
/* NULL: the connection is our own. */
void identity_proxy(struct buf *out, const struct relay_session *);

#endif
