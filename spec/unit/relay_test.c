/* relay: whole hand-offs to a server that plays a part, good and bad. */
#include <signal.h>
#include <unistd.h>

#include <ev.h>

#include "dns.h"
#include "linger.h"
#include "log.h"
#include "mem.h"
#include "message.h"
#include "nexthop.h"
#include "offload.h"
#include "relay.h"
#include "txn.h"

#include "script.h"
#include "test.h"

#define GREET "> 220 hub\n< EHLO us\n"
#define PIPE GREET "> 250-hub\n> 250-SIZE 1000\n> 250-8BITMIME\n" \
	"> 250 PIPELINING\n"
#define PLAIN GREET "> 250 hub\n"
#define MAIL "< MAIL FROM:<a@one.test>*\n"
#define B "< RCPT TO:<b@two.test>\n"
#define C "< RCPT TO:<c@two.test>\n"
#define OK "> 250 ok\n"
#define DATA "< DATA\n> 354 go\n<.\n"
#define RSET "< RSET\n> 250 ok\n"
#define QUEUED "> 250 2.0.0 Ok: queued as 4X\n"

enum mode { CHECK, HOOKS };	/* check_recipients */

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
	{ "content refused early", CHECK, 1,
	    PLAIN MAIL OK B OK "< DATA\n> 354 go\n> 552 5.3.4 big\n" "wait\n",
	    "250 2.1.5|552 5.3.4" },

	{ "some refused at the end, pipelined", HOOKS, 2,
	    PIPE MAIL B C "< DATA\n" OK OK "> 550 5.1.1 who\n> 354 go\n"
	    "wait\n",
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
	{ "an endless reply", CHECK, 1, PLAIN MAIL
	    "> 250-0123456789012345678901234567890123456789\n"
	    "> 250-1\n> 250-2\n> 250-3\n> 250-4\nwait\n", "451 4.4.2" },
	{ "a reply too many, early", CHECK, 1, PIPE MAIL B OK OK OK
	    "wait\nend\n" PIPE MAIL B OK OK DATA OK "wait\n", "250 2.1.5|250 2.0.0" },
	{ "a reply too many, pipelined", HOOKS, 1,
	    PIPE MAIL B "< DATA\n" OK OK OK "> 354 go\nwait\n", "451 4.4.2" },
	{ "8-bit, control bytes and a bare LF", CHECK, 1, PLAIN MAIL
	    ">550 5.7.1 n\001\351!\v\nwait\n", "550 5.7.1 n?\351!" },
};

static struct ev_loop *loop;
static struct relays_conf shared;
static struct relays *relays;
static const struct relay_timeouts timeouts = { 5, 0.15, 0.15 };
static char got[2048];
static bool told, brief;

static void
on_result(void *arg, const struct relay_result *r)
{
	size_t n = strlen(got);
	char *p;

	told = true;
	n += (size_t)sprintf(got + n, "%s%d %s", n ? "|" : "", r->reply.code,
	    r->reply.enhanced);
	if (*r->id)
		n += (size_t)sprintf(got + n, " id=%s", r->id);
	if (r->unknown)
		n += (size_t)sprintf(got + n, " ?");
	if (!brief)
		sprintf(got + n, " %.100s", r->reply.text);
	for (p = got; *p; p++) {
		if (*p == '\n')
			*p = '/';
	}
	*(int *)arg = r->reply.code;
}

static void
wait_told(void)
{
	test_ok("never from inside a call", !told);
	while (!told)
		ev_run(loop, EVRUN_ONCE);
	told = false;
}

static struct txn_rcpt *
add_rcpt(struct txn *txn, const char *address)
{
	struct path path;

	path_parse_address(address, strlen(address), false, &path);
	return txn_add_rcpt(txn, &path);
}

static void
make_txn(struct txn *txn, const char *content)
{
	static const struct message_conf conf = { "/tmp", 65536, 65536 };

	txn_init(txn);
	path_parse_address("a@one.test", 10, false, &txn->sender.path);
	txn->message = message_new(&conf);
	message_append(txn->message, content, strlen(content));
	message_end(txn->message);
}

static void
hand_off(struct txn *txn, const struct route *route, enum mode mode,
    unsigned rcpts)
{
	static const char *const address[] = { "b@two.test", "c@two.test" };
	int code = 250, accepted = 0;
	struct txn_rcpt *r;
	unsigned i;

	got[0] = '\0';
	txn->handoff = relay_new(relays, route, &timeouts, "s1", "us",
	    on_result, &code);
	for (i = 0; i < rcpts; i++) {
		r = add_rcpt(txn, address[i]);
		if (mode == CHECK) {
			relay_rcpt(txn->handoff, txn, r);
			wait_told();
		}
		if (code >= 300) {
			txn_take_out(txn, r);
			continue;
		}
		r->state = TXN_RCPT_ACCEPTED;
		accepted++;
	}
	if (!accepted)
		return;
	relay_deliver(txn->handoff, txn, txn->message);
	wait_told();
}

static const char content[] = "Subject: x\r\n\r\n.dot\r\nend\r\n";
static const char wire[] = "Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n";

/* Let pools put their connections in order: RSET, QUIT. */
static void
settle(void)
{
	struct relays_stats stats;

	do {
		ev_run(loop, EVRUN_NOWAIT);
		relays_stats(relays, &stats);
	} while (stats.connections > stats.idle);
}

static void
make_relays(void)
{
	const struct dns_conf dc = { .servers = "", .timeout = 1, .tries = 1 };

	shared.loop = loop;
	shared.hostname = "us";
	shared.dns = dns_new(loop, &dc);
	shared.offload = offload_new(loop, 2);
	relays = relays_new(&shared);
}

static void
free_relays(void)
{
	relays_drain(relays);
	relays_free(relays);
	dns_free(shared.dns);
	offload_free(shared.offload);
	linger_end();
}

static void
test_parts(struct arena *arena)
{
	char url[64];
	struct nexthop hop;
	const struct route route = { "hub", &hop, 1 };
	const char *error;
	unsigned short port;
	int listener = script_listen(&port);
	struct script script;
	struct txn txn;
	size_t i;

	sprintf(url, "smtp://127.0.0.1:%u", port);
	nexthop_parse(url, NULL, arena, &hop, &error);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		brief = !strchr(cases[i].want, ':') &&
		    !strchr(cases[i].want, '!') &&
		    strspn(cases[i].want, "0123456789. ?|id=X") ==
		    strlen(cases[i].want);
		script_start(&script, listener, cases[i].part);
		make_txn(&txn, content);
		hand_off(&txn, &route, cases[i].mode, cases[i].rcpts);
		test_str(cases[i].name, got, cases[i].want);
		txn_clear(&txn);
		settle();
		free_relays();
		make_relays();
		script_end(&script);
		test_str(cases[i].name, script.error, "");
		if (strstr(cases[i].want, "250 2.0.0"))
			test_str("content", script.content, wire);
	}
	close(listener);
}

int
main(void)
{
	struct arena *arena = arena_new();

	signal(SIGPIPE, SIG_IGN);
	alarm(120);
	log_set(LOG_LOGFMT, LOG_ERROR);
	loop = ev_loop_new(EVBACKEND_EPOLL);
	make_relays();
	test_parts(arena);
	free_relays();
	arena_free(arena);
	ev_loop_destroy(loop);
	return test_done();
}
