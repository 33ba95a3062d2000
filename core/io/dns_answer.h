#ifndef DNS_ANSWER_H
#define DNS_ANSWER_H

#include "dns.h"

struct arena;

/*
 * dns_answer: records, from a reply of a server or from texts.
 *
 * A reply is hostile input: what runs out of the packet makes it malformed,
 * what is over a limit or has a name that no one should see is left out.
 */
struct dns_set {
	struct arena *arena;	/* holds the texts; made with the first */
	size_t count;
	struct dns_record record[DNS_RECORDS_MAX];
};

/* Add the records of that type in the answer section.  0, or -1 for a
 * malformed packet (what came before stays). */
int dns_answer_parse(enum dns_type, const unsigned char *p, size_t len,
    struct dns_set *);
void dns_answer_add(struct dns_set *, const char *text, size_t len,
    int preference);
/* IPv4 first, or by preference; the order is kept otherwise. */
void dns_answer_sort(struct dns_set *, enum dns_type);
void dns_answer_clear(struct dns_set *);

int dns_answer_type(enum dns_type);	/* RFC 1035 3.2.2 */
/* May this name be asked for, or shown? */
bool dns_name_ok(const char *name);

#endif
