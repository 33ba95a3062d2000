#ifndef NEXTHOP_H
#define NEXTHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct value;

/*
 * nexthop: where accepted mail goes, as configured.
 *
 * "smtp://host:port", "smtps://", "lmtp://", "lmtp+unix:/path",
 * "maildir:/path", "discard:".  A route is a list of next hops, tried in
 * order; a name from `relays` stands for one.
 */
enum nexthop_kind {
	NEXTHOP_SMTP, NEXTHOP_LMTP, NEXTHOP_MAILDIR, NEXTHOP_DISCARD,
};

enum nexthop_tls {
	NEXTHOP_TLS_OFF, NEXTHOP_TLS_TRY, NEXTHOP_TLS_REQUIRED,
	NEXTHOP_TLS_VERIFY,
};

/* How a next hop is told who the client is. */
enum nexthop_identity {
	NEXTHOP_IDENTITY_NONE,
	NEXTHOP_IDENTITY_BEST,	/* XCLIENT if offered, else XFORWARD if offered */
	NEXTHOP_IDENTITY_XCLIENT, NEXTHOP_IDENTITY_XFORWARD,	/* if offered */
	NEXTHOP_IDENTITY_PROXY,	/* PROXY v2 at connect; no reuse */
};

struct nexthop {
	enum nexthop_kind kind;
	const char *url;	/* canonical text, the key of its pool */
	const char *host;	/* name or IP; NULL for unix and files */
	uint16_t port;		/* default 25, smtps 465, lmtp 24 */
	const char *path;	/* unix socket or maildir, absolute */
	const char *source;	/* an IP of ours that it sees; NULL: any */
	bool implicit_tls;
	enum nexthop_tls tls;
	const char *ca;		/* path of a file in the bundle; NULL: system's */
	const char *fingerprint;	/* pinned; NULL */
	const char *user;	/* AUTH; NULL: none */
	const char *password;	/* a reference, see relays_conf.secret */
	enum nexthop_identity identity;
	unsigned pool_size, pool_uses;		/* 100, 1000 */
	double pool_idle, pool_wait;		/* seconds: 30, 5 */
	double timeout;		/* seconds for every step; 0: the session's timeouts */
};

/* Is it asked about recipients (SMTP, LMTP)?  Others just store. */
bool nexthop_answers(const struct nexthop *);

struct route {
	const char *name;	/* as written: a name from relays, or a URL */
	const struct nexthop *hop;
	size_t count;
};

struct route_table {
	const struct route *route;	/* the named ones */
	size_t count;
};

/* One URL.  dir makes a relative path absolute.  Returns 0, or -1 with *error
 * set to what was expected (a constant text). */
int nexthop_parse(const char *url, const char *dir, struct arena *,
    struct nexthop *out, const char **error);
/* A name from the table, or a URL, which then lives in the arena.  NULL with
 * *error for anything else. */
const struct route *route_find(const struct route_table *, const char *text,
    struct arena *, const char **error);

#endif
