#ifndef SASL_H
#define SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "line.h"

/*
 * sasl: the server's side of AUTH: PLAIN (RFC 4616), LOGIN, EXTERNAL (RFC 4422
 * appendix A) within RFC 4954.  Pure: lines in, challenges out.
 */
enum sasl_mechanism { SASL_PLAIN, SASL_LOGIN, SASL_EXTERNAL, SASL_MECHANISMS };

enum {
	SASL_LINE_MAX = 12288,		/* RFC 4954 4 */
	SASL_TEXT_MAX = 1024,		/* user, password, authzid */
};

enum sasl_status {
	SASL_CHALLENGE,		/* 334 with sasl->challenge, base64 */
	SASL_DONE,
	SASL_CANCELLED,		/* "*": 501 5.7.0 */
	SASL_BAD,		/* not base64, or an "=" that says nothing: 501 5.5.2 */
	SASL_REFUSED,		/* base64, but no such credentials can be: 535 5.7.8 */
};

struct sasl {
	enum sasl_mechanism mechanism;
	int step;			/* private */
	const char *challenge;
	char user[SASL_TEXT_MAX + 1], password[SASL_TEXT_MAX + 1],
	    authzid[SASL_TEXT_MAX + 1];
	bool has_password, has_authzid;
};

const char *sasl_name(enum sasl_mechanism);
/* Whatever its case.  0 or -1. */
int sasl_parse_name(struct line, enum sasl_mechanism *out);

/* Begin; initial is the initial response, p NULL if there is none ("=" is an
 * empty one). */
enum sasl_status sasl_start(struct sasl *, enum sasl_mechanism,
    struct line initial);
/* The client's next line. */
enum sasl_status sasl_step(struct sasl *, struct line);
/* Wipe what is secret.  Every sasl that was started ends with this. */
void sasl_clear(struct sasl *);

#endif
