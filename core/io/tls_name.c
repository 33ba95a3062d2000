#include <string.h>

#include "tls_ssl.h"

enum { LABEL_MAX = 63, HOST_MAX = 253 };	/* RFC 1035 2.3.4 */

static bool
is_ldh(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* One label; a hyphen stands neither first nor last. */
static bool
is_label(const char *p, size_t len)
{
	if (len == 0 || len > LABEL_MAX || p[0] == '-' || p[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_ldh(p[i]))
			return false;
	}
	return true;
}

bool
tls_name(const char *p, size_t len, char out[TLS_NAME_MAX + 1])
{
	const char *label = out;
	size_t n;

	if (len == 0 || len > HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		out[i] = p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i];
	out[len] = '\0';
	if (strlen(out) != len)
		return false;
	for (;; label += n + 1) {
		n = strcspn(label, ".");
		if (!is_label(label, n))
			return false;
		if (!label[n])
			break;
	}
	/* The last label of an IPv4 address is a number; of a name, never. */
	return strspn(label, "0123456789") != n;
}

/* RFC 6066 3: a list of one entry: type 0, length, name. */
bool
tls_name_sni(const unsigned char *p, size_t len, char out[TLS_NAME_MAX + 1])
{
	enum { HEAD = 5, HOST_NAME = 0 };
	size_t list, name;

	if (len < HEAD)
		return false;
	list = (size_t)p[0] << 8 | p[1];
	name = (size_t)p[3] << 8 | p[4];
	if (list != len - 2 || p[2] != HOST_NAME || name > len - HEAD)
		return false;
	return tls_name((const char *)p + HEAD, name, out);
}
