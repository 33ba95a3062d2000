#ifndef PATH_H
#define PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "line.h"

/*
 * path: reverse-path, forward-path, mailbox, domain and address literal
 * (RFC 5321 4.1.2, 4.1.3; sizes 4.5.3.1).
 *
 * The result is canonical: source route dropped, quoted local part unquoted
 * where it need not be quoted and re-quoted where it must, domain in lower
 * case.  8-bit bytes are refused unless utf8 is set, and then must be valid
 * UTF-8, and a domain that holds some must have a form in A-labels (RFC 6531
 * 3.3).
 */
enum { PATH_LOCAL_MAX = 64, PATH_DOMAIN_MAX = 255, PATH_MAX_LEN = 254 + 2 };

enum path_status {
	PATH_OK,
	PATH_SYNTAX,		/* 501 5.1.3, or 5.1.7 for a sender */
	PATH_LONG,		/* over a size limit: 501 5.1.3 */
	PATH_8BIT,		/* non-ASCII without SMTPUTF8: 553 5.6.7 */
	PATH_UTF8,		/* not valid UTF-8: 501 5.5.2 */
};

struct path {
	/* canonical, without <>; "" is null.  Behind its NUL: the domain in
	 * A-labels, if that is something else. */
	char text[PATH_LOCAL_MAX * 2 + PATH_DOMAIN_MAX * 2 + 9];
	size_t len;
	size_t local;		/* length of the local part, with its quotes */
	/* domain: text + local + 1, or none if local == len */
	size_t ascii;		/* where the A-labels begin; 0: see domain */
};

/* Where a path may be "<>" and where "<postmaster>" without a domain. */
enum path_kind { PATH_REVERSE, PATH_FORWARD };

/* Parse "<...>" at the start of arg; rest is what follows it, spaces cut (with
 * PATH_8BIT and PATH_UTF8, too).
 * One space after the colon of FROM: or TO: is the caller's to skip. */
enum path_status path_parse(struct line arg, enum path_kind, bool utf8,
    struct path *out, struct line *rest);
/* The same for an address without brackets, as hooks give it; "" is null. */
enum path_status path_parse_address(const char *p, size_t len, bool utf8,
    struct path *out);
/* The domain for comparisons: in A-labels, lower case.  NULL if none. */
const char *path_domain(const struct path *);
/* The local part with quotes and escapes undone; returns its length. */
size_t path_user(const struct path *, char out[PATH_LOCAL_MAX + 1]);

/* Domain as in HELO and after "@": labels of letters, digits, hyphens (not at
 * an end) and underscores (no host name has them, many senders do).  A dot at
 * the end and empty labels are refused.  The first takes no 8-bit bytes, the
 * second takes them as letters. */
bool path_is_domain(const char *p, size_t len);
bool path_is_domain_any(const char *p, size_t len);
/* A domain, in whatever form, in A-labels and lower case (RFC 5890 2.3.2.1).
 * Returns the length, or -1 if it has no such form. */
int path_domain_ascii(const char *p, size_t len,
    char out[PATH_DOMAIN_MAX + 1]);
/* "[192.0.2.1]" or "[IPv6:2001:db8::1]". */
bool path_is_literal(const char *p, size_t len);
/* Argument of EHLO: a domain (underscore tolerated) or literal. */
bool path_is_helo(const char *p, size_t len);

/* xtext (RFC 3461 4).  Return the length, or -1 if it is malformed, decodes to
 * a NUL, or does not fit with the NUL that is put behind it. */
int path_xtext_decode(const char *p, size_t len, char *out, size_t size);
int path_xtext_encode(const char *p, size_t len, char *out, size_t size);

#endif
