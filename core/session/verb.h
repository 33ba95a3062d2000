#ifndef VERB_H
#define VERB_H

#include <stdbool.h>

#include "command.h"

#include "stage.h"

struct session;

/*
 * verb: the table of commands.  check is what the protocol says: it returns
 * false when it has answered.  Then the stage is asked (STAGE_START: none),
 * and proceed is what follows.
 */
enum {
	VERB_LAST = 1,		/* ends a pipelined group (RFC 2920 3.1) */
	VERB_BARE = 2,		/* takes no argument */
	VERB_GREETED = 4,	/* not before HELO or EHLO */
	VERB_FREE = 8,		/* not counted against limits.commands */
	VERB_END = 16,		/* what is behind it does not matter */
	VERB_CLEAR = 32,	/* even in the clear where TLS is required */
	VERB_LOGIN = 64,	/* not without AUTH where that is required */
	VERB_FRAMED = 128,	/* octets follow: its check alone refuses it */
	VERB_8BIT = 256,	/* looks at 8-bit bytes itself */
};

struct verb {
	unsigned flags;
	enum stage stage;
	bool (*check)(struct session *, const struct command *);
	void (*proceed)(struct session *);
};

const struct verb *verb_row(enum command_verb);

/* The rows' functions, by file. */
bool verb_helo_check(struct session *, const struct command *);
void verb_helo(struct session *);

bool verb_mail_check(struct session *, const struct command *);
void verb_mail(struct session *);
bool verb_rcpt_check(struct session *, const struct command *);
void verb_rcpt(struct session *);

bool verb_data_check(struct session *, const struct command *);
void verb_data(struct session *);

bool verb_bdat_check(struct session *, const struct command *);
void verb_bdat(struct session *);

bool verb_starttls_check(struct session *, const struct command *);
void verb_starttls(struct session *);

bool verb_auth_check(struct session *, const struct command *);
void verb_auth(struct session *);

bool verb_xclient_check(struct session *, const struct command *);
bool verb_xforward_check(struct session *, const struct command *);
void verb_xclient(struct session *);
void verb_xforward(struct session *);

/* Their lines of the reply to EHLO, "250-" left out; NULL: not offered. */
enum { VERB_OFFER_MAX = 80 };
const char *verb_tls_offer(const struct session *);
const char *verb_auth_offer(const struct session *, char out[VERB_OFFER_MAX]);
const char *verb_xclient_offer(const struct session *);
const char *verb_xforward_offer(const struct session *);

void verb_rset(struct session *);
void verb_noop(struct session *);
bool verb_vrfy_check(struct session *, const struct command *);
void verb_vrfy(struct session *);
void verb_help(struct session *);
void verb_quit(struct session *);
void verb_none(struct session *);
bool verb_unknown_check(struct session *, const struct command *);
void verb_unknown(struct session *);

#endif
