#ifndef OFFER_H
#define OFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "ehlo.h"

struct session;

/*
 * offer: what a client is told in the reply to EHLO, and may use for that.
 *
 * What depends on the server behind us is offered only if that is known to
 * take it (DSN, SMTPUTF8, REQUIRETLS), or not known to lack it (8BITMIME); SIZE
 * and RCPTMAX are the smaller of both sides'.  What the configuration withholds
 * from a client is switched off for it.
 */

/* Found out anew at each HELO, EHLO and LHLO. */
void offer_make(struct session *);
/* The session begins anew: nothing has been offered. */
void offer_forget(struct session *);
/* The reply to EHLO and LHLO. */
void offer_say(struct session *);
/* One of EHLO_*. */
bool offer_has(const struct session *, unsigned what);
bool offer_is_withheld(const struct session *, const char *keyword);
/* One that could be offered, by us or by hooks (session_conf.advertise). */
bool offer_is_keyword(const char *text, const char *const *advertise);
/* What holds now, 0 for no limit; hooks may change the session's limits. */
uint64_t offer_size(const struct session *);
unsigned offer_recipients(const struct session *);

#endif
