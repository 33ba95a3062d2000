/* relay: whole hand-offs to a server that plays a part, good and bad. */
#include <sys/un.h>

#include "client.h"

#define LHLO "> 220 hub\n< LHLO us\n> 250-hub\n> 250 PIPELINING\n"

static const struct {
	const char *name;
	enum mode mode;
	unsigned rcpts;		/* b@, then c@ */
	const char *part, *want;
} cases[] = {
	{ "pipelined, checked", CHECK, 2,
	    PIPE MAIL B OK OK C OK DATA QUEUED "wait\n",
	    "250 2.1.5|250 2.1.5|250 2.0.0 id=4X" },
	{ "one by one, checked", CHECK, 2,
	    PLAIN MAIL OK B OK C OK DATA QUEUED "wait\n",
	    "250 2.1.5|250 2.1.5|250 2.0.0 id=4X" },
	{ "pipelined, at the end", HOOKS, 2,
	    PIPE MAIL B C "< DATA\n" OK OK OK "> 354 go\n<.\n" QUEUED "wait\n",
	    "250 2.0.0 id=4X" },
	{ "one by one, at the end", HOOKS, 2,
	    PLAIN MAIL OK B OK C OK DATA QUEUED "wait\n",
	    "250 2.0.0 id=4X" },
	{ "HELO", HOOKS, 1,
	    GREET "> 502 what?\n< HELO us\n" OK MAIL OK B OK DATA OK "wait\n",
	    "250 2.0.0" },
	{ "no enhanced code, other 2yz", CHECK, 1,
	    PLAIN MAIL OK B "> 251 will do\n" DATA "> 250\n" "wait\n",
	    "251 2.1.5|250 2.0.0" },

	{ "MAIL refused", CHECK, 1,
	    PLAIN MAIL "> 550 5.7.1 no\n" "wait\n", "550 5.7.1" },
	{ "MAIL refused, pipelined", CHECK, 2,
	    PIPE MAIL B "> 451 4.7.1 later\n> 503 what\n" "< RSET\n" MAIL C OK
	    OK OK DATA OK "wait\n", "451 4.7.1|250 2.1.5|250 2.0.0" },
	{ "RCPT refused", CHECK, 2,
	    PIPE MAIL B OK "> 550 5.1.1 who\n" C OK DATA OK "wait\n",
	    "550 5.1.1|250 2.1.5|250 2.0.0" },
	{ "RCPT refused for now", CHECK, 1,
	    PIPE MAIL B OK "> 450 no code\n" RSET "wait\n", "450 4.0.0" },
	{ "DATA refused", CHECK, 1,
	    PLAIN MAIL OK B OK "< DATA\n> 554 5.7.0 no\n" RSET "wait\n",
	    "250 2.1.5|554 5.7.0" },
	{ "content refused", CHECK, 1,
	    PLAIN MAIL OK B OK DATA "> 550 5.7.1 spam\n" "wait\n",
	    "250 2.1.5|550 5.7.1" },
	{ "content refused for all", CHECK, 2,
	    PLAIN MAIL OK B OK C OK DATA "> 550 5.7.1 spam\n" "wait\n",
	    "250 2.1.5 ok|250 2.1.5 ok|550 5.7.1 spam" },
	{ "content refused early", CHECK, 1,
	    PLAIN MAIL OK B OK "< DATA\n> 354 go\n> 552 5.3.4 big\n" "wait\n",
	    "250 2.1.5|552 5.3.4" },

	{ "some refused at the end, pipelined", HOOKS, 2,
	    PIPE MAIL B C "< DATA\n" OK OK "> 550 5.1.1 who\n> 354 go\n"
	    "gone\n",
	    "550 5.1.1 <c@two.test>: who" },
	{ "all refused at the end, pipelined", HOOKS, 2,
	    PIPE MAIL B C "< DATA\n" OK "> 550 5.1.1 x\n> 450 4.2.0 y\n"
	    "> 354 go\n<.\n< QUIT\n> 503 no\n" "wait\n",
	    "450 4.2.0 <b@two.test>: x/<c@two.test>: y" },
	{ "all refused, DATA as well", HOOKS, 1,
	    PIPE MAIL B "< DATA\n" OK "> 550 5.1.1 x\n> 503 no\n" RSET "wait\n",
	    "550 5.1.1 x" },
	{ "some refused, one by one", HOOKS, 2,
	    PLAIN MAIL OK B "> 550 5.1.1 x\n" C OK RSET "wait\n",
	    "550 5.1.1 <b@two.test>: x" },
	{ "MAIL refused at the end", HOOKS, 2,
	    PIPE MAIL B C "< DATA\n> 552 5.3.4 big\n> 503 a\n> 503 b\n> 503 c\n"
	    "wait\n", "552 5.3.4 big" },
	{ "MAIL refused, but nothing else", HOOKS, 1,
	    PIPE MAIL B "< DATA\n> 550 5.7.1 no\n" OK "> 354 go\ngone\n",
	    "550 5.7.1" },

	{ "banner refuses", CHECK, 1, "> 554 no\nwait\n", "451 4.4.1" },
	{ "EHLO and HELO refused", CHECK, 1,
	    GREET "> 550 a\n< HELO us\n> 550 b\nwait\n", "451 4.4.1" },
	{ "EHLO refused for now", CHECK, 1, GREET "> 451 a\nwait\n",
	    "451 4.4.1" },
	{ "end at connect", CHECK, 1, "end\n", "451 4.4.1" },
	{ "reset at connect", CHECK, 1, "rst\n", "451 4.4.1" },
	{ "end at banner", CHECK, 1, ">220-\nend\n", "451 4.4.1" },
	{ "end at EHLO", CHECK, 1, GREET "end\n", "451 4.4.1" },
	{ "end at MAIL", CHECK, 1, PLAIN MAIL "end\n", "451 4.4.2" },
	{ "end at RCPT", CHECK, 1, PLAIN MAIL OK B "end\n", "451 4.4.2" },
	{ "end at DATA", CHECK, 1, PLAIN MAIL OK B OK "< DATA\nend\n"
	    PLAIN MAIL OK B OK DATA OK "wait\n", "250 2.1.5|250 2.0.0" },
	{ "end at DATA, twice", CHECK, 1, PLAIN MAIL OK B OK "< DATA\nend\n"
	    PLAIN MAIL OK B OK "< DATA\nend\n", "250 2.1.5|451 4.4.2" },
	{ "reset in content", HOOKS, 1, PLAIN MAIL OK B OK "< DATA\n> 354 go\n"
	    "rst\n", "451 4.4.2 ?" },
	{ "end at the final dot", HOOKS, 1, PLAIN MAIL OK B OK DATA "end\n",
	    "451 4.4.2 ?" },
	{ "421 at MAIL", HOOKS, 1, PLAIN MAIL "> 421 bye\nwait\n",
	    "451 4.4.2" },
	{ "421 at the final dot", HOOKS, 1, PLAIN MAIL OK B OK DATA
	    "> 421 bye\nwait\n", "451 4.4.2 ?" },
	{ "stall at banner", CHECK, 1, "wait\n", "451 4.4.1" },
	{ "stall at EHLO", CHECK, 1, GREET "wait\n", "451 4.4.1" },
	{ "stall at MAIL", CHECK, 1, PLAIN MAIL "wait\n", "451 4.4.2" },
	{ "stall at RCPT", CHECK, 1, PLAIN MAIL OK B "wait\n", "451 4.4.2" },
	{ "stall at DATA", HOOKS, 1, PLAIN MAIL OK B OK "< DATA\nwait\n",
	    "451 4.4.2" },
	{ "stall at the final dot", HOOKS, 1, PLAIN MAIL OK B OK DATA "wait\n",
	    "451 4.4.2 ?" },

	{ "no code", CHECK, 1, PLAIN MAIL "> hello\nwait\n", "451 4.4.2" },
	{ "000", CHECK, 1, PLAIN MAIL "> 000 hello\nwait\n", "451 4.4.2" },
	{ "mixed codes", CHECK, 1, PLAIN MAIL "> 250-a\n> 550 b\nwait\n",
	    "451 4.4.2" },
	{ "3yz to MAIL", CHECK, 1, PLAIN MAIL "> 354 a\nwait\n", "451 4.4.2" },
	{ "3yz to RCPT", CHECK, 1, PLAIN MAIL OK B "> 354 a\nwait\n",
	    "451 4.4.2" },
	{ "250 to DATA", HOOKS, 1, PLAIN MAIL OK B OK "< DATA\n> 250 a\nwait\n",
	    "451 4.4.2" },
	{ "354 to the final dot", HOOKS, 1, PLAIN MAIL OK B OK DATA
	    "> 354 a\nwait\n", "451 4.4.2 ?" },
	{ "stall in an endless reply", CHECK, 1, PLAIN MAIL
	    "> 250-0123456789012345678901234567890123456789\n"
	    "> 250-1\n> 250-2\n> 250-3\n> 250-4\nwait\n", "451 4.4.2" },
	{ "a reply too many, early", CHECK, 1, PIPE MAIL B OK OK OK
	    "wait\nend\n" PIPE MAIL B OK OK DATA OK "wait\n",
	    "250 2.1.5|250 2.0.0" },
	{ "a reply too many, pipelined", HOOKS, 1,
	    PIPE MAIL B "< DATA\n" OK OK OK "> 354 go\nwait\n", "451 4.4.2" },
	{ "LMTP, checked", CHECK, 2,
	    LHLO MAIL B OK OK C OK DATA OK QUEUED "wait\n",
	    "250 2.1.5|250 2.1.5|250 2.0.0 id=4X" },
	{ "LMTP, at the end", HOOKS, 2,
	    LHLO MAIL B C "< DATA\n" OK OK OK "> 354 go\n<.\n" OK OK "wait\n",
	    "250 2.0.0" },
	{ "LMTP, one refused after the dot", CHECK, 2,
	    LHLO MAIL B OK OK C OK DATA OK "> 552 5.2.2 full\n" "wait\n",
	    "250 2.1.5 ok|250 2.1.5 ok|552 5.2.2 <c@two.test>: full" },
	{ "LMTP, one for now", CHECK, 2,
	    LHLO MAIL B OK OK C OK DATA "> 552 5.2.2 full\n> 452 4.2.2 y\n"
	    "wait\n", "250 2.1.5 ok|250 2.1.5 ok|"
	    "452 4.2.2 <b@two.test>: full/<c@two.test>: y" },
	{ "LMTP, one answer missing", CHECK, 2,
	    LHLO MAIL B OK OK C OK DATA OK "end\n",
	    "250 2.1.5|250 2.1.5|451 4.4.2 ?" },
	{ "LMTP, single, refused after the dot", CHECK, 1,
	    LHLO MAIL B OK OK DATA "> 550 5.7.1 spam\n" "wait\n",
	    "250 2.1.5|550 5.7.1" },
	{ "LMTP, greeting refused", CHECK, 1,
	    "> 220 hub\n< LHLO us\n> 500 what?\nwait\n", "451 4.4.1" },
	{ "8-bit, control bytes and a bare LF", CHECK, 1, PLAIN MAIL
	    ">550 5.7.1 n\001\351!\v\nwait\n", "550 5.7.1 n?\351!" },
};

static void
open_route(struct arena *arena, const char *url, struct route *out)
{
	struct nexthop *hop = arena_alloc(arena, sizeof *hop);
	const char *error;

	test_int(url, nexthop_parse(url, NULL, arena, hop, &error), 0);
	*out = (struct route){ "hub", hop, 1 };
}

/* BODY= and SIZE= only as far as offered; 8-bit content is never stripped. */
static void
test_params(struct arena *arena)
{
	static const struct {
		const char *name, *part, *content, *want;
	} params[] = {
		{ "offered", PIPE
		    "< MAIL FROM:<a@one.test> SIZE=5 BODY=8BITMIME\n"
		    B "< DATA\n" OK OK "> 354 go\n<.\n" OK "wait\n",
		    "\r\n\351\r\n", "250 2.0.0" },
		{ "not offered, not needed", PLAIN "< MAIL FROM:<a@one.test>\n"
		    OK B OK DATA OK "wait\n", "\r\nx\r\n", "250 2.0.0" },
		{ "not offered", PLAIN "wait\n", "\r\n\351\r\n",
		    "554 5.6.3" },
	};
	unsigned short port;
	int listener = script_listen(&port);
	struct script script;
	struct route route;
	struct txn txn;
	char url[64];
	size_t i;

	sprintf(url, "smtp://127.0.0.1:%u", port);
	open_route(arena, url, &route);
	brief = true;
	for (i = 0; i < sizeof params / sizeof params[0]; i++) {
		script_start(&script, listener, params[i].part);
		make_txn(&txn, params[i].content);
		txn.sender.eight_bit = true;
		hand_off(&txn, &route, HOOKS, 1);
		test_str(params[i].name, got, params[i].want);
		txn_clear(&txn);
		free_relays();
		make_relays();
		script_end(&script);
		test_str(params[i].name, script.error, "");
	}
	close(listener);
}

static void
take_final(const struct txn_rcpt *r, char *to)
{
	sprintf(to, "%d", r->final ? r->final->code : 0);
}

/* LMTP: each recipient has its own answer after the dot. */
static void
test_final(struct arena *arena)
{
	static const struct { const char *name, *part, *b, *c; } finals[] = {
		{ "two of them", "> 250 ok\n> 552 5.2.2 full\nwait\n",
		    "250", "552" },
		{ "one is missing", "> 250 ok\nend\n", "250", "0" },
	};
	unsigned short port;
	int listener = script_listen(&port);
	struct script script;
	struct route route;
	struct txn txn;
	char url[64], part[1000], text[8];
	size_t i;

	sprintf(url, "lmtp://127.0.0.1:%u", port);
	open_route(arena, url, &route);
	brief = true;
	for (i = 0; i < sizeof finals / sizeof finals[0]; i++) {
		sprintf(part, "%s%s", LHLO MAIL B OK OK C OK DATA,
		    finals[i].part);
		script_start(&script, listener, part);
		make_txn(&txn, content);
		hand_off(&txn, &route, CHECK, 2);
		take_final(txn.rcpts, text);
		test_str(finals[i].name, text, finals[i].b);
		take_final(txn.rcpts->next, text);
		test_str(finals[i].name, text, finals[i].c);
		txn_clear(&txn);
		free_relays();
		make_relays();
		script_end(&script);
		test_str(finals[i].name, script.error, "");
	}
	close(listener);
}

/* RCPTMAX (RFC 9422): one too many is for another time. */
static void
test_rcpt_max(struct arena *arena)
{
	static const struct {
		const char *name, *part, *want;
		enum mode mode;
	} parts[] = {
		{ "one by one", MAIL OK B OK DATA OK "wait\n",
		    "250 2.1.5|452 4.5.3|250 2.0.0", CHECK },
		{ "at the end", "< QUIT\n", "452 4.5.3", HOOKS },
	};
	unsigned short port;
	int listener = script_listen(&port);
	struct script script;
	struct route route;
	struct txn txn;
	char url[64], part[1000];
	size_t i;

	sprintf(url, "smtp://127.0.0.1:%u", port);
	open_route(arena, url, &route);
	brief = true;
	for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		sprintf(part, "%s%s", GREET "> 250-hub\n"
		    "> 250 LIMITS RCPTMAX=1\n", parts[i].part);
		script_start(&script, listener, part);
		make_txn(&txn, content);
		hand_off(&txn, &route, parts[i].mode, 2);
		test_str(parts[i].name, got, parts[i].want);
		txn_clear(&txn);
		free_relays();
		make_relays();
		script_end(&script);
		test_str(parts[i].name, script.error, "");
	}
	close(listener);
}

/* More than any buffer takes: it flows as it is read. */
static void
test_large(struct arena *arena)
{
	enum { LINES = 40000 };
	static const char line[] = "0123456789012345678901234567890123456789"
	    "012345678901234567890123456789\r\n";
	unsigned short port;
	int listener = script_listen(&port), i;
	struct script script;
	struct route route;
	struct txn txn;
	char url[64];

	sprintf(url, "smtp://127.0.0.1:%u", port);
	open_route(arena, url, &route);
	script_start(&script, listener, PLAIN MAIL OK B OK DATA OK "wait\n");
	make_txn(&txn, "");
	message_free(txn.message);
	txn.message = new_message();
	message_append(txn.message, "\r\n", 2);
	for (i = 0; i < LINES; i++)
		message_append(txn.message, line, sizeof line - 1);
	message_end(txn.message);
	hand_off(&txn, &route, HOOKS, 1);
	test_str("large", got, "250 2.0.0");
	txn_clear(&txn);
	free_relays();
	make_relays();
	script_end(&script);
	test_str("large", script.error, "");
	test_int("every octet", (long long)script.received,
	    2 + LINES * (sizeof line - 1) + 3);
	close(listener);
}

/* Over a UNIX socket; and a host that no resolver knows. */
static void
test_dial(struct arena *arena)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct script script;
	struct route route;
	struct txn txn;
	char url[160];

	snprintf(un.sun_path, sizeof un.sun_path, "/tmp/lunette-relay-%d",
	    (int)getpid());
	sprintf(url, "lmtp+unix:%s", un.sun_path);
	test_int("bind", bind(listener, (struct sockaddr *)&un, sizeof un), 0);
	listen(listener, 1);
	open_route(arena, url, &route);
	script_start(&script, listener, LHLO MAIL B OK OK DATA OK "wait\n");
	make_txn(&txn, content);
	hand_off(&txn, &route, CHECK, 1);
	test_str("UNIX socket", got, "250 2.1.5|250 2.0.0");
	txn_clear(&txn);
	free_relays();
	make_relays();
	script_end(&script);
	test_str("UNIX socket", script.error, "");
	close(listener);
	unlink(un.sun_path);

	open_route(arena, "smtp://nowhere.test", &route);
	make_txn(&txn, content);
	hand_off(&txn, &route, CHECK, 1);
	test_str("unknown host", got, "451 4.4.1");
	txn_clear(&txn);
}

static void
test_discard(struct arena *arena)
{
	struct route route;
	struct txn txn;

	open_route(arena, "discard:", &route);
	make_txn(&txn, content);
	hand_off(&txn, &route, CHECK, 2);
	test_str("discard", got, "250 2.1.5|250 2.1.5|250 2.0.0");
	test_ok("cannot check", !relay_can_check(txn.handoff));
	txn_clear(&txn);
}

/* One case; seconds: how long a stall may be.  False if it went otherwise. */
static bool
play(struct arena *arena, size_t i, double seconds)
{
	bool lmtp = strstr(cases[i].part, "LHLO") != NULL;
	unsigned short port;
	int listener = script_listen(&port);
	struct script script;
	struct route route;
	struct txn txn;
	char url[64];

	sprintf(url, "%cmtp://127.0.0.1:%u", lmtp ? 'l' : 's', port);
	open_route(arena, url, &route);
	brief = !strpbrk(cases[i].want, ":!") &&
	    strspn(cases[i].want, "0123456789. ?|id=X") ==
	    strlen(cases[i].want);
	timeouts.connect = timeouts.command = timeouts.data = seconds;
	script_start(&script, listener, cases[i].part);
	make_txn(&txn, content);
	hand_off(&txn, &route, cases[i].mode, cases[i].rcpts);
	txn_clear(&txn);
	settle();
	free_relays();
	make_relays();
	shutdown(listener, SHUT_RDWR);
	script_end(&script);
	close(listener);
	if (strcmp(got, cases[i].want) != 0 || *script.error)
		return false;
	return !strstr(got, "250 2.0.0") || strcmp(script.content, wire) == 0;
}

/* On a busy machine a server may seem to stall that does not: give it more
 * time, and see whether it still fails. */
static void
test_parts(struct arena *arena)
{
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bool stall = strncmp(cases[i].name, "stall", 5) == 0;
		double seconds = stall ? 0.1 : 30;
		bool good;

		while (!(good = play(arena, i, seconds)) && stall &&
		    seconds < 10)
			seconds *= 4;
		if (!good)
			test_str(cases[i].name, got, cases[i].want);
		test_ok(cases[i].name, good);
	}
	timeouts.connect = timeouts.command = timeouts.data = 30;
}

int
main(void)
{
	struct arena *arena = arena_new();

	client_begin();
	test_parts(arena);
	test_params(arena);
	test_final(arena);
	test_rcpt_max(arena);
	test_large(arena);
	test_dial(arena);
	test_discard(arena);
	client_end();
	arena_free(arena);
	return test_done();
}
