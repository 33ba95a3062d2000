#ifndef DSN_H
#define DSN_H

#include <stdbool.h>

#include "line.h"

/*
 * dsn: values of the parameters for delivery status notifications (RFC 3461 4,
 * RFC 6533 3), as they go on the wire.  What they stand for holds no control
 * characters, or it is refused.
 */
enum { DSN_ENVID_MAX = 100, DSN_ORCPT_MAX = 500 };

bool dsn_is_ret(struct line);		/* FULL, HDRS */
bool dsn_is_envid(struct line);
bool dsn_is_notify(struct line);	/* NEVER, or SUCCESS,FAILURE,DELAY */
/* addr-type ";" xtext.  For the type utf-8 there are forms of its own.  If utf8
 * is set, UTF-8 itself is one of these, and the xtext of any other type may
 * stand for UTF-8, as that of Postfix does ("rfc822;ren+C3+A9@a.test"). */
bool dsn_is_orcpt(struct line, bool utf8);
/* xtext of printable characters. */
bool dsn_is_xtext(struct line);

#endif
