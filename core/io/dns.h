#ifndef DNS_H
#define DNS_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

struct ev_loop;

/*
 * dns: a stub resolver on c-ares, with questions that can be cancelled.
 *
 * One per worker, made after the fork.  Servers come from the configuration or
 * from a copy of resolv.conf, never from the disk.  Every answer comes by the
 * callback on a later turn of the loop, unless the question was cancelled.
 * Answers are capped (DNS_RECORDS_MAX), names are checked: a name in an answer
 * holds only printable ASCII without space, or the record is left out.
 */
enum { DNS_RECORDS_MAX = 100, DNS_NAME_MAX = 256 };

enum dns_type { DNS_A, DNS_AAAA, DNS_TXT, DNS_PTR, DNS_MX };

enum dns_status {
	DNS_OK,			/* at least one record */
	DNS_NONE,		/* the name exists, no such record */
	DNS_NXDOMAIN,
	DNS_TIMEOUT,
	DNS_REFUSED,
	DNS_FAILED,		/* SERVFAIL, malformed, no server: text says */
};

struct dns_record {
	/* A, AAAA: the IP; TXT: the strings joined; PTR, MX: the name without
	 * its last dot. */
	const char *text;
	size_t len;
	int preference;		/* MX */
};

struct dns_answer {
	enum dns_status status;
	const char *error;	/* text when not DNS_OK */
	size_t count;
	const struct dns_record *record;	/* MX sorted by preference */
};

struct dns;
struct dns_query;
/* The answer is valid during the call only. */
typedef void (*dns_fn)(void *arg, const struct dns_answer *);

struct dns_conf {
	const char *servers;	/* "ip[:port],[ip6]:port"; NULL: from resolv_conf */
	const char *resolv_conf;	/* text; may be NULL */
	const char *hosts;		/* text of /etc/hosts; may be NULL */
	double timeout;		/* seconds of one try */
	int tries;
};

/* NULL with errno and a log line if c-ares cannot start. */
struct dns *dns_new(struct ev_loop *, const struct dns_conf *);
/* Cancels what is open, silently.  Not from inside a callback. */
void dns_free(struct dns *);

struct dns_query *dns_start(struct dns *, enum dns_type, const char *name,
    dns_fn, void *arg);
/* The PTR question for an address. */
struct dns_query *dns_start_ptr(struct dns *, const struct addr *, dns_fn,
    void *arg);
/* Addresses of a host: an IP literal, the hosts copy, then A and AAAA.
 * Records are IP texts, IPv4 first. */
struct dns_query *dns_start_host(struct dns *, const char *name, dns_fn,
    void *arg);
void dns_cancel(struct dns_query *);	/* fn will not be called; NULL is fine */

#endif
