#ifndef DNS_TEXT_H
#define DNS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

struct dns_set;

/*
 * dns_text: what the files of a resolver say, read from copies of them.
 */
enum { DNS_SERVERS_MAX = 8 };

/* Servers out of "ip[:port],..." or out of a resolv.conf (its nameserver
 * lines; options are ignored); 127.0.0.1 if it names none, as libc does.
 * Returns how many. */
size_t dns_text_servers(const char *list, const char *resolv_conf,
    struct addr out[DNS_SERVERS_MAX]);
/* Addresses of a host in a hosts file (and those of "localhost"); false if
 * it has none. */
bool dns_text_hosts(const char *hosts, const char *name, struct dns_set *out);

#endif
