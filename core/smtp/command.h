#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "line.h"

/*
 * command: a line into verb, argument and ESMTP parameters (RFC 5321 4.1.1,
 * 4.1.2).  All results are views into the line.
 */
enum command_verb {
	COMMAND_HELO, COMMAND_EHLO, COMMAND_LHLO, COMMAND_MAIL, COMMAND_RCPT,
	COMMAND_DATA, COMMAND_BDAT, COMMAND_RSET, COMMAND_NOOP, COMMAND_VRFY,
	COMMAND_EXPN, COMMAND_HELP, COMMAND_QUIT, COMMAND_ETRN, COMMAND_AUTH,
	COMMAND_STARTTLS, COMMAND_XCLIENT, COMMAND_XFORWARD,
	COMMAND_UNKNOWN,
	COMMAND_VERBS			/* how many */
};

enum command_status {
	COMMAND_OK,
	COMMAND_BAD,		/* control byte, leading space, 8-bit verb,
				 * empty: 500 5.5.2 */
	COMMAND_NOISE,		/* HTTP, TLS, SSH, PROXY: drop at once */
};

struct command {
	enum command_verb verb;
	struct line name;	/* the verb as written */
	struct line arg;	/* what follows, outer spaces cut */
};

/* Verbs match whatever their case.  8-bit bytes in the argument are let
 * through; it is for the grammar of the argument to refuse them. */
enum command_status command_parse(struct line, struct command *out);
/* Do these first bytes speak another protocol?  For input in which no line
 * has ended yet (a TLS record may never hold a CRLF); command_parse asks it
 * for each line. */
bool command_is_noise(const char *p, size_t len);
const char *command_verb_name(enum command_verb);	/* "MAIL"; "?" */

/* ESMTP parameters: "SIZE=1 BODY=8BITMIME". */
enum { COMMAND_PARAMS_MAX = 24 };

struct command_param {
	struct line key;	/* as written; compare with command_param_is */
	struct line value;	/* p is NULL if there is no "=" */
};

struct command_params {
	size_t count;
	struct command_param item[COMMAND_PARAMS_MAX];
};

/* 0; -1 on bad syntax, a parameter named twice, or too many (501 5.5.4).
 * 8-bit bytes are bad syntax, but for UTF-8 in values if utf8 is set (RFC 6531
 * 3.3). */
int command_params_parse(struct line, bool utf8, struct command_params *out);
const struct command_param *command_param(const struct command_params *,
    const char *key);
bool command_param_is(const struct command_param *, const char *key);
/* Only digits, at most 20 of them, no overflow.  0 or -1. */
int command_number(struct line, unsigned long long *out);

#endif
