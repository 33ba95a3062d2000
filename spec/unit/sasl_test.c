/* sasl: dialogues of AUTH, each line cut at every length. */
#include "sasl.h"

#include "test.h"

/* Each case is a mechanism, then the client's lines apart by "|"; "-" for no
 * initial response.  The result: challenges, then how it ended. */
static const struct {
	const char *name, *mechanism, *say, *want;
} cases[] = {
	{ "plain", "PLAIN", "AHVzZXIAcGFzcw==", "user=user password=pass" },
	{ "plain, asked for", "PLAIN", "-|AHVzZXIAcGFzcw==",
	    "() user=user password=pass" },
	{ "plain with authzid", "PLAIN", "aWQAdXNlcgBwYXNz",
	    "user=user password=pass authzid=id" },
	{ "case of the name", "pLaIn", "AHVzZXIAcGFzcw==",
	    "user=user password=pass" },
	{ "login", "LOGIN", "-|dXNlcg==|cGFzcw==",
	    "(VXNlcm5hbWU6) (UGFzc3dvcmQ6) user=user password=pass" },
	{ "login, user at once", "LOGIN", "dXNlcg==|cGFzcw==",
	    "(UGFzc3dvcmQ6) user=user password=pass" },
	{ "external", "EXTERNAL", "=", "user= " },
	{ "external, asked for", "EXTERNAL", "-|", "() user= " },
	{ "external with authzid", "EXTERNAL", "aWQ=", "user= authzid=id" },

	{ "cancelled", "PLAIN", "-|*", "() cancelled" },
	{ "cancelled at the password", "LOGIN", "dXNlcg==|*",
	    "(UGFzc3dvcmQ6) cancelled" },
	{ "a star is no initial response", "PLAIN", "*", "bad" },
	{ "an = that says nothing", "PLAIN", "=", "bad" },
	{ "nor here", "LOGIN", "=", "bad" },
	{ "an = as a response", "EXTERNAL", "-|=", "() bad" },
	{ "no base64", "PLAIN", "A$VzZXIAcGFzcw==", "bad" },
	{ "a space", "PLAIN", "AHVz ZXIAcGFzcw==", "bad" },
	{ "8-bit", "PLAIN", "AHVz\xc3\xa9IAcGFzcw==", "bad" },
	{ "padding is missing", "PLAIN", "AHVzZXIAcGFzcw", "bad" },
	{ "half of the padding", "PLAIN", "AHVzZXIAcGFzcw=", "bad" },
	{ "padding in the middle", "PLAIN", "AHVz=XIAcGFzcw==", "bad" },
	{ "more behind the padding", "PLAIN", "AHVzZXIAcGFzcw==AAAA", "bad" },
	{ "padding alone", "PLAIN", "====", "bad" },
	{ "three times padding", "PLAIN", "A===", "bad" },
	{ "bits left over", "PLAIN", "AHVzZXIAcGFzcx==", "bad" },
	{ "bits left over in two", "EXTERNAL", "aWR=", "bad" },

	{ "no NUL", "PLAIN", "dXNlcg==", "refused" },
	{ "one NUL", "PLAIN", "AHVzZXI=", "refused" },
	{ "three NULs", "PLAIN", "AHVzZXIAcGEAc3M=", "refused" },
	{ "empty user", "PLAIN", "AABwYXNz", "refused" },
	{ "empty password", "PLAIN", "AHVzZXIA", "refused" },
	{ "nothing but NULs", "PLAIN", "AAAA", "refused" },
	{ "empty", "PLAIN", "-|", "() refused" },
	{ "empty user of login", "LOGIN", "-|", "(VXNlcm5hbWU6) refused" },
	{ "empty password of login", "LOGIN", "dXNlcg==|",
	    "(UGFzc3dvcmQ6) refused" },
	{ "NUL in the user of login", "LOGIN", "dXMAZXI=", "refused" },
	{ "NUL in an authzid", "EXTERNAL", "aQBk", "refused" },
};

static enum sasl_status
converse(struct sasl *s, const char *mechanism, const char *say, char *out)
{
	enum sasl_mechanism m;
	enum sasl_status status;
	struct line name = { mechanism, strlen(mechanism) }, line;
	bool first = true;

	out[0] = '\0';
	if (sasl_parse_name(name, &m) != 0) {
		strcpy(out, "unknown");
		return SASL_BAD;
	}
	do {
		line.p = say;
		line.len = strcspn(say, "|");
		say += line.len + (say[line.len] == '|');
		if (first && line_is(line, "-"))
			line.p = NULL;
		status = first ? sasl_start(s, m, line) : sasl_step(s, line);
		first = false;
		if (status == SASL_CHALLENGE)
			sprintf(out + strlen(out), "(%s) ", s->challenge);
	} while (status == SASL_CHALLENGE && (*say != '\0' || say[-1] == '|'));
	return status;
}

static const char *
show(const char *mechanism, const char *say)
{
	static const char *const end[] = {
		[SASL_CHALLENGE] = "open", [SASL_DONE] = "",
		[SASL_CANCELLED] = "cancelled", [SASL_BAD] = "bad",
		[SASL_REFUSED] = "refused",
	};
	static char out[4096];
	struct sasl s;
	enum sasl_status status = converse(&s, mechanism, say, out);

	strcat(out, end[status]);
	if (status == SASL_DONE)
		sprintf(out + strlen(out), "user=%s %s%s%s%s", s.user,
		    s.has_password ? "password=" : "", s.password,
		    s.has_password && s.has_authzid ? " authzid=" :
		    s.has_authzid ? "authzid=" : "", s.authzid);
	sasl_clear(&s);
	return out;
}

static void
dialogues(void)
{
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		test_str(cases[i].name, show(cases[i].mechanism, cases[i].say),
		    cases[i].want);
	test_str("no such mechanism", show("CRAM-MD5", "-"), "unknownbad");
	test_str("its beginning", show("PLAI", "-"), "unknownbad");
	test_str("more than it", show("PLAIN2", "-"), "unknownbad");
	test_str("no name", show("", "-"), "unknownbad");
}

static void
cut(void)
{
	static const char whole[] = "aWQAdXNlcgBwYXNz";
	struct sasl s;
	size_t n;

	for (n = 0; n < sizeof whole - 1; n++) {
		struct line line = { whole, n };
		enum sasl_status status = sasl_start(&s, SASL_PLAIN, line);

		/* "id NUL user NUL p" is whole: no one can tell */
		test_int("cut", status, n % 4 != 0 ? SASL_BAD :
		    n == 12 ? SASL_DONE : SASL_REFUSED);
		sasl_clear(&s);
	}
}

/* Base64 of n times "a". */
static size_t
many(char *out, size_t n)
{
	size_t i;

	for (i = 0; i < n / 3; i++)
		memcpy(out + i * 4, "YWFh", 4);
	return i * 4;
}

static void
sizes(void)
{
	static char text[4 * SASL_LINE_MAX];
	struct sasl s;
	struct line line = { text, 0 };

	line.len = many(text, 1023);
	test_int("as long as it may be", sasl_start(&s, SASL_LOGIN, line),
	    SASL_CHALLENGE);
	test_int("kept whole", (long long)strlen(s.user), 1023);
	line.len = many(text, 1026);
	test_int("longer", sasl_step(&s, line), SASL_REFUSED);
	sasl_clear(&s);
	line.len = many(text, SASL_LINE_MAX / 4 * 3);
	test_int("a whole line", sasl_start(&s, SASL_LOGIN, line),
	    SASL_REFUSED);
	line.len = many(text, SASL_LINE_MAX * 2);
	test_int("more than a line", sasl_start(&s, SASL_LOGIN, line),
	    SASL_BAD);
	memcpy(text, "AHUA", 4);
	line.len = 4 + many(text + 4, 9000);
	test_int("a password of 9000", sasl_start(&s, SASL_PLAIN, line),
	    SASL_REFUSED);
	sasl_clear(&s);
}

static void
wiped(void)
{
	static const struct sasl zero;
	static struct sasl s;
	struct line line = { "AHVzZXIAcGFzcw==", 16 };

	sasl_start(&s, SASL_PLAIN, line);
	sasl_clear(&s);
	test_mem("nothing is left", &s, sizeof s, &zero, sizeof zero);
}

int
main(void)
{
	dialogues();
	cut();
	sizes();
	wiped();
	return test_done();
}
