#include "test.h"

#include "command.h"

#define LINE(text) (struct line){ text, sizeof text - 1 }

static const struct {
	struct line in;
	enum command_status status;
	enum command_verb verb;
	const char *name, *arg;
} lines[] = {
	{ LINE("QUIT"), COMMAND_OK, COMMAND_QUIT, "QUIT", "" },
	{ LINE("quit"), COMMAND_OK, COMMAND_QUIT, "quit", "" },
	{ LINE("qUiT  "), COMMAND_OK, COMMAND_QUIT, "qUiT", "" },
	{ LINE("EHLO a.example"), COMMAND_OK, COMMAND_EHLO, "EHLO", "a.example" },
	{ LINE("EHLO   a  b  "), COMMAND_OK, COMMAND_EHLO, "EHLO", "a  b" },
	{ LINE("MAIL FROM:<a@b> SIZE=1"), COMMAND_OK, COMMAND_MAIL, "MAIL",
	    "FROM:<a@b> SIZE=1" },
	{ LINE("MAIL FROM:<\xc3\xa9@b>"), COMMAND_OK, COMMAND_MAIL, "MAIL",
	    "FROM:<\xc3\xa9@b>" },
	{ LINE("MAILFROM:<a@b>"), COMMAND_OK, COMMAND_UNKNOWN, "MAILFROM:<a@b>", "" },
	{ LINE("QUITS"), COMMAND_OK, COMMAND_UNKNOWN, "QUITS", "" },
	{ LINE("QUI"), COMMAND_OK, COMMAND_UNKNOWN, "QUI", "" },
	{ LINE("?"), COMMAND_OK, COMMAND_UNKNOWN, "?", "" },
	{ LINE("X-WHAT ever"), COMMAND_OK, COMMAND_UNKNOWN, "X-WHAT", "ever" },
	{ LINE("STARTTLS"), COMMAND_OK, COMMAND_STARTTLS, "STARTTLS", "" },
	{ LINE(""), COMMAND_BAD, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE(" "), COMMAND_BAD, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE(" QUIT"), COMMAND_BAD, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("\tQUIT"), COMMAND_BAD, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("QUIT \t "), COMMAND_OK, COMMAND_QUIT, "QUIT", "" },
	{ LINE("QU\tIT"), COMMAND_BAD, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("QUIT\0"), COMMAND_BAD, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("RCPT TO:<a@b\0c>"), COMMAND_BAD, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("NOOP \x7f"), COMMAND_BAD, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("Q\xfcIT"), COMMAND_BAD, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("GET / HTTP/1.1"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("get /"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("POST /x HTTP/1.0"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("CONNECT a:25 HTTP/1.0"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("PRI * HTTP/2.0"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("OPTIONS rtsp://x RTSP/1.0"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("PROXY TCP4 x"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("PROXY UNKNOWN"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("\r\n\r\n\0\r\nQUIT\n\x21"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL,
	    NULL },
	{ LINE("SSH-2.0-x"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("\x16\x03\x01\x02"), COMMAND_NOISE, COMMAND_UNKNOWN, NULL, NULL },
	{ LINE("GETS"), COMMAND_OK, COMMAND_UNKNOWN, "GETS", "" },
};

static void
test_lines(void)
{
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct command c;

		test_int(lines[i].in.p, command_parse(lines[i].in, &c),
		    lines[i].status);
		if (lines[i].status != COMMAND_OK)
			continue;
		test_int(lines[i].in.p, c.verb, lines[i].verb);
		test_mem("name", c.name.p, c.name.len, lines[i].name,
		    strlen(lines[i].name));
		test_mem("arg", c.arg.p, c.arg.len, lines[i].arg,
		    strlen(lines[i].arg));
	}
}

/* Every prefix of every line parses to something, and within its bounds (the
 * copy is exact, for the address sanitizer to see). */
static void
test_cut(void)
{
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		for (size_t n = 0; n <= lines[i].in.len; n++) {
			char *copy = malloc(n + (n == 0));
			struct line l = { copy, n };
			struct command_params params;
			struct command c;

			memcpy(copy, lines[i].in.p, n);
			test_ok("a status", command_parse(l, &c) <= COMMAND_NOISE);
			command_params_parse(l, false, &params);
			free(copy);
		}
}

static void
test_verbs(void)
{
	for (int v = 0; v < COMMAND_UNKNOWN; v++) {
		const char *name = command_verb_name((enum command_verb)v);
		struct line l = { name, strlen(name) };
		struct command c;

		test_int(name, command_parse(l, &c), COMMAND_OK);
		test_int(name, (long long)c.verb, v);
	}
	test_str("unknown", command_verb_name(COMMAND_UNKNOWN), "?");
}

static const struct {
	struct line in;
	int count;		/* -1: bad */
} params[] = {
	{ LINE(""), 0 },
	{ LINE("SIZE=1"), 1 },
	{ LINE("size=1 Body=8BITMIME"), 2 },
	{ LINE("SIZE=1   BODY=7BIT  "), 2 },
	{ LINE("SMTPUTF8"), 1 },
	{ LINE("X-A-1=!\"#$%&'()*+,-./:;<>?@[]^_`{|}~"), 1 },
	{ LINE("1A=1"), 1 },
	{ LINE("SIZE="), -1 },
	{ LINE("="), -1 },
	{ LINE("=1"), -1 },
	{ LINE("SIZE=1=2"), -1 },
	{ LINE("SIZE=1 SIZE=2"), -1 },
	{ LINE("SIZE=1 size=2"), -1 },
	{ LINE("-A=1"), -1 },
	{ LINE("A_B=1"), -1 },
	{ LINE("A=\x80"), -1 },
	{ LINE("\xc3=1"), -1 },
	{ LINE("A=\0"), -1 },
	{ LINE("A\0=1"), -1 },
	{ LINE("A=1\t"), -1 },
	{ LINE("<>"), -1 },
};

static void
test_params(void)
{
	struct command_params p;

	for (size_t i = 0; i < sizeof params / sizeof *params; i++) {
		int bad = command_params_parse(params[i].in, false, &p);

		test_int(params[i].in.p, bad ? -1 : (int)p.count,
		    params[i].count);
	}
	command_params_parse(LINE("SIZE=10 SMTPUTF8"), false, &p);
	test_ok("found", command_param(&p, "SIZE") == &p.item[0]);
	test_mem("value", p.item[0].value.p, p.item[0].value.len, "10", 2);
	test_ok("no value", command_param(&p, "SMTPUTF8")->value.p == NULL);
	test_ok("not found", command_param(&p, "SIZ") == NULL);
}

static void
test_utf8_params(void)
{
	struct command_params p;

	test_int("a value", command_params_parse(LINE("A=\xc3\xa9 B"), true,
	    &p), 0);
	test_int("both", (int)p.count, 2);
	test_int("not UTF-8", command_params_parse(LINE("A=\xc3"), true, &p), -1);
	test_int("cut", command_params_parse(LINE("A=\xc3 B=\xa9"), true, &p), -1);
	test_int("a key", command_params_parse(LINE("\xc3\xa9=1"), true, &p), -1);
}

static void
test_too_many(void)
{
	char text[COMMAND_PARAMS_MAX * 8 + 8] = "";
	struct command_params p;
	struct line l = { text, 0 };

	for (int i = 0; i <= COMMAND_PARAMS_MAX; i++) {
		l.len = strlen(text);
		test_int("up to the limit", command_params_parse(l, false, &p), 0);
		sprintf(text + l.len, "K%d ", i);
	}
	l.len = strlen(text);
	test_int("one too many", command_params_parse(l, false, &p), -1);
}

static void
test_number(void)
{
	unsigned long long n = 7;

	test_int("0", command_number(LINE("0"), &n), 0);
	test_int("0", (long long)n, 0);
	test_int("max", command_number(LINE("18446744073709551615"), &n), 0);
	test_ok("max", n == 18446744073709551615ULL);
	test_int("over", command_number(LINE("18446744073709551616"), &n), -1);
	test_int("99", command_number(LINE("99999999999999999999"), &n), -1);
	test_int("21", command_number(LINE("000000000000000000001"), &n), -1);
	test_int("empty", command_number(LINE(""), &n), -1);
	test_int("sign", command_number(LINE("-1"), &n), -1);
	test_int("plus", command_number(LINE("+1"), &n), -1);
	test_int("space", command_number(LINE(" 1"), &n), -1);
	test_int("hex", command_number(LINE("0x1"), &n), -1);
	test_int("NUL", command_number(LINE("1\0"), &n), -1);
}

int
main(void)
{
	test_lines();
	test_cut();
	test_verbs();
	test_params();
	test_utf8_params();
	test_too_many();
	test_number();
	return test_done();
}
