#ifndef ADDR_H
#define ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * addr: socket addresses as text, and networks.
 *
 * An IPv4-mapped IPv6 address is turned into IPv4 on every way in, so that no
 * list has to know both forms.  A scope ("fe80::1%eth0") is kept in the socket
 * address and left out of the text.  No function here resolves a name.
 */
enum { ADDR_TEXT_MAX = 128 };	/* fits any text made here, NUL included */

struct addr {
	socklen_t len;		/* 0: none */
	struct sockaddr_storage ss;
};

/*
 * "192.0.2.1", "192.0.2.1:25", "2001:db8::1", "[2001:db8::1]:25",
 * "unix:/path".  port is used where the text names none; a port may be a
 * service name.  Returns 0, or -1 for anything else.
 */
int addr_parse(const char *text, uint16_t port, struct addr *out);
void addr_set(const struct sockaddr *, socklen_t, struct addr *out);
/* AF_INET, AF_INET6: 4 or 16 octets in the order of the net. */
void addr_set_ip(int family, const void *ip, uint16_t port, struct addr *out);
void addr_set_port(struct addr *, uint16_t port);
const uint8_t *addr_bytes(const struct addr *);	/* of an IP; NULL: it is none */
int addr_family(const struct addr *);	/* AF_INET, AF_INET6, AF_UNIX, 0 */
uint16_t addr_port(const struct addr *);	/* 0 for none */
bool addr_is_wildcard(const struct addr *);
bool addr_equal(const struct addr *, const struct addr *);	/* with port */
/* Write "ip:port", "[ip6]:port" or "unix:/path"; returns out. */
char *addr_text(const struct addr *, char out[ADDR_TEXT_MAX]);
/* Write the IP alone; "unix" for a UNIX socket. */
char *addr_ip(const struct addr *, char out[ADDR_TEXT_MAX]);

/* A network: address bytes beyond bits are zero. */
struct cidr {
	uint8_t family;		/* AF_INET or AF_INET6 */
	uint8_t bits;
	uint8_t ip[16];
};

/* "192.0.2.0/24", "2001:db8::/32", or one address.  0 or -1. */
int cidr_parse(const char *text, struct cidr *out);
bool cidr_has(const struct cidr *, const struct addr *);
/* The network of an address, v4 or v6 bits long; -1 if it is no IP. */
int cidr_of(const struct addr *, unsigned v4, unsigned v6, struct cidr *out);
char *cidr_text(const struct cidr *, char out[ADDR_TEXT_MAX]);

struct cidr_list {
	struct cidr *item;
	size_t count;
};

bool cidr_list_has(const struct cidr_list *, const struct addr *);

#endif
