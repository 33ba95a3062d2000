#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "body.h"
#include "buf.h"
#include "reply.h"

#include "message.h"
#include "upstream.h"

struct link;
struct relay_session;
struct relay_timeouts;
struct txn;
struct txn_rcpt;

/*
 * exchange: one mail transaction with a next hop over one connection: MAIL,
 * RCPT, DATA, content, end, and what the replies to them amount to.
 *
 * MAIL, RCPT and DATA are gathered where PIPELINING allows; content goes out
 * only after 354 and only if no recipient was refused.  The outcome of a step
 * comes by the callback: a reply for the client, or the loss of the
 * connection.  No outcome comes from inside a call.
 */
enum exchange_step {
	EXCHANGE_NONE, EXCHANGE_RCPT, EXCHANGE_DELIVER, EXCHANGE_CONTENT,
};

struct exchange_outcome {
	const struct reply *reply;	/* NULL: lost */
	enum upstream_fault fault;
	const char *text;	/* for the log */
	bool stale;		/* it had been idle, and took no RSET since */
};

struct exchange;
typedef void (*exchange_fn)(struct exchange *, const struct exchange_outcome *);

struct exchange {
	struct link *link;		/* NULL: none, or lost */
	exchange_fn fn;
	void *arg;
	bool committed;			/* the final dot is on its way */
	/* private */
	enum exchange_step step;
	const struct relay_session *session;
	const struct txn *txn;		/* during a step */
	const struct message *message;
	struct txn_rcpt *rcpt;		/* whose reply comes next */
	bool dirty;			/* RSET before the next MAIL */
	bool proven;			/* new, or it took a RSET from us */
	bool mailed;			/* a transaction is open */
	bool mail_refused, go_ahead;	/* go_ahead: 354 */
	size_t asked, replied, accepted, refused;
	struct reply result;
	struct message_reader reader;
	struct body_writer writer;
	struct buf chunk;
};

void exchange_init(struct exchange *, exchange_fn, void *arg);
/* Let go of the connection; from any state. */
void exchange_clear(struct exchange *);
/* A connection, for a new transaction; the exchange returns it to its pool. */
void exchange_use(struct exchange *, struct link *,
    const struct relay_session *, const struct relay_timeouts *);

/* Can this next hop have that recipient (NULL: all of them), and that message
 * (NULL: it is not there yet)?  False with *out the refusal. */
bool exchange_fits(const struct exchange *, const struct txn *,
    const struct txn_rcpt *, const struct message *, struct reply *out);
/* RCPT, with MAIL before it if none is open. */
void exchange_rcpt(struct exchange *, const struct txn *, struct txn_rcpt *);
/* Deliver in the open transaction if that is whole, else in a new one. */
void exchange_deliver(struct exchange *, const struct txn *,
    const struct message *);

#endif
