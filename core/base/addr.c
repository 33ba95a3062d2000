#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "addr.h"

enum { HOST_MAX = 64, UNIX_PREFIX = 5 };	/* strlen("unix:") */

static const struct sockaddr_in *
in4(const struct addr *a)
{
	return (const struct sockaddr_in *)&a->ss;
}

static const struct sockaddr_in6 *
in6(const struct addr *a)
{
	return (const struct sockaddr_in6 *)&a->ss;
}

static void
set_in4(const void *ip, uint16_t port, struct addr *out)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&out->ss;

	memset(out, 0, sizeof *out);
	out->len = sizeof *sin;
	sin->sin_family = AF_INET;
	sin->sin_port = htons(port);
	memcpy(&sin->sin_addr, ip, sizeof sin->sin_addr);
}

void
addr_set(const struct sockaddr *sa, socklen_t len, struct addr *out)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)sa;

	if (len >= sizeof *six && sa->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		set_in4(six->sin6_addr.s6_addr + 12,
		    ntohs(six->sin6_port), out);
		return;
	}
	memset(out, 0, sizeof *out);
	if (len > sizeof out->ss)
		len = sizeof out->ss;
	memcpy(&out->ss, sa, len);
	out->len = len;
}

void
addr_set_ip(int family, const void *ip, uint16_t port, struct addr *out)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

	if (family == AF_INET) {
		set_in4(ip, port, out);
		return;
	}
	memcpy(&six.sin6_addr, ip, sizeof six.sin6_addr);
	six.sin6_port = htons(port);
	addr_set((const struct sockaddr *)&six, sizeof six, out);
}

void
addr_set_port(struct addr *a, uint16_t port)
{
	switch (addr_family(a)) {
	case AF_INET:
		((struct sockaddr_in *)&a->ss)->sin_port = htons(port);
		break;
	case AF_INET6:
		((struct sockaddr_in6 *)&a->ss)->sin6_port = htons(port);
		break;
	}
}

const uint8_t *
addr_bytes(const struct addr *a)
{
	switch (addr_family(a)) {
	case AF_INET:
		return (const uint8_t *)&in4(a)->sin_addr;
	case AF_INET6:
		return in6(a)->sin6_addr.s6_addr;
	}
	return NULL;
}

/* Those of mail are known without /etc/services, which may not be there. */
static int
parse_service(const char *name, uint16_t *out)
{
	static const struct {
		const char *name;
		uint16_t port;
	} mail[] = {
		{ "lmtp", 24 }, { "smtp", 25 }, { "smtps", 465 },
		{ "submissions", 465 }, { "submission", 587 },
	};
	struct servent *s;
	size_t i;

	for (i = 0; i < sizeof mail / sizeof *mail; i++) {
		if (strcmp(name, mail[i].name) == 0) {
			*out = mail[i].port;
			return 0;
		}
	}
	s = *name ? getservbyname(name, "tcp") : NULL;
	if (!s)
		return -1;
	*out = ntohs((uint16_t)s->s_port);
	return 0;
}

static int
parse_port(const char *text, uint16_t *out)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return parse_service(text, out);
	n = strtoul(text, &end, 10);
	if (*end || n > 65535 || end - text > 5)
		return -1;
	*out = (uint16_t)n;
	return 0;
}

/* An IPv6 address, perhaps with a scope. */
static int
parse_in6(char *host, uint16_t port, struct addr *out)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	char *scope = strchr(host, '%');

	if (scope) {
		*scope++ = '\0';
		six.sin6_scope_id = if_nametoindex(scope);
		if (!six.sin6_scope_id)
			return -1;
	}
	if (inet_pton(AF_INET6, host, &six.sin6_addr) != 1)
		return -1;
	six.sin6_port = htons(port);
	addr_set((const struct sockaddr *)&six, sizeof six, out);
	return 0;
}

static int
parse_unix(const char *path, struct addr *out)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof un.sun_path)
		return -1;
	memcpy(un.sun_path, path, len);
	addr_set((const struct sockaddr *)&un, sizeof un, out);
	return 0;
}

int
addr_parse(const char *text, uint16_t port, struct addr *out)
{
	char host[HOST_MAX];
	const char *begin = text, *rest;
	struct in_addr ip4;
	size_t len;
	bool six;

	if (strncmp(text, "unix:", UNIX_PREFIX) == 0)
		return parse_unix(text + UNIX_PREFIX, out);
	if (*text == '[') {
		begin++;
		len = strcspn(begin, "]");
		if (begin[len] != ']')
			return -1;
		rest = begin + len + 1;
		six = true;
	} else {
		six = strchr(text, ':') != strrchr(text, ':');
		len = six ? strlen(text) : strcspn(text, ":");
		rest = begin + len;
	}
	if (len >= sizeof host)
		return -1;
	memcpy(host, begin, len);
	host[len] = '\0';
	if (*rest && (*rest != ':' || parse_port(rest + 1, &port) < 0))
		return -1;
	if (six)
		return parse_in6(host, port, out);
	if (inet_pton(AF_INET, host, &ip4) != 1)
		return -1;
	set_in4(&ip4, port, out);
	return 0;
}

int
addr_family(const struct addr *a)
{
	return a->len ? a->ss.ss_family : 0;
}

uint16_t
addr_port(const struct addr *a)
{
	switch (addr_family(a)) {
	case AF_INET:
		return ntohs(in4(a)->sin_port);
	case AF_INET6:
		return ntohs(in6(a)->sin6_port);
	}
	return 0;
}

bool
addr_is_wildcard(const struct addr *a)
{
	switch (addr_family(a)) {
	case AF_INET:
		return in4(a)->sin_addr.s_addr == htonl(INADDR_ANY);
	case AF_INET6:
		return IN6_IS_ADDR_UNSPECIFIED(&in6(a)->sin6_addr);
	}
	return false;
}

/* The path of a UNIX address; "" for one without, or an abstract one. */
static const char *
unix_path(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&a->ss;
	size_t head = offsetof(struct sockaddr_un, sun_path);
	size_t len = a->len > head ? a->len - head : 0;

	if (len > sizeof un->sun_path)
		len = sizeof un->sun_path;
	len = strnlen(un->sun_path, len);
	memcpy(out, un->sun_path, len);
	out[len] = '\0';
	return out;
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	char pa[ADDR_TEXT_MAX], pb[ADDR_TEXT_MAX];

	if (addr_family(a) != addr_family(b) || addr_port(a) != addr_port(b))
		return false;
	switch (addr_family(a)) {
	case AF_INET:
		return in4(a)->sin_addr.s_addr == in4(b)->sin_addr.s_addr;
	case AF_INET6:
		return in6(a)->sin6_scope_id == in6(b)->sin6_scope_id &&
		    IN6_ARE_ADDR_EQUAL(&in6(a)->sin6_addr, &in6(b)->sin6_addr);
	case AF_UNIX:
		return strcmp(unix_path(a, pa), unix_path(b, pb)) == 0;
	}
	return true;
}

char *
addr_ip(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	switch (addr_family(a)) {
	case AF_INET:
		inet_ntop(AF_INET, &in4(a)->sin_addr, out, ADDR_TEXT_MAX);
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &in6(a)->sin6_addr, out, ADDR_TEXT_MAX);
		break;
	case AF_UNIX:
		strcpy(out, "unix");
		break;
	default:
		strcpy(out, "none");
	}
	return out;
}

char *
addr_text(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	char ip[ADDR_TEXT_MAX];

	addr_ip(a, ip);
	switch (addr_family(a)) {
	case AF_INET:
		snprintf(out, ADDR_TEXT_MAX, "%.64s:%u", ip, addr_port(a));
		break;
	case AF_INET6:
		snprintf(out, ADDR_TEXT_MAX, "[%.64s]:%u", ip, addr_port(a));
		break;
	case AF_UNIX:
		snprintf(out, ADDR_TEXT_MAX, "unix:%.110s", unix_path(a, ip));
		break;
	default:
		strcpy(out, ip);
	}
	return out;
}
