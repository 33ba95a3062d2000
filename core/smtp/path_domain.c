#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include <idn2.h>

#include "utf8.h"

#include "path.h"

enum { LABEL_MAX = 63 };

static bool
is_let_dig(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c >= 0x80;
}

/* One label.  An underscore is no letter of a host name, but hosts and
 * senders have them.  How long one beyond ASCII is, its A-label says. */
static bool
is_label(const char *p, size_t len)
{
	struct line text = { p, len };

	if (len == 0 || p[0] == '-' || p[len - 1] == '-')
		return false;
	if (len > LABEL_MAX && !utf8_has_8bit(text))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_let_dig((unsigned char)p[i]) && p[i] != '-' &&
		    p[i] != '_')
			return false;
	return true;
}

bool
path_is_domain_any(const char *p, size_t len)
{
	const char *end = p + len;

	if (len == 0 || len > PATH_DOMAIN_MAX)
		return false;
	for (;;) {
		const char *dot = memchr(p, '.', (size_t)(end - p));

		if (!is_label(p, (size_t)((dot != NULL ? dot : end) - p)))
			return false;
		if (dot == NULL)
			return true;
		p = dot + 1;
	}
}

bool
path_is_domain(const char *p, size_t len)
{
	return !utf8_has_8bit((struct line){ p, len }) &&
	    path_is_domain_any(p, len);
}

bool
path_is_literal(const char *p, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char ip[16];
	int family = AF_INET;

	if (len < 2 || p[0] != '[' || p[len - 1] != ']')
		return false;
	p++;
	len -= 2;
	if (len > 5 && strncasecmp(p, "IPv6:", 5) == 0) {
		family = AF_INET6;
		p += 5;
		len -= 5;
	}
	if (len >= sizeof text || memchr(p, '\0', len) != NULL)
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	return inet_pton(family, text, ip) == 1;
}

bool
path_is_helo(const char *p, size_t len)
{
	return path_is_domain(p, len) || path_is_literal(p, len);
}

/* What IDNA 2008 makes of it (RFC 5891 5).  The length, 0 for nothing. */
static size_t
to_a_labels(const char *domain, char out[PATH_DOMAIN_MAX + 1])
{
	uint8_t *ascii = NULL;
	size_t n = 0;

	if (idn2_lookup_u8((const uint8_t *)domain, &ascii,
	    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
		n = strlen((const char *)ascii);
	if (n > PATH_DOMAIN_MAX)
		n = 0;
	memcpy(out, n > 0 ? (const char *)ascii : "", n + 1);
	idn2_free(ascii);
	return n;
}

int
path_domain_ascii(const char *p, size_t len, char out[PATH_DOMAIN_MAX + 1])
{
	struct line domain = { p, len };
	char text[PATH_DOMAIN_MAX + 1];

	if (!path_is_domain_any(p, len) || !utf8_ok(domain))
		return -1;
	memcpy(text, p, len);
	text[len] = '\0';
	if (utf8_has_8bit(domain))
		len = to_a_labels(text, out);
	else
		memcpy(out, text, len + 1);
	if (!path_is_domain(out, len))
		return -1;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)out[i]);
	return (int)len;
}
