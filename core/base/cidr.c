#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

enum { MAPPED_BITS = 96 };	/* ::ffff:0:0/96 holds IPv4 */

static unsigned
bits_of(int family)
{
	return family == AF_INET ? 32 : 128;
}

static void
mask(struct cidr *c)
{
	unsigned i = c->bits / 8;

	if (c->bits % 8)
		c->ip[i++] &= (uint8_t)(0xff00 >> c->bits % 8);
	memset(c->ip + i, 0, sizeof c->ip - i);
}

/* The bits after the slash; -1 for anything but digits, or too many. */
static int
parse_bits(const char *text, unsigned max)
{
	unsigned n = 0;
	const char *p;

	for (p = text; *p >= '0' && *p <= '9' && p - text < 3; p++)
		n = n * 10 + (unsigned)(*p - '0');
	return p == text || *p || n > max ? -1 : (int)n;
}

int
cidr_parse(const char *text, struct cidr *out)
{
	char host[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct in6_addr ip6 = IN6ADDR_ANY_INIT;
	int bits;

	if (len >= sizeof host)
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	memset(out, 0, sizeof *out);
	out->family = AF_INET;
	if (inet_pton(AF_INET, host, out->ip) != 1) {
		if (inet_pton(AF_INET6, host, &ip6) != 1)
			return -1;
		out->family = AF_INET6;
		memcpy(out->ip, &ip6, sizeof ip6);
	}
	bits = (int)bits_of(out->family);
	if (slash && (bits = parse_bits(slash + 1, (unsigned)bits)) < 0)
		return -1;
	if (out->family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&ip6)) {
		if (bits < MAPPED_BITS)
			return -1;
		out->family = AF_INET;
		memcpy(out->ip, ip6.s6_addr + 12, 4);
		bits -= MAPPED_BITS;
	}
	out->bits = (uint8_t)bits;
	mask(out);
	return 0;
}

bool
cidr_has(const struct cidr *c, const struct addr *a)
{
	const uint8_t *ip = addr_bytes(a);
	unsigned whole = c->bits / 8, rest = c->bits % 8;

	if (!ip || addr_family(a) != c->family || memcmp(c->ip, ip, whole) != 0)
		return false;
	return rest == 0 || (ip[whole] ^ c->ip[whole]) >> (8 - rest) == 0;
}

int
cidr_of(const struct addr *a, unsigned v4, unsigned v6, struct cidr *out)
{
	const uint8_t *ip = addr_bytes(a);
	unsigned bits, max;

	memset(out, 0, sizeof *out);
	if (!ip)
		return -1;
	max = bits_of(addr_family(a));
	bits = addr_family(a) == AF_INET ? v4 : v6;
	out->family = (uint8_t)addr_family(a);
	out->bits = (uint8_t)(bits < max ? bits : max);
	memcpy(out->ip, ip, max / 8);
	mask(out);
	return 0;
}

char *
cidr_text(const struct cidr *c, char out[ADDR_TEXT_MAX])
{
	char ip[INET6_ADDRSTRLEN];

	if (!inet_ntop(c->family, c->ip, ip, sizeof ip))
		strcpy(ip, "none");
	snprintf(out, ADDR_TEXT_MAX, "%s/%u", ip, c->bits);
	return out;
}

bool
cidr_list_has(const struct cidr_list *l, const struct addr *a)
{
	size_t i;

	for (i = 0; i < l->count; i++)
		if (cidr_has(&l->item[i], a))
			return true;
	return false;
}
