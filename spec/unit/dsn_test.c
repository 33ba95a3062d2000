#include "test.h"

#include "dsn.h"

#define LINE(text) (struct line){ text, sizeof text - 1 }
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X250 X50 X50 X50 X50 X50

static bool
is_orcpt(struct line l)
{
	return dsn_is_orcpt(l, false);
}

static bool
is_orcpt_utf8(struct line l)
{
	return dsn_is_orcpt(l, true);
}

static const struct {
	bool (*is)(struct line);
	struct line in;
	bool ok;
} cases[] = {
	{ dsn_is_ret, LINE("FULL"), true },
	{ dsn_is_ret, LINE("hdrs"), true },
	{ dsn_is_ret, LINE("HDRS,FULL"), false },
	{ dsn_is_ret, LINE("BODY"), false },
	{ dsn_is_ret, LINE(""), false },
	{ dsn_is_envid, LINE("QQ314159"), true },
	{ dsn_is_envid, LINE("a+20b+2Bc"), true },
	{ dsn_is_envid, LINE(X50 X50), true },
	{ dsn_is_envid, LINE(X50 X50 "x"), false },
	{ dsn_is_envid, LINE(""), false },
	{ dsn_is_envid, LINE("a+0A"), false },
	{ dsn_is_envid, LINE("a+2"), false },
	{ dsn_is_envid, LINE("a+"), false },
	{ dsn_is_envid, LINE("a+2b"), false },
	{ dsn_is_envid, LINE("a+00"), false },
	{ dsn_is_envid, LINE("a+C3+A9"), false },
	{ dsn_is_envid, LINE("a=b"), false },
	{ dsn_is_envid, LINE("\xc3\xa9"), false },
	{ dsn_is_notify, LINE("NEVER"), true },
	{ dsn_is_notify, LINE("success,Failure,DELAY"), true },
	{ dsn_is_notify, LINE("DELAY"), true },
	{ dsn_is_notify, LINE("NEVER,FAILURE"), false },
	{ dsn_is_notify, LINE("FAILURE,NEVER"), false },
	{ dsn_is_notify, LINE("FAILURE,FAILURE"), false },
	{ dsn_is_notify, LINE("FAILURE,"), false },
	{ dsn_is_notify, LINE(",FAILURE"), false },
	{ dsn_is_notify, LINE("FAILURE DELAY"), false },
	{ dsn_is_notify, LINE("ALWAYS"), false },
	{ dsn_is_notify, LINE(""), false },
	{ is_orcpt, LINE("rfc822;Bob@example.com"), true },
	{ is_orcpt, LINE("RFC822;a+2Bb@example.com"), true },
	{ is_orcpt, LINE("x-local;anything"), true },
	{ is_orcpt, LINE("x-lo-cal;" X250 X50 X50 X50 X50
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), true },
	{ is_orcpt, LINE("rfc822;" X250 X250), false },
	{ is_orcpt, LINE("rfc822;"), false },
	{ is_orcpt, LINE(";a@b"), false },
	{ is_orcpt, LINE("rfc822"), false },
	{ is_orcpt, LINE("rfc(822);a@b"), false },
	{ is_orcpt, LINE("rfc822;a+0D+0Ab"), false },
	{ is_orcpt, LINE("rfc822;a=b"), false },
	{ is_orcpt, LINE("rfc822;\xc3\xa9@b"), false },
	{ is_orcpt_utf8, LINE("rfc822;\xc3\xa9@b"), false },
	{ is_orcpt, LINE("rfc822;+C3+A9@b"), false },
	{ is_orcpt_utf8, LINE("rfc822;+C3+A9@b"), true },
	{ is_orcpt_utf8, LINE("rfc822;+C3@b"), false },
	{ is_orcpt_utf8, LINE("rfc822;+0A@b"), false },
	{ is_orcpt_utf8, LINE("rfc822;+7F@b"), false },
	{ is_orcpt_utf8, LINE("rfc822;+C3+A@b"), false },
	{ is_orcpt, LINE("utf-8;a@b"), true },
	{ is_orcpt, LINE("UTF-8;\\x{E9}@b"), true },
	{ is_orcpt, LINE("utf-8;a\\x{5C}\\x{2B}\\x{3D}\\x{20}@b"), true },
	{ is_orcpt, LINE("utf-8;\\x{1F319}@b"), true },
	{ is_orcpt, LINE("utf-8;\\x{10FFFF}@b"), true },
	{ is_orcpt, LINE("utf-8;\\x{110000}@b"), false },
	{ is_orcpt, LINE("utf-8;\\x{D800}@b"), false },
	{ is_orcpt, LINE("utf-8;\\x{0A}@b"), false },
	{ is_orcpt, LINE("utf-8;\\x{41}@b"), false },
	{ is_orcpt, LINE("utf-8;\\x{0E9}@b"), false },
	{ is_orcpt, LINE("utf-8;\\x{e9}@b"), false },
	{ is_orcpt, LINE("utf-8;\\x{E9"), false },
	{ is_orcpt, LINE("utf-8;\\x{}@b"), false },
	{ is_orcpt, LINE("utf-8;\\x{0000000000E9}@b"), false },
	{ is_orcpt, LINE("utf-8;a\\b"), false },
	{ is_orcpt, LINE("utf-8;a+2Bb"), false },
	{ is_orcpt, LINE("utf-8;\xc3\xa9@b"), false },
	{ is_orcpt_utf8, LINE("utf-8;\xc3\xa9@b"), true },
	{ is_orcpt_utf8, LINE("utf-8;\xc3\xa9\\x{E9}@b"), true },
	{ is_orcpt_utf8, LINE("utf-8;\xc3@b"), false },
};

/* In a block of just that length, where a step too far is found out. */
static void
check(size_t i, size_t len)
{
	char *copy = malloc(len + (len == 0));
	struct line l = { copy, len };
	bool ok;

	memcpy(copy, cases[i].in.p, len);
	ok = cases[i].is(l);
	if (len == cases[i].in.len)
		test_int(cases[i].in.p, ok, cases[i].ok);
	free(copy);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t len = 0; len <= cases[i].in.len; len++)
			check(i, len);
	return test_done();
}
