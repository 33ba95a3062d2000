#include <string.h>
#include <strings.h>

#include "reply.h"

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
static uint64_t
limit(const char *p, const char *name)
{
	size_t len = strlen(name);

	for (; *p && *p != '\n'; p++) {
		if (*p == ' ' && strncasecmp(p + 1, name, len) == 0)
			return number(p + 1 + len);
	}
	return 0;
}

static void
parse_line(const char *p, struct ehlo *out)
{
	size_t i, len = strcspn(p, " \n");
	unsigned offer = 0;
	uint64_t n;

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
		n = limit(p, "MAILMAX=");
		out->mail_max = n > UINT32_MAX ? 0 : (unsigned)n;
	}
}

void
ehlo_parse(const struct reply *reply, struct ehlo *out)
{
	const char *p = strchr(reply->text, '\n');

	memset(out, 0, sizeof *out);
	for (; p; p = strchr(p + 1, '\n'))
		parse_line(p + 1, out);
}
