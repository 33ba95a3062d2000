#ifndef ARGUMENT_H
#define ARGUMENT_H

#include <stdbool.h>

#include "command.h"
#include "path.h"

struct arena;
struct session;
struct txn_param;

/*
 * argument: what MAIL and RCPT have in common: a word, a path, parameters
 * (RFC 5321 4.1.1.2, 4.1.1.3).  original and params are views into the line.
 */
struct argument {
	struct path path;
	struct line original;		/* the path as the client wrote it */
	struct command_params params;
};

enum argument_of { ARGUMENT_FROM, ARGUMENT_TO };

/* Spaces behind "FROM:" and "TO:" are common and harmless.  8-bit bytes may be
 * there after the parameter SMTPUTF8 (RFC 6531 3.4), for a sender that is
 * among its own parameters.  False if the client has been told what is wrong.
 */
bool argument_parse(struct session *, struct line, enum argument_of,
    struct argument *out);
/* Parameters that outlive the line, keys in upper case. */
struct txn_param *argument_params(struct arena *,
    const struct command_params *);

#endif
