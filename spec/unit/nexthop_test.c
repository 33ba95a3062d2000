/* nexthop: URLs, their canonical form, and what is wrong with others. */
#include "mem.h"
#include "nexthop.h"

#include "test.h"

static const struct {
	const char *url, *want;		/* canonical */
	enum nexthop_kind kind;
	const char *host;
	unsigned port;
} good[] = {
	{ "smtp://10.0.0.5:25", "smtp://10.0.0.5:25",
	    NEXTHOP_SMTP, "10.0.0.5", 25 },
	{ "smtp://mx.Example.org", "smtp://mx.example.org:25",
	    NEXTHOP_SMTP, "mx.example.org", 25 },
	{ "smtp://mx.test.:26", "smtp://mx.test:26", NEXTHOP_SMTP, "mx.test", 26 },
	{ "SMTP://mx_1/", "smtp://mx_1:25", NEXTHOP_SMTP, "mx_1", 25 },
	{ "smtp://mx:2525/", "smtp://mx:2525", NEXTHOP_SMTP, "mx", 2525 },
	{ "smtp://[2001:DB8::1]", "smtp://[2001:db8::1]:25",
	    NEXTHOP_SMTP, "2001:db8::1", 25 },
	{ "smtp://[::1]:26", "smtp://[::1]:26", NEXTHOP_SMTP, "::1", 26 },
	{ "smtps://mx", "smtps://mx:465", NEXTHOP_SMTP, "mx", 465 },
	{ "lmtp://mx", "lmtp://mx:24", NEXTHOP_LMTP, "mx", 24 },
	{ "lmtp+unix:/run/lmtp", "lmtp+unix:/run/lmtp", NEXTHOP_LMTP, NULL, 0 },
	{ "lmtp+unix:///run/lmtp", "lmtp+unix:/run/lmtp",
	    NEXTHOP_LMTP, NULL, 0 },
	{ "lmtp+unix:lmtp", "lmtp+unix:/base/lmtp", NEXTHOP_LMTP, NULL, 0 },
	{ "maildir:/var/mail", "maildir:/var/mail", NEXTHOP_MAILDIR, NULL, 0 },
	{ "maildir:var/mail", "maildir:/base/var/mail",
	    NEXTHOP_MAILDIR, NULL, 0 },
	{ "discard:", "discard:", NEXTHOP_DISCARD, NULL, 0 },
};

static const char *const bad[] = {
	"", "mx", "smtp:mx", "smtp://", "smtp://:25", "smtp://mx:",
	"smtp://mx:0", "smtp://mx:65536", "smtp://mx:25x",
	"smtp://mx:0000025", "smtp://mx/path", "smtp://mx:25/path",
	"smtp://user@mx", "smtp://::1", "smtp://[::1", "smtp://[mx]",
	"smtp://[::1]25", "smtp://m x", "smtp://m\r\nx", "lmtp+unix:",
	("lmtp+unix:/0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789012345678901234567890123456789"),
	"maildir:", "discard:x", "http://mx",
};

static void
test_urls(struct arena *arena)
{
	struct nexthop hop;
	const char *error;
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		memset(&hop, 0, sizeof hop);
		test_int(good[i].url, nexthop_parse(good[i].url, "/base",
		    arena, &hop, &error), 0);
		test_str("canonical", hop.url, good[i].want);
		test_int("kind", hop.kind, good[i].kind);
		test_str("host", hop.host ? hop.host : "",
		    good[i].host ? good[i].host : "");
		test_int("port", hop.port, good[i].port);
		test_int("pool", hop.pool_size, 100);
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		error = NULL;
		test_int(bad[i], nexthop_parse(bad[i], "/base", arena, &hop,
		    &error), -1);
		test_ok("says what was expected", error != NULL);
	}
}

static void
test_routes(struct arena *arena)
{
	struct nexthop hub = { 0 };
	struct route named = { "hub", &hub, 1 };
	struct route_table table = { &named, 1 };
	const struct route *r;
	const char *error = NULL;

	test_ok("by name", route_find(&table, "hub", arena, &error) == &named);
	test_ok("no such name", !route_find(&table, "hob", arena, &error) &&
	    error);
	r = route_find(&table, "smtp://mx", arena, &error);
	test_str("by URL", r ? r->hop->url : "", "smtp://mx:25");
	test_str("name as written", r ? r->name : "", "smtp://mx");
	error = NULL;
	test_ok("a relative path needs a base", !route_find(&table,
	    "maildir:x", arena, &error) && error);
	test_ok("no table",
	    route_find(NULL, "discard:", arena, &error) != NULL);
}

int
main(void)
{
	struct arena *arena = arena_new();

	test_urls(arena);
	test_routes(arena);
	arena_free(arena);
	return test_done();
}
