#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "reply.h"
#include "sasl.h"

#include "ehlo.h"

static const struct {
	const char *keyword;
	unsigned offer;
} keywords[] = {
	{ "PIPELINING",		EHLO_PIPELINING },
	{ "SIZE",		EHLO_SIZE },
	{ "8BITMIME",		EHLO_8BITMIME },
	{ "ENHANCEDSTATUSCODES", EHLO_ENHANCED },
	{ "DSN",		EHLO_DSN },
	{ "SMTPUTF8",		EHLO_SMTPUTF8 },
	{ "CHUNKING",		EHLO_CHUNKING },
	{ "STARTTLS",		EHLO_STARTTLS },
	{ "XCLIENT",		EHLO_XCLIENT },
	{ "XFORWARD",		EHLO_XFORWARD },
	{ "LIMITS",		EHLO_LIMITS },
	{ "REQUIRETLS",		EHLO_REQUIRETLS },
	{ "AUTH",		EHLO_AUTH },
};

static const char *const attributes[] = {
	[EHLO_X_NAME] = "NAME", [EHLO_X_ADDR] = "ADDR",
	[EHLO_X_PORT] = "PORT", [EHLO_X_PROTO] = "PROTO",
	[EHLO_X_HELO] = "HELO", [EHLO_X_LOGIN] = "LOGIN",
	[EHLO_X_DESTADDR] = "DESTADDR", [EHLO_X_DESTPORT] = "DESTPORT",
	[EHLO_X_IDENT] = "IDENT", [EHLO_X_SOURCE] = "SOURCE",
	[EHLO_X_REVERSE_NAME] = "REVERSE_NAME",
};

/* A number that follows p, if it is one; 0 if not, or if it is too large. */
static uint64_t
number(const char *p)
{
	uint64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return 0;
	}
	return *p && !strchr(" \n", *p) ? 0 : n;
}

/* The value of NAME=n in a line of LIMITS. */
static unsigned
limit(const char *p, const char *name)
{
	size_t len = strlen(name);
	uint64_t n;

	for (; *p && *p != '\n'; p++) {
		if (*p != ' ' || strncasecmp(p + 1, name, len) != 0)
			continue;
		n = number(p + 1 + len);
		return n > UINT32_MAX ? 0 : (unsigned)n;
	}
	return 0;
}

/* Is it one of the words that follow p on its line? */
static bool
has_word(const char *p, const char *word)
{
	size_t len;

	while (*p == ' ') {
		p += strspn(p, " ");
		len = strcspn(p, " \n");
		if (strlen(word) == len && strncasecmp(p, word, len) == 0)
			return true;
		p += len;
	}
	return false;
}

static unsigned
find_mechanisms(const char *p)
{
	unsigned found = 0, i;

	for (i = 0; i < SASL_MECHANISMS; i++)
		if (has_word(p, sasl_name((enum sasl_mechanism)i)))
			found |= 1u << i;
	return found;
}

static unsigned
find_attributes(const char *p)
{
	unsigned found = 0, i;

	for (i = 0; i < EHLO_X; i++)
		if (has_word(p, attributes[i]))
			found |= 1u << i;
	return found;
}

static void
parse_line(const char *p, struct ehlo *out)
{
	size_t i, len = strcspn(p, " \n");
	unsigned offer = 0;

	for (i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
		const char *k = keywords[i].keyword;

		if (strlen(k) == len && strncasecmp(p, k, len) == 0)
			offer = keywords[i].offer;
	}
	out->offers |= offer;
	p += len;
	if (offer == EHLO_SIZE && *p == ' ')
		out->size = number(p + 1);
	if (offer == EHLO_LIMITS) {
		out->mail_max = limit(p, "MAILMAX=");
		out->rcpt_max = limit(p, "RCPTMAX=");
	}
	if (offer == EHLO_AUTH)
		out->auth |= find_mechanisms(p);
	if (offer == EHLO_XCLIENT)
		out->xclient |= find_attributes(p);
	if (offer == EHLO_XFORWARD)
		out->xforward |= find_attributes(p);
}

void
ehlo_parse(const struct reply *reply, struct ehlo *out)
{
	const char *p = strchr(reply->text, '\n');

	memset(out, 0, sizeof *out);
	for (; p; p = strchr(p + 1, '\n'))
		parse_line(p + 1, out);
}

const char *
ehlo_attribute(enum ehlo_xclient attribute)
{
	return attributes[attribute];
}

void
ehlo_modest(struct ehlo *out)
{
	memset(out, 0, sizeof *out);
	out->offers = EHLO_PIPELINING | EHLO_SIZE | EHLO_8BITMIME |
	    EHLO_ENHANCED;
}

uint64_t
ehlo_smaller(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

void
ehlo_meet(struct ehlo *out, const struct ehlo *e)
{
	out->offers &= e->offers;
	out->size = ehlo_smaller(out->size, e->size);
	out->mail_max = (unsigned)ehlo_smaller(out->mail_max, e->mail_max);
	out->rcpt_max = (unsigned)ehlo_smaller(out->rcpt_max, e->rcpt_max);
	out->auth &= e->auth;
	out->xclient &= e->xclient;
	out->xforward &= e->xforward;
}
