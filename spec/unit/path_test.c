#include "test.h"

#include "path.h"

#define LINE(text) (struct line){ text, sizeof text - 1 }
#define S64 "1234567890123456789012345678901234567890123456789012345678901234"
#define L63 "a23456789012345678901234567890123456789012345678901234567890123"

static const struct {
	struct line in;
	enum path_kind kind;
	bool utf8;
	enum path_status status;
	const char *text, *user, *rest;
} cases[] = {
	{ LINE("<a@b>"), PATH_FORWARD, 0, PATH_OK, "a@b", "a", "" },
	{ LINE("<A.b@Example.ORG>"), PATH_FORWARD, 0, PATH_OK, "A.b@example.org", "A.b", "" },
	{ LINE("<a@b> SIZE=1"), PATH_REVERSE, 0, PATH_OK, "a@b", "a", "SIZE=1" },
	{ LINE("<a@b>   SIZE=1 X"), PATH_REVERSE, 0, PATH_OK, "a@b", "a", "SIZE=1 X" },
	{ LINE("<a@b>SIZE=1"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<>"), PATH_REVERSE, 0, PATH_OK, "", "", "" },
	{ LINE("<> BODY=7BIT"), PATH_REVERSE, 0, PATH_OK, "", "", "BODY=7BIT" },
	{ LINE("<>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("< >"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE(""), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("a@b"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@b"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@b>>"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<<a@b>>"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("< a@b>"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@b >"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a b@c>"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	/* postmaster without a domain: to it only */
	{ LINE("<postmaster>"), PATH_FORWARD, 0, PATH_OK, "postmaster", "postmaster", "" },
	{ LINE("<PostMaster>"), PATH_FORWARD, 0, PATH_OK, "PostMaster", "PostMaster", "" },
	{ LINE("<postmaster>"), PATH_REVERSE, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<postmaster@>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	/* source routes */
	{ LINE("<@a,@b.c:u@d>"), PATH_FORWARD, 0, PATH_OK, "u@d", "u", "" },
	{ LINE("<@a:u@d>"), PATH_REVERSE, 0, PATH_OK, "u@d", "u", "" },
	{ LINE("<@[192.0.2.1]:u@d>"), PATH_REVERSE, 0, PATH_OK, "u@d", "u", "" },
	{ LINE("<@a,:u@d>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<@a,b:u@d>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<@a>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<@a:>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<@:u@d>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<@a u@d>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<@>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	/* no meaning in the local part */
	{ LINE("<u%x@d>"), PATH_FORWARD, 0, PATH_OK, "u%x@d", "u%x", "" },
	{ LINE("<a!b!c@d>"), PATH_FORWARD, 0, PATH_OK, "a!b!c@d", "a!b!c", "" },
	{ LINE("<`$(x)`@d>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<|x@d>"), PATH_FORWARD, 0, PATH_OK, "|x@d", "|x", "" },
	{ LINE("<a@b@c>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<.a@b>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a.@b>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a..b@c>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<@b>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a(c)@b>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a\\b@c>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a\0@b>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@b\0c>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	/* quotes: kept only where they are needed */
	{ LINE("<\"a b\"@x>"), PATH_FORWARD, 0, PATH_OK, "\"a b\"@x", "a b", "" },
	{ LINE("<\"a@b\"@x>"), PATH_FORWARD, 0, PATH_OK, "\"a@b\"@x", "a@b", "" },
	{ LINE("<\"a>b\"@x>"), PATH_FORWARD, 0, PATH_OK, "\"a>b\"@x", "a>b", "" },
	{ LINE("<\"a\\\"b\"@x>"), PATH_FORWARD, 0, PATH_OK, "\"a\\\"b\"@x", "a\"b", "" },
	{ LINE("<\"a\\\\\"@x>"), PATH_FORWARD, 0, PATH_OK, "\"a\\\\\"@x", "a\\", "" },
	{ LINE("<\"ab\"@x>"), PATH_FORWARD, 0, PATH_OK, "ab@x", "ab", "" },
	{ LINE("<\"a\\b\"@x>"), PATH_FORWARD, 0, PATH_OK, "ab@x", "ab", "" },
	{ LINE("<\"a..b\"@x>"), PATH_FORWARD, 0, PATH_OK, "\"a..b\"@x", "a..b", "" },
	{ LINE("<\"\"@x>"), PATH_FORWARD, 0, PATH_OK, "\"\"@x", "", "" },
	{ LINE("<\"postmaster\">"), PATH_FORWARD, 0, PATH_OK, "postmaster", "postmaster", "" },
	{ LINE("<\"a\"b@x>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<\"a\".b@x>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<\"a@x>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<\"a\\"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<\"a\tb\"@x>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<\"a\0b\"@x>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<\"a\\\0b\"@x>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	/* domains and literals */
	{ LINE("<a@b.>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@.b>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@b..c>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@-b.c>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@b-.c>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@b_c.d>"), PATH_FORWARD, 0, PATH_OK, "a@b_c.d", "a", "" },
	{ LINE("<a@" L63 ".d>"), PATH_FORWARD, 0, PATH_OK, "a@" L63 ".d", "a", "" },
	{ LINE("<a@" L63 "x.d>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@[127.0.0.1]>"), PATH_FORWARD, 0, PATH_OK, "a@[127.0.0.1]", "a", "" },
	{ LINE("<a@[IPv6:::1]>"), PATH_FORWARD, 0, PATH_OK, "a@[ipv6:::1]", "a", "" },
	{ LINE("<a@[IPv6:::ffff:1.2.3.4]>"), PATH_FORWARD, 0, PATH_OK, "a@[ipv6:::ffff:1.2.3.4]", "a", "" },
	{ LINE("<a@[::1]>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@[1.2.3]>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@[1.2.3.256]>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@[1.2.3.4>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@[1.2.3.4]x>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@[x:y]>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@[]>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	{ LINE("<a@[1.2.3.4\0]>"), PATH_FORWARD, 0, PATH_SYNTAX, NULL, NULL, NULL },
	/* sizes */
	{ LINE("<" S64 "@x>"), PATH_FORWARD, 0, PATH_OK, S64 "@x", S64, "" },
	{ LINE("<x" S64 "@x>"), PATH_FORWARD, 0, PATH_LONG, NULL, NULL, NULL },
	{ LINE("<\"x" S64 "\"@x>"), PATH_FORWARD, 0, PATH_LONG, NULL, NULL, NULL },
	{ LINE("<a@" L63 "." L63 "." L63 "." L63 ">"), PATH_FORWARD, 0, PATH_LONG, NULL, NULL, NULL },
	{ LINE("<a@" L63 "." L63 "." L63 "." L63 ".x>"), PATH_FORWARD, 0, PATH_LONG, NULL, NULL, NULL },
	{ LINE("<" S64 "@" L63 "." L63 "." L63 ">"), PATH_FORWARD, 0, PATH_LONG, NULL, NULL, NULL },
	/* 8 bits */
	{ LINE("<\xc3\xa9@b>"), PATH_FORWARD, 0, PATH_8BIT, NULL, NULL, NULL },
	{ LINE("<a@b\xc3\xa9>"), PATH_FORWARD, 0, PATH_8BIT, NULL, NULL, NULL },
	{ LINE("<\xc3\xa9@B\xc3\xa9>"), PATH_FORWARD, 1, PATH_OK, "\xc3\xa9@b\xc3\xa9", "\xc3\xa9", "" },
	{ LINE("<\"\xc3\xa9 a\"@b>"), PATH_FORWARD, 1, PATH_OK, "\"\xc3\xa9 a\"@b", "\xc3\xa9 a", "" },
	{ LINE("<\xf0\x9f\x8c\x99@b>"), PATH_FORWARD, 1, PATH_OK,
	    "\xf0\x9f\x8c\x99@b", "\xf0\x9f\x8c\x99", "" },
	{ LINE("<\xc3@b>"), PATH_FORWARD, 1, PATH_UTF8, NULL, NULL, NULL },
	{ LINE("<\xa9@b>"), PATH_FORWARD, 1, PATH_UTF8, NULL, NULL, NULL },
	{ LINE("<\xc0\xaf@b>"), PATH_FORWARD, 1, PATH_UTF8, NULL, NULL, NULL },
	{ LINE("<\xe0\x80\xaf@b>"), PATH_FORWARD, 1, PATH_UTF8, NULL, NULL, NULL },
	{ LINE("<\xed\xa0\x80@b>"), PATH_FORWARD, 1, PATH_UTF8, NULL, NULL, NULL },
	{ LINE("<\xf4\x90\x80\x80@b>"), PATH_FORWARD, 1, PATH_UTF8, NULL, NULL, NULL },
	{ LINE("<\xff@b>"), PATH_FORWARD, 1, PATH_UTF8, NULL, NULL, NULL },
	{ LINE("<\"\\\xc3\xa9\"@b>"), PATH_FORWARD, 1, PATH_SYNTAX, NULL, NULL, NULL },
};

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char user[PATH_LOCAL_MAX + 1];
		struct path path;
		struct line rest;
		enum path_status status = path_parse(cases[i].in,
		    cases[i].kind, cases[i].utf8, &path, &rest);

		test_int(cases[i].in.p, status, cases[i].status);
		if (status != PATH_OK || cases[i].status != PATH_OK)
			continue;
		test_str(cases[i].in.p, path.text, cases[i].text);
		test_int("length", (long long)path.len, (long long)strlen(path.text));
		test_int("user length", (long long)path_user(&path, user),
		    (long long)strlen(cases[i].user));
		test_str("user", user, cases[i].user);
		test_mem("rest", rest.p, rest.len, cases[i].rest,
		    strlen(cases[i].rest));
	}
}

/* What comes out goes in again, and comes out the same. */
static void
test_canonical(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct path a, b;
		struct line rest;

		if (path_parse(cases[i].in, cases[i].kind, cases[i].utf8, &a,
		    &rest) != PATH_OK)
			continue;
		test_int(a.text, path_parse_address(a.text, a.len,
		    cases[i].utf8, &b), PATH_OK);
		test_str(a.text, b.text, a.text);
		test_int(a.text, (long long)b.local, (long long)a.local);
	}
}

/* Cut at every length, nothing is accepted but what ends with its ">". */
static void
test_cut(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t n = 0; n < cases[i].in.len; n++) {
			char *copy = malloc(n + (n == 0));
			struct line l = { copy, n }, rest;
			struct path path;

			memcpy(copy, cases[i].in.p, n);
			if (path_parse(l, cases[i].kind, cases[i].utf8, &path,
			    &rest) == PATH_OK)
				test_ok(cases[i].in.p,
				    memchr(copy, '>', n) != NULL);
			path_parse_address(copy, n, cases[i].utf8, &path);
			path_is_helo(copy, n);
			free(copy);
		}
}

static void
test_address(void)
{
	struct path p;

	test_int("null", path_parse_address("", 0, false, &p), PATH_OK);
	test_int("null", (long long)p.len, 0);
	test_ok("no domain", path_domain(&p) == NULL);
	test_int("plain", path_parse_address("A@B", 3, false, &p), PATH_OK);
	test_str("domain", path_domain(&p), "b");
	test_int("brackets", path_parse_address("<a@b>", 5, false, &p), PATH_SYNTAX);
	test_int("tail", path_parse_address("a@b c", 5, false, &p), PATH_SYNTAX);
	test_int("route", path_parse_address("@a:b@c", 6, false, &p), PATH_SYNTAX);
	test_int("line end", path_parse_address("a@b\r\n", 5, false, &p), PATH_SYNTAX);
	test_int("8 bits", path_parse_address("a@\xc3\xa9", 4, false, &p), PATH_8BIT);
	test_int("postmaster", path_parse_address("postmaster", 10, false, &p), PATH_OK);
	test_ok("no domain", path_domain(&p) == NULL);
}

#define BUECHER "b\xc3\xbc" "cher"
#define TEN_KANJI "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac" \
	"\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe8\xaa\x9e"

/* One domain, one form to compare. */
static void
test_ascii(void)
{
	static const struct { struct line in; const char *want; } domains[] = {
		{ LINE("Example.ORG"), "example.org" },
		{ LINE(BUECHER ".Example"), "xn--bcher-kva.example" },
		{ LINE("B\xc3\x9c" "CHER.example"), "xn--bcher-kva.example" },
		{ LINE("bu\xcc\x88" "cher.example"), "xn--bcher-kva.example" },
		{ LINE("XN--Bcher-KVA.example"), "xn--bcher-kva.example" },
		{ LINE("a_b." BUECHER), "a_b.xn--bcher-kva" },
		/* 66 octets, but not as many as an A-label */
		{ LINE(TEN_KANJI TEN_KANJI "\xe6\x97\xa5\xe6\x97\xa5.test"),
		    "xn--wgvaaaaaaa050ababbbb4127kcacaccca.test" },
		{ LINE(TEN_KANJI TEN_KANJI TEN_KANJI TEN_KANJI TEN_KANJI
		    TEN_KANJI TEN_KANJI ".test"), NULL },
		{ LINE("\xef\xbc\xa0.test"), NULL },	/* becomes an "@" */
		{ LINE("\xff.test"), NULL },
		{ LINE("-" BUECHER), NULL },
		{ LINE(""), NULL },
		{ LINE("a\0b"), NULL },
	};
	char out[PATH_DOMAIN_MAX + 1];
	struct path p;

	for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
		struct line l = domains[i].in;
		int n = path_domain_ascii(l.p, l.len, out);

		test_int(l.p, n >= 0, domains[i].want != NULL);
		if (n < 0 || domains[i].want == NULL)
			continue;
		test_str(l.p, out, domains[i].want);
		test_int(l.p, n, (int)strlen(out));
	}
	test_int("path", path_parse_address("a@" BUECHER, 9, true, &p), PATH_OK);
	test_str("goes out as it came", p.text, "a@" BUECHER);
	test_str("compares as A-label", path_domain(&p), "xn--bcher-kva");
	test_int("no such domain", path_parse_address("a@\xef\xbc\xa0", 5,
	    true, &p), PATH_SYNTAX);
}

/* What follows is needed to know whether 8-bit bytes are welcome. */
static void
test_rest(void)
{
	struct path p;
	struct line rest;

	test_int("8-bit", path_parse(LINE("<\xc3\xa9@b> SMTPUTF8"),
	    PATH_REVERSE, false, &p, &rest), PATH_8BIT);
	test_mem("rest", rest.p, rest.len, "SMTPUTF8", 8);
	test_int("not UTF-8", path_parse(LINE("<\xc3@b>  X"), PATH_REVERSE,
	    true, &p, &rest), PATH_UTF8);
	test_mem("rest", rest.p, rest.len, "X", 1);
}

static void
test_helo(void)
{
	static const struct { struct line in; bool ok; } helos[] = {
		{ LINE("mx.example.org"), true },
		{ LINE("host"), true },
		{ LINE("a_b.example"), true },
		{ LINE("[192.0.2.1]"), true },
		{ LINE("[IPv6:2001:db8::1]"), true },
		{ LINE("[ipv6:2001:db8::1]"), true },
		{ LINE("192.0.2.1"), true },
		{ LINE(""), false },
		{ LINE("a b"), false },
		{ LINE("a."), false },
		{ LINE("."), false },
		{ LINE("<a>"), false },
		{ LINE("a\0b"), false },
		{ LINE("\xc3\xa9.example"), false },
		{ LINE("[192.0.2.1"), false },
		{ LINE("[IPv6:fe80::1%eth0]"), false },
		{ LINE(L63 "." L63 "." L63 "." L63), true },
		{ LINE(L63 "." L63 "." L63 "." L63 ".x"), false },
	};

	for (size_t i = 0; i < sizeof helos / sizeof *helos; i++)
		test_int(helos[i].in.p,
		    path_is_helo(helos[i].in.p, helos[i].in.len), helos[i].ok);
}

static void
test_xtext(void)
{
	char out[16];

	test_int("plain", path_xtext_decode("abc", 3, out, sizeof out), 3);
	test_str("plain", out, "abc");
	test_int("hex", path_xtext_decode("a+3Db+0A", 8, out, sizeof out), 4);
	test_str("hex", out, "a=b\n");
	test_int("short", path_xtext_decode("a+4", 3, out, sizeof out), -1);
	test_int("plus", path_xtext_decode("a+", 2, out, sizeof out), -1);
	test_int("lower", path_xtext_decode("+3d", 3, out, sizeof out), -1);
	test_int("NUL", path_xtext_decode("+00", 3, out, sizeof out), -1);
	test_int("space", path_xtext_decode("a b", 3, out, sizeof out), -1);
	test_int("equals", path_xtext_decode("a=b", 3, out, sizeof out), -1);
	test_int("8 bits", path_xtext_decode("\x80", 1, out, sizeof out), -1);
	test_int("fits", path_xtext_decode("123456789012345", 15, out, sizeof out), 15);
	test_int("full", path_xtext_decode("1234567890123456", 16, out, sizeof out), -1);
	test_int("encode", path_xtext_encode("a=b+\n", 5, out, sizeof out), 11);
	test_str("encode", out, "a+3Db+2B+0A");
	test_int("encode full", path_xtext_encode("======", 6, out, sizeof out), -1);
}

int
main(void)
{
	test_cases();
	test_canonical();
	test_cut();
	test_address();
	test_ascii();
	test_rest();
	test_helo();
	test_xtext();
	return test_done();
}
