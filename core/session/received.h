#ifndef RECEIVED_H
#define RECEIVED_H

#include "addr.h"

struct buf;

/*
 * received: our trace header (RFC 5321 4.4), folded, with its CRLF.
 *
 *	Received: from HELO (NAME [IP])
 *		by HOSTNAME with ESMTP id TXN
 *		for <RCPT>; DATE
 *
 * NAME is "unknown" if nobody has found it out; "for" is left out if there are
 * several recipients, and "from" if it is nobody's business who sent it.
 * What the client and the DNS said is cut and cleaned here: neither can end
 * the line or close the comment.
 */
struct received {
	const char *helo;
	const char *name;	/* NULL: not known */
	const struct addr *client;	/* NULL: "from" is left out */
	const char *hostname;
	const char *protocol;	/* "ESMTP" */
	const char *id;
	const char *rcpt;	/* without <>; or NULL */
	double when;		/* wall clock */
};

void received_write(const struct received *, struct buf *out);

#endif
