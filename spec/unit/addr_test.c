#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "addr.h"

#include "test.h"

/* want NULL: no address. */
static const struct {
	const char *in, *want, *ip;
} addresses[] = {
	{ "192.0.2.1",			"192.0.2.1:25",		"192.0.2.1" },
	{ "192.0.2.1:2525",		"192.0.2.1:2525",	"192.0.2.1" },
	{ "192.0.2.1:0",		"192.0.2.1:0",		"192.0.2.1" },
	{ "192.0.2.1:smtp",		"192.0.2.1:25",		"192.0.2.1" },
	{ "192.0.2.1:submissions",	"192.0.2.1:465",	"192.0.2.1" },
	{ "2001:db8::1",		"[2001:db8::1]:25",	"2001:db8::1" },
	{ "[2001:DB8::1]",		"[2001:db8::1]:25",	"2001:db8::1" },
	{ "[2001:db8::1]:587",		"[2001:db8::1]:587",	"2001:db8::1" },
	{ "::",				"[::]:25",		"::" },
	{ "::ffff:192.0.2.1",		"192.0.2.1:25",		"192.0.2.1" },
	{ "[::ffff:c000:201]:99",	"192.0.2.1:99",		"192.0.2.1" },
	{ "fe80::1%lo",			"[fe80::1]:25",		"fe80::1" },
	{ "unix:/run/x.sock",		"unix:/run/x.sock",	"unix" },
	{ "" }, { ":25" }, { "192.0.2" }, { "192.0.2.256" }, { "192.0.2.01" },
	{ "192.0.2.1:" }, { "192.0.2.1:65536" }, { "192.0.2.1:-1" },
	{ "192.0.2.1:25x" }, { "192.0.2.1:+25" }, { "192.0.2.1:000025" },
	{ "192.0.2.1:no-such-service" }, { "192.0.2.1 " }, { " 192.0.2.1" },
	{ "[192.0.2.1]:25" }, { "[::1" }, { "[::1]25" }, { "[::1]:" }, { "[]" },
	{ "::1%no-such-interface" }, { "1:2:3" }, { "localhost" }, { "unix:" },
	{ "1111111111111111111111111111111111111111111111111111111111111111" },
};

static const struct {
	const char *in, *want;		/* want NULL: no network */
} networks[] = {
	{ "192.0.2.0/24",		"192.0.2.0/24" },
	{ "192.0.2.77/24",		"192.0.2.0/24" },
	{ "192.0.2.255/31",		"192.0.2.254/31" },
	{ "192.0.2.1",			"192.0.2.1/32" },
	{ "0.0.0.0/0",			"0.0.0.0/0" },
	{ "2001:db8:ffff::/33",		"2001:db8:8000::/33" },
	{ "2001:db8::1",		"2001:db8::1/128" },
	{ "::ffff:192.0.2.9/120",	"192.0.2.0/24" },
	{ "::ffff:192.0.2.9",		"192.0.2.9/32" },
	{ "::/0",			"::/0" },
	{ "" }, { "/" }, { "/24" }, { "192.0.2.0/" }, { "192.0.2.0/33" },
	{ "192.0.2.0/-1" }, { "192.0.2.0/0x8" }, { "192.0.2.0/24 " },
	{ "192.0.2/24" }, { "2001:db8::/129" }, { "2001:db8::/9999" },
	{ "::ffff:192.0.2.0/95" }, { "[::1]" }, { "192.0.2.0/24/24" },
	{ "unix:/x" },
};

static const struct {
	const char *net, *ip;
	int has;
} members[] = {
	{ "192.0.2.0/24",	"192.0.2.255",		1 },
	{ "192.0.2.0/24",	"192.0.3.0",		0 },
	{ "192.0.2.0/24",	"::ffff:192.0.2.4",	1 },
	{ "192.0.2.128/25",	"192.0.2.127",		0 },
	{ "192.0.2.128/25",	"192.0.2.128",		1 },
	{ "0.0.0.0/0",		"203.0.113.9",		1 },
	{ "0.0.0.0/0",		"2001:db8::1",		0 },
	{ "::/0",		"203.0.113.9",		0 },
	{ "::/0",		"2001:db8::1",		1 },
	{ "2001:db8::/47",	"2001:db8:1::9",	1 },
	{ "2001:db8::/47",	"2001:db8:2::9",	0 },
	{ "2001:db8::1",	"2001:db8::1",		1 },
	{ "2001:db8::1",	"2001:db8::2",		0 },
	{ "0.0.0.0/0",		"unix:/x",		0 },
};

static void
test_tables(void)
{
	char out[ADDR_TEXT_MAX];
	struct addr a, b;
	struct cidr c;
	size_t i;

	for (i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		if (addr_parse(addresses[i].in, 25, &a) < 0) {
			test_str(addresses[i].in, NULL,
			    addresses[i].want ? addresses[i].want : "(null)");
			continue;
		}
		test_str(addresses[i].in, addr_text(&a, out),
		    addresses[i].want ? addresses[i].want : "(null)");
		test_str(addresses[i].in, addr_ip(&a, out),
		    addresses[i].ip ? addresses[i].ip : "(null)");
		test_int("back", addr_parse(addr_text(&a, out), 0, &b), 0);
		if (!strchr(addresses[i].in, '%'))
			test_ok("equal", addr_equal(&a, &b));
	}
	for (i = 0; i < sizeof networks / sizeof *networks; i++)
		test_str(networks[i].in, cidr_parse(networks[i].in, &c) < 0 ?
		    NULL : cidr_text(&c, out),
		    networks[i].want ? networks[i].want : "(null)");
	for (i = 0; i < sizeof members / sizeof *members; i++) {
		test_int("network", cidr_parse(members[i].net, &c), 0);
		test_int("address", addr_parse(members[i].ip, 0, &a), 0);
		test_int(members[i].ip, cidr_has(&c, &a), members[i].has);
	}
}

static void
test_cidr_of(void)
{
	char out[ADDR_TEXT_MAX];
	struct addr a;
	struct cidr c, list[2];
	struct cidr_list l = { list, 2 };

	addr_parse("192.0.2.77", 0, &a);
	test_int("v4", cidr_of(&a, 24, 64, &c), 0);
	test_str("v4 net", cidr_text(&c, out), "192.0.2.0/24");
	cidr_of(&a, 99, 64, &c);
	test_str("too many bits", cidr_text(&c, out), "192.0.2.77/32");
	addr_parse("2001:db8:1:2:3::4", 0, &a);
	cidr_of(&a, 24, 64, &c);
	test_str("v6 net", cidr_text(&c, out), "2001:db8:1:2::/64");
	cidr_parse("198.51.100.0/24", &list[0]);
	cidr_parse("2001:db8::/32", &list[1]);
	test_ok("in the list", cidr_list_has(&l, &a));
	addr_parse("192.0.2.1", 0, &a);
	test_ok("not in the list", !cidr_list_has(&l, &a));
	addr_parse("unix:/x", 0, &a);
	test_int("no IP", cidr_of(&a, 24, 64, &c), -1);
}

static void
test_socket_forms(void)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct addr a = { 0 }, b;
	char out[ADDR_TEXT_MAX];

	test_str("none", addr_text(&a, out), "none");
	test_int("no family", addr_family(&a), 0);
	six.sin6_port = htons(25);
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &six.sin6_addr);
	addr_set((const struct sockaddr *)&six, sizeof six, &a);
	test_str("mapped", addr_text(&a, out), "192.0.2.1:25");
	addr_set((const struct sockaddr *)&un, sizeof un.sun_family, &a);
	test_str("unnamed", addr_text(&a, out), "unix:");
	memset(un.sun_path, 'x', sizeof un.sun_path);
	addr_set((const struct sockaddr *)&un, sizeof un, &a);
	test_int("path without NUL", (long long)strlen(addr_text(&a, out)), 113);

	addr_parse("0.0.0.0", 25, &a);
	test_ok("wildcard", addr_is_wildcard(&a));
	addr_parse("::", 25, &b);
	test_ok("wildcard v6", addr_is_wildcard(&b));
	test_ok("not equal", !addr_equal(&a, &b));
	addr_parse("0.0.0.0", 26, &b);
	test_ok("other port", !addr_equal(&a, &b));
	addr_parse("unix:/a", 0, &a);
	addr_parse("unix:/b", 0, &b);
	test_ok("other path", !addr_equal(&a, &b));
	test_ok("no wildcard", !addr_is_wildcard(&a));
}

int
main(void)
{
	test_tables();
	test_cidr_of();
	test_socket_forms();
	return test_done();
}
