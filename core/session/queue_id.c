#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "queue_id.h"

/* What stands before the id, most telling first. */
static const char *const before[] = {
	"queued as ",		/* Postfix, and many others */
	"InternalId=",		/* Exchange */
	"Message Queued (",	/* Haraka */
	"stored as ",		/* our own maildir */
	" id=",			/* Exim */
	"qp ",			/* qmail */
};

/* What stands behind the id, which is the first word (Sendmail, OpenSMTPD). */
static const char behind[] = " Message accepted for delivery";

static const char *
find(const char *text, const char *what)
{
	size_t len = strlen(what);

	for (; *text; text++) {
		if (strncasecmp(text, what, len) == 0)
			return text;
	}
	return NULL;
}

static void
take(const char *p, char *out, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && (isalnum((unsigned char)p[n]) ||
	    (p[n] && strchr("-_.+/=@:", p[n])))) {
		out[n] = p[n];
		n++;
	}
	while (n && out[n - 1] == '.')
		n--;
	out[n] = '\0';
}

void
queue_id_parse(const char *text, char *out, size_t size)
{
	const char *p;
	size_t i;

	*out = '\0';
	for (i = 0; !*out && i < sizeof before / sizeof before[0]; i++) {
		p = find(text, before[i]);
		if (p)
			take(p + strlen(before[i]), out, size);
	}
	if (*out)
		return;
	p = find(text, behind);
	if (p && !memchr(text, ' ', (size_t)(p - text)))
		take(text, out, size);
}
