#ifndef EHLO_H
#define EHLO_H

#include <stdint.h>

struct reply;

/*
 * ehlo: what a next hop offers, from its reply to EHLO (RFC 5321 4.1.1.1).
 * It holds for one connection: the next one may reach another machine.
 */
enum {
	EHLO_PIPELINING = 1 << 0,	/* RFC 2920 */
	EHLO_SIZE = 1 << 1,		/* RFC 1870 */
	EHLO_8BITMIME = 1 << 2,		/* RFC 6152 */
	EHLO_ENHANCED = 1 << 3,		/* RFC 2034 */
	EHLO_DSN = 1 << 4,		/* RFC 3461 */
	EHLO_SMTPUTF8 = 1 << 5,		/* RFC 6531 */
	EHLO_CHUNKING = 1 << 6,		/* RFC 3030 */
	EHLO_STARTTLS = 1 << 7,		/* RFC 3207 */
	EHLO_XCLIENT = 1 << 8,
	EHLO_XFORWARD = 1 << 9,
	EHLO_LIMITS = 1 << 10,		/* RFC 9422 */
	EHLO_REQUIRETLS = 1 << 11,	/* RFC 8689 */
	EHLO_AUTH = 1 << 12,		/* RFC 4954 */
};

/* Attributes of XCLIENT and XFORWARD. */
enum ehlo_xclient {
	EHLO_X_NAME, EHLO_X_ADDR, EHLO_X_PORT, EHLO_X_PROTO, EHLO_X_HELO,
	EHLO_X_LOGIN, EHLO_X_DESTADDR, EHLO_X_DESTPORT, EHLO_X_IDENT,
	EHLO_X_SOURCE, EHLO_X_REVERSE_NAME,
	EHLO_X			/* how many */
};

struct ehlo {
	unsigned offers;
	uint64_t size;		/* SIZE: the largest message; 0: not said */
	unsigned mail_max, rcpt_max;	/* LIMITS MAILMAX, RCPTMAX; 0: not said */
	unsigned auth;		/* bit n: enum sasl_mechanism n */
	unsigned xclient;	/* bit n: enum ehlo_xclient n; of XCLIENT */
	unsigned xforward;	/* the same, of XFORWARD */
};

void ehlo_parse(const struct reply *, struct ehlo *out);
const char *ehlo_attribute(enum ehlo_xclient);	/* "NAME" */
/* What any server can be expected to take. */
void ehlo_modest(struct ehlo *out);
/* Leave in out what both offer, of sizes and limits the smaller. */
void ehlo_meet(struct ehlo *out, const struct ehlo *);
/* Of two limits, of which 0 is none. */
uint64_t ehlo_smaller(uint64_t a, uint64_t b);

#endif
