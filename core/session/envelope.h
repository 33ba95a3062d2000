#ifndef ENVELOPE_H
#define ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct ehlo;
struct message;
struct reply;
struct txn;
struct txn_rcpt;

/*
 * envelope: MAIL and RCPT as one next hop can have them: each parameter only
 * if it is offered there; and whether it can have the message at all without
 * losing what the client was promised.
 */
struct envelope_hop {
	const struct ehlo *ehlo;
	bool verified;		/* TLS, the certificate was looked at */
	bool authenticated;
};

/* Without CRLF.  size: for SIZE=, 0 if it is not known. */
void envelope_mail(struct buf *out, const struct txn *, uint64_t size,
    const struct envelope_hop *);
void envelope_rcpt(struct buf *out, const struct txn_rcpt *,
    const struct envelope_hop *);

/* rcpt: that one alone; NULL: all that were accepted.  message: NULL while it
 * is not there.  False with *out the refusal. */
bool envelope_fits(const struct txn *, const struct txn_rcpt *rcpt,
    const struct message *, const struct envelope_hop *, struct reply *out);
size_t envelope_rcpts(const struct txn *);	/* accepted ones */

#endif
