#ifndef TXN_H
#define TXN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"
#include "path.h"
#include "reply.h"

struct arena;
struct message;
struct relay;
struct route;

/*
 * txn: one mail transaction: from MAIL to the end of it.
 *
 * Everything in it lives in its arena.  txn_reset is the one way out of a
 * transaction, on every path.
 */
struct txn_param {
	const char *key;	/* upper case */
	const char *value;	/* NULL if none */
	struct txn_param *next;
};

struct txn_sender {
	struct path path;
	const char *original;	/* what the client wrote, with <> */
	struct txn_param *params;
	uint64_t size;		/* SIZE=, 0 if not given */
	bool eight_bit;		/* BODY=8BITMIME */
	bool utf8;		/* SMTPUTF8 */
	bool require_tls;	/* REQUIRETLS */
	/* RET, ENVID (RFC 3461), AUTH (RFC 4954) as they go on the wire,
	 * checked; NULL if not given. */
	const char *ret, *envid, *auth;
};

enum txn_rcpt_state {
	TXN_RCPT_ASKED,		/* hooks or next hop are being asked */
	TXN_RCPT_ACCEPTED,
	TXN_RCPT_DISCARDED,	/* 250 to the client, goes nowhere */
	TXN_RCPT_REMOVED,	/* by a hook, after it was accepted */
};

struct txn_rcpt {
	struct path path;
	const char *original;	/* NULL if a hook added it */
	struct txn_param *params;
	const char *relay;	/* name or URL; NULL: the listener's */
	const char *group;	/* NULL: none */
	const char *notify, *orcpt;	/* RFC 3461, as on the wire; or NULL */
	/* After delivery by LMTP, its own answer; NULL: that of all. */
	const struct reply *final;
	enum txn_rcpt_state state;
	bool added;		/* by a hook */
	bool offered;		/* the open relay transaction has accepted it */
	unsigned serial;	/* never used again in a session */
	struct txn_rcpt *next;
};

struct txn {
	struct arena *arena;
	char id[40];		/* session id, dot, number */
	bool open;		/* MAIL was accepted */
	struct txn_sender sender;
	struct txn_rcpt *rcpts;	/* in order; refused ones are taken out */
	struct txn_rcpt *rcpts_last;
	size_t accepted;	/* recipients answered with 250 */
	size_t refused;
	bool edited;		/* the next hop was told something else */
	const char *relay;	/* message.relay, by a hook; NULL */
	const char *quarantine;	/* by verdict; NULL */
	struct message *message;
	struct relay *handoff;	/* the open relay transaction, or NULL */
	double began;		/* wall clock */
};

void txn_init(struct txn *);
void txn_reset(struct txn *);	/* cancels the hand-off, frees the message */
void txn_clear(struct txn *);	/* the same, and the arena */
struct txn_rcpt *txn_add_rcpt(struct txn *, const struct path *);
void txn_take_out(struct txn *, struct txn_rcpt *);	/* refused: forget it */
const struct txn_param *txn_param(const struct txn_param *, const char *key);

#endif
