#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "addr.h"
#include "mem.h"

#include "nexthop.h"

enum {
	HOST_MAX = 253,
	POOL_SIZE = 100, POOL_USES = 1000, POOL_IDLE = 30, POOL_WAIT = 5,
};

static const char want_url[] =
    "smtp://host:port, smtps://host:port, lmtp://host:port, lmtp+unix:/path, "
    "maildir:/path or discard:";
static const char want_host[] =
    "host or host:port after \"//\", an IPv6 address in brackets";
static const char want_port[] = "a port from 1 to 65535";
static const char want_path[] = "a path after the colon";
static const char want_absolute[] = "an absolute path after the colon";
static const char want_short[] = "a socket path of at most 107 characters";
static const char want_name[] = "a name from relays, or a URL";

static const struct scheme {
	const char *prefix;
	enum nexthop_kind kind;
	uint16_t port;		/* 0: a path follows, or nothing */
	bool implicit_tls;
} schemes[] = {
	{ "smtp://",	NEXTHOP_SMTP, 25, false },
	{ "smtps://",	NEXTHOP_SMTP, 465, true },
	{ "lmtp://",	NEXTHOP_LMTP, 24, false },
	{ "lmtp+unix:",	NEXTHOP_LMTP, 0, false },
	{ "maildir:",	NEXTHOP_MAILDIR, 0, false },
	{ "discard:",	NEXTHOP_DISCARD, 0, false },
};

static const struct scheme *
find_scheme(const char *url)
{
	size_t i;

	for (i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		const char *p = schemes[i].prefix;

		if (strncasecmp(url, p, strlen(p)) == 0)
			return &schemes[i];
	}
	return NULL;
}

static bool
is_host(const char *p, size_t len)
{
	size_t i;

	if (len == 0 || len > HOST_MAX || p[0] == '.' || p[0] == '-')
		return false;
	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)p[i]) && !strchr(".-_", p[i]))
			return false;
	}
	return true;
}

/* What stands in brackets. */
static bool
is_ipv6(const char *p, size_t len)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	if (len == 0 || len >= sizeof text)
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	return addr_parse(text, 1, &addr) == 0 && strchr(text, ':');
}

static int
parse_port(const char *p, uint16_t *out)
{
	unsigned long n = 0;
	const char *s;

	for (s = p; *s >= '0' && *s <= '9' && s - p < 6; s++)
		n = n * 10 + (unsigned long)(*s - '0');
	if (*s == '/' && s > p)
		s++;
	if (s == p || *s || n == 0 || n > UINT16_MAX)
		return -1;
	*out = (uint16_t)n;
	return 0;
}

/* "host", "host:port", "[v6]:port", and perhaps a slash. */
static const char *
parse_authority(const char *p, struct arena *arena, struct nexthop *out)
{
	bool six = *p == '[';
	size_t len = six ? strcspn(++p, "]") : strcspn(p, ":/");
	const char *rest = p + len;
	char *host, *s;

	if (six ? *rest != ']' || !is_ipv6(p, len) : !is_host(p, len))
		return want_host;
	if (six)
		rest++;
	if (len > 1 && p[len - 1] == '.')
		len--;		/* absolute, as all of them are */
	host = arena_strndup(arena, p, len);
	for (s = host; *s; s++)
		*s = (char)tolower((unsigned char)*s);
	out->host = host;
	if (*rest == ':')
		return parse_port(rest + 1, &out->port) < 0 ? want_port : NULL;
	return *rest && strcmp(rest, "/") != 0 ? want_host : NULL;
}

static const char *
parse_path(const char *p, const char *dir, struct arena *arena,
    struct nexthop *out)
{
	if (!*p)
		return want_path;
	if (*p == '/') {
		while (p[1] == '/')
			p++;
		out->path = arena_strdup(arena, p);
	} else if (dir) {
		out->path = arena_printf(arena, "%s/%s", dir, p);
	} else {
		return want_absolute;
	}
	if (out->kind == NEXTHOP_LMTP && strlen(out->path) >=
	    sizeof ((struct sockaddr_un *)NULL)->sun_path)
		return want_short;
	return NULL;
}

static char *
canonical(const struct scheme *s, struct arena *arena,
    const struct nexthop *hop)
{
	if (!hop->host)
		return arena_printf(arena, "%s%s", s->prefix,
		    hop->path ? hop->path : "");
	return arena_printf(arena, strchr(hop->host, ':') ? "%s[%s]:%u" :
	    "%s%s:%u", s->prefix, hop->host, (unsigned)hop->port);
}

int
nexthop_parse(const char *url, const char *dir, struct arena *arena,
    struct nexthop *out, const char **error)
{
	const struct scheme *s = find_scheme(url);
	struct nexthop hop = {
		.pool_size = POOL_SIZE, .pool_uses = POOL_USES,
		.pool_idle = POOL_IDLE, .pool_wait = POOL_WAIT,
	};
	const char *rest, *wrong = NULL;

	if (!s) {
		*error = want_url;
		return -1;
	}
	rest = url + strlen(s->prefix);
	hop.kind = s->kind;
	hop.port = s->port;
	hop.implicit_tls = s->implicit_tls;
	hop.tls = s->implicit_tls ? NEXTHOP_TLS_REQUIRED : NEXTHOP_TLS_OFF;
	if (s->port)
		wrong = parse_authority(rest, arena, &hop);
	else if (s->kind != NEXTHOP_DISCARD)
		wrong = parse_path(rest, dir, arena, &hop);
	else if (*rest)
		wrong = want_url;
	if (wrong) {
		*error = wrong;
		return -1;
	}
	hop.url = canonical(s, arena, &hop);
	*out = hop;
	return 0;
}

bool
nexthop_answers(const struct nexthop *hop)
{
	return hop->kind == NEXTHOP_SMTP || hop->kind == NEXTHOP_LMTP;
}

const struct route *
route_find(const struct route_table *table, const char *text,
    struct arena *arena, const char **error)
{
	struct nexthop *hop;
	struct route *route;
	size_t i;

	for (i = 0; table && i < table->count; i++) {
		if (strcmp(table->route[i].name, text) == 0)
			return &table->route[i];
	}
	if (!strchr(text, ':')) {
		*error = want_name;
		return NULL;
	}
	hop = arena_alloc(arena, sizeof *hop);
	if (nexthop_parse(text, NULL, arena, hop, error) < 0)
		return NULL;
	route = arena_alloc(arena, sizeof *route);
	route->name = arena_strdup(arena, text);
	route->hop = hop;
	route->count = 1;
	return route;
}
