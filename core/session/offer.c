#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "conn.h"

#include "relay.h"
#include "session_io.h"
#include "verb.h"

#include "offer.h"

/* In the order of the reply. */
static const struct {
	unsigned what;
	const char *keyword;
} keywords[] = {
	{ EHLO_PIPELINING, "PIPELINING" },
	{ EHLO_SIZE, "SIZE" },
	{ EHLO_8BITMIME, "8BITMIME" },
	{ EHLO_ENHANCED, "ENHANCEDSTATUSCODES" },
	{ EHLO_CHUNKING, "CHUNKING" },
	{ EHLO_SMTPUTF8, "SMTPUTF8" },
	{ EHLO_DSN, "DSN" },
	{ EHLO_LIMITS, "LIMITS" },
	{ EHLO_REQUIRETLS, "REQUIRETLS" },
};

enum {
	/* Ours, whatever is behind us: BDAT goes out by DATA. */
	OWN = EHLO_PIPELINING | EHLO_SIZE | EHLO_ENHANCED | EHLO_CHUNKING |
	    EHLO_LIMITS,
	/* Extensions that begin with EHLO: not for a client that says HELO. */
	ESMTP_ONLY = EHLO_PIPELINING | EHLO_CHUNKING | EHLO_SMTPUTF8 |
	    EHLO_DSN | EHLO_REQUIRETLS,
};

/* Is the first word of line in the list? */
static bool
names(const char *const *list, const char *line)
{
	size_t n = strcspn(line, " ");

	for (; list != NULL && *list != NULL; list++)
		if (strlen(*list) == n && strncasecmp(*list, line, n) == 0)
			return true;
	return false;
}

bool
offer_is_keyword(const char *text, const char *const *advertise)
{
	static const char *const others[] = {
		"STARTTLS", "AUTH", "XCLIENT", "XFORWARD", NULL,
	};

	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (strcasecmp(keywords[i].keyword, text) == 0)
			return true;
	return names(others, text) || names(advertise, text);
}

bool
offer_is_withheld(const struct session *s, const char *keyword)
{
	const struct session_conf *conf = s->conf;

	if (names(conf->withhold, keyword))
		return true;
	for (size_t i = 0; i < conf->withholds; i++)
		if (cidr_has(&conf->withhold_from[i].net, &s->client) &&
		    names(conf->withhold_from[i].keyword, keyword))
			return true;
	return false;
}

bool
offer_has(const struct session *s, unsigned what)
{
	return s->io->offer.offers & what;
}

uint64_t
offer_size(const struct session *s)
{
	return ehlo_smaller(s->limits.message_size, s->io->offer.size);
}

unsigned
offer_recipients(const struct session *s)
{
	return (unsigned)ehlo_smaller(s->limits.recipients,
	    s->io->offer.rcpt_max);
}

void
offer_make(struct session *s)
{
	struct ehlo *o = &s->io->offer;
	char auth[VERB_OFFER_MAX];
	unsigned behind;

	memset(o, 0, sizeof *o);
	relays_offer(s->env->relays, s->conf->relay, o);
	behind = o->offers;
	o->offers = OWN | (behind & (EHLO_8BITMIME | EHLO_SMTPUTF8 | EHLO_DSN));
	if (s->tls != NULL)
		o->offers |= behind & EHLO_REQUIRETLS;
	if (verb_auth_offer(s, auth) != NULL)
		o->offers |= EHLO_AUTH;
	if (offer_recipients(s) == 0 && s->limits.messages == 0)
		o->offers &= ~(unsigned)EHLO_LIMITS;
	if (!s->esmtp)
		o->offers &= ~(unsigned)ESMTP_ONLY;
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (offer_is_withheld(s, keywords[i].keyword))
			o->offers &= ~keywords[i].what;
}

void
offer_forget(struct session *s)
{
	memset(&s->io->offer, 0, sizeof s->io->offer);
	s->io->pipelining = false;
	verb_bdat_reset(s);
}

/* A line of the reply.  What is withheld is not said. */
static void
put(struct session *s, const char *line)
{
	if (line != NULL && !offer_is_withheld(s, line))
		buf_printf(conn_output(s->conn), "250-%s\r\n", line);
}

static void
put_limits(struct session *s)
{
	struct buf *out = conn_output(s->conn);
	unsigned recipients = offer_recipients(s);

	buf_puts(out, "250-LIMITS");
	if (s->limits.messages != 0)
		buf_printf(out, " MAILMAX=%u", s->limits.messages);
	if (recipients != 0)
		buf_printf(out, " RCPTMAX=%u", recipients);
	buf_puts(out, "\r\n");
}

static void
put_own(struct session *s, unsigned what, const char *keyword)
{
	struct buf *out = conn_output(s->conn);

	if (!offer_has(s, what))
		return;
	if (what == EHLO_SIZE)
		buf_printf(out, "250-SIZE %" PRIu64 "\r\n", offer_size(s));
	else if (what == EHLO_LIMITS)
		put_limits(s);
	else
		buf_printf(out, "250-%s\r\n", keyword);
}

void
offer_say(struct session *s)
{
	const char *const *p = s->conf->advertise;
	char auth[VERB_OFFER_MAX];

	buf_printf(conn_output(s->conn), "250-%s\r\n", s->conf->hostname);
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		put_own(s, keywords[i].what, keywords[i].keyword);
	put(s, verb_tls_offer(s));
	put(s, verb_auth_offer(s, auth));
	put(s, verb_xclient_offer(s));
	put(s, verb_xforward_offer(s));
	for (; p != NULL && *p != NULL; p++)
		put(s, *p);
	buf_puts(conn_output(s->conn), "250 HELP\r\n");
}
