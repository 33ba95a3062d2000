/* linkpool: connections used again, waited for, given up, and shunned. */
#include "client.h"

#define ONE MAIL B OK OK DATA OK
#define AGAIN "< RSET\n" MAIL B OK OK OK DATA OK

static struct arena *arena;
static struct nexthop hop[2];
static struct route route = { "hub", hop, 1 };
static int listener;
static struct script script;

static void
begin(const char *part)
{
	const char *error;
	unsigned short port;
	char url[64];

	make_relays();
	listener = script_listen(&port);
	sprintf(url, "smtp://127.0.0.1:%u", port);
	nexthop_parse(url, NULL, arena, &hop[0], &error);
	route.count = 1;
	brief = true;
	script_start(&script, listener, part);
}

static void
end(const char *name)
{
	free_relays();
	script_end(&script);
	test_str(name, script.error, "");
	close(listener);
}

static void
deliver(const char *name, enum mode mode, const char *want)
{
	struct txn txn;

	make_txn(&txn, content);
	hand_off(&txn, &route, mode, 1);
	test_str(name, got, want);
	txn_clear(&txn);
	settle();
}

static struct relays_stats
stats(void)
{
	struct relays_stats s;

	relays_stats(relays, &s);
	return s;
}

static void
wait_idle(unsigned idle)
{
	while (stats().idle != idle)
		ev_run(loop, EVRUN_ONCE);
}

static void
test_reuse(void)
{
	begin(PIPE ONE AGAIN "< RSET\n" MAIL B "< DATA\n" OK OK OK
	    "> 354 go\n<.\n" OK "< QUIT\n");
	deliver("first", CHECK, "250 2.1.5|250 2.0.0");
	deliver("second", CHECK, "250 2.1.5|250 2.0.0");
	deliver("third", HOOKS, "250 2.0.0");
	test_int("one connection", (long long)stats().opened, 1);
	test_int("reused", (long long)stats().reused, 2);
	test_int("idle", stats().idle, 1);
	relays_drain(relays);
	test_int("drained", stats().connections, 0);
	end("reuse");
}

static void
test_uses(void)
{
	begin(PIPE ONE "< QUIT\nend\n" PIPE ONE "< QUIT\nend\n");
	hop[0].pool_uses = 1;
	deliver("first", CHECK, "250 2.1.5|250 2.0.0");
	deliver("second", CHECK, "250 2.1.5|250 2.0.0");
	test_int("two connections", (long long)stats().opened, 2);
	end("uses");

	begin(GREET "> 250-hub\n> 250 LIMITS RCPTMAX=9 MAILMAX=1\n"
	    MAIL OK B OK DATA OK "< QUIT\nend\n");
	deliver("MAILMAX", CHECK, "250 2.1.5|250 2.0.0");
	test_int("not kept", stats().connections, 0);
	end("MAILMAX");
}

/* A transaction that is begun and left. */
static void
deliver_nothing(void)
{
	struct txn txn;
	int code = 0;

	make_txn(&txn, content);
	got[0] = '\0';
	txn.handoff = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	relay_rcpt(txn.handoff, &txn, add_rcpt(&txn, "b@two.test"));
	wait_told();
	txn_clear(&txn);
}

/* The connection looked idle, but it had left; or it leaves when it is used. */
static void
test_stale(void)
{
	begin(PIPE ONE "end\n" PIPE ONE "wait\n");
	deliver("first", CHECK, "250 2.1.5|250 2.0.0");
	wait_idle(0);
	deliver("left while idle", CHECK, "250 2.1.5|250 2.0.0");
	end("left while idle");

	begin(PIPE ONE "< RSET\n" MAIL "end\n" PIPE ONE "wait\n");
	deliver("first", CHECK, "250 2.1.5|250 2.0.0");
	deliver("left when used", CHECK, "250 2.1.5|250 2.0.0");
	end("left when used");

	begin(PIPE ONE "< RSET\n> 421 bye\nwait\nend\n" PIPE ONE "wait\n");
	deliver("first", CHECK, "250 2.1.5|250 2.0.0");
	deliver("421 when used", HOOKS, "250 2.0.0");
	end("421 when used");

	begin(PIPE ONE "< RSET\n> 421 bye\nwait\nend\n" PIPE "end\n");
	deliver("first", CHECK, "250 2.1.5|250 2.0.0");
	deliver("the fresh one leaves, too", CHECK, "451 4.4.2");
	end("the fresh one leaves, too");

	begin(PIPE ONE "> 421 idle too long\nwait\nend\n" PIPE ONE "wait\n");
	deliver("first", CHECK, "250 2.1.5|250 2.0.0");
	wait_idle(0);
	deliver("421 while idle", CHECK, "250 2.1.5|250 2.0.0");
	end("421 while idle");
}

/* It is there, but of no use: it takes no RSET, or is silent. */
static void
test_useless(void)
{
	static const char *const answer[] = {
		"> 554 no\n", "> 451 not now\n", "> 354 go\n", "> what?\n",
	};
	char part[1000];
	size_t i;

	for (i = 0; i < sizeof answer / sizeof answer[0]; i++) {
		sprintf(part, PIPE ONE "< RSET\n%swait\nend\n" PIPE ONE
		    "wait\n", answer[i]);
		begin(part);
		deliver("first", CHECK, "250 2.1.5|250 2.0.0");
		deliver(answer[i], i % 2 ? CHECK : HOOKS, i % 2 ?
		    "250 2.1.5|250 2.0.0" : "250 2.0.0");
		end(answer[i]);
	}

	begin(PIPE ONE "< RSET\n> 554 no\nwait\nend\n" PIPE "< MAIL*\n"
	    "> what?\nwait\n");
	deliver("first", CHECK, "250 2.1.5|250 2.0.0");
	deliver("once only", CHECK, "451 4.4.2");
	test_int("two were opened", (long long)stats().opened, 2);
	end("once only");

	begin(PIPE ONE "< RSET\n> 250 ok\n" MAIL "> what?\nwait\n");
	deliver("first", CHECK, "250 2.1.5|250 2.0.0");
	deliver("not if it took the RSET", CHECK, "451 4.4.2");
	end("not if it took the RSET");
}

/* Given little time for the silent one, a busy server may seem silent, too:
 * then more. */
static void
test_silent(void)
{
	static const char want[] = "250 2.1.5|250 2.0.0";
	double seconds;
	struct txn txn;

	for (seconds = 0.1; seconds < 10; seconds *= 4) {
		begin(PIPE ONE "< RSET\nwait\nend\n" PIPE ONE "wait\n");
		deliver("first", CHECK, want);
		timeouts.command = seconds;
		make_txn(&txn, content);
		hand_off(&txn, &route, CHECK, 1);
		txn_clear(&txn);
		settle();
		timeouts.command = 30;
		shutdown(listener, SHUT_RDWR);
		free_relays();
		script_end(&script);
		close(listener);
		if (strcmp(got, want) == 0)
			break;
	}
	test_str("silent", got, want);
	test_str("silent", script.error, "");
}

/* Replies that nobody asked for are not taken for those of the next message:
 * one behind the last reply, whole or begun, and one in place of RSET's. */
static void
test_out_of_step(void)
{
	static const char *const more[] = {
		">250 ok\r\v250 too many\r\v\nwait\nend\n",
		">250 ok\r\v250-begun\r\v\nwait\nend\n",
		">250 ok\r\v25\nwait\nend\n",
	};
	char part[2000];
	size_t i;

	for (i = 0; i < sizeof more / sizeof more[0]; i++) {
		sprintf(part, "%s%s%s", PIPE MAIL B OK OK DATA, more[i],
		    PIPE ONE "wait\n");
		begin(part);
		deliver("first", CHECK, "250 2.1.5|250 2.0.0");
		wait_idle(0);
		deliver("on another one", CHECK, "250 2.1.5|250 2.0.0");
		test_int("two", (long long)stats().opened, 2);
		end("a reply too many");
	}
	begin(PIPE MAIL B OK OK "< RSET\n> 354 go\nwait\nend\n" PIPE ONE
	    "wait\n");
	deliver_nothing();
	wait_idle(0);
	deliver("after a RSET that went wrong", CHECK, "250 2.1.5|250 2.0.0");
	end("RSET");
}

static void
test_idle_time(void)
{
	begin(PIPE ONE "< QUIT\nend\n");
	hop[0].pool_idle = 0.01;
	deliver("first", CHECK, "250 2.1.5|250 2.0.0");
	wait_idle(0);
	test_int("closed when old", stats().connections, 0);
	end("idle");
}

/* Two at once, with room for one. */
static void
test_wait(void)
{
	struct txn one, two;
	int code = 0;
	struct relay *r;

	begin(PIPE MAIL B OK OK RSET "< RSET\n" MAIL B OK OK OK "wait\n");
	hop[0].pool_size = 1;
	hop[0].pool_wait = 5;
	make_txn(&one, content);
	make_txn(&two, content);
	got[0] = '\0';
	one.handoff = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	relay_rcpt(one.handoff, &one, add_rcpt(&one, "b@two.test"));
	wait_told();
	two.handoff = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	relay_rcpt(two.handoff, &two, add_rcpt(&two, "b@two.test"));
	test_int("waits", stats().waiting, 1);
	relay_free(one.handoff);
	one.handoff = NULL;
	wait_told();
	test_str("served", got, "250 2.1.5|250 2.1.5");

	hop[0].pool_wait = 0.01;
	r = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	relay_rcpt(r, &one, one.rcpts);
	wait_told();
	test_str("not served", got, "250 2.1.5|250 2.1.5|451 4.3.2");
	relay_free(r);
	r = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	relay_rcpt(r, &one, one.rcpts);
	relay_free(r);
	test_int("gone while it waited", stats().waiting, 0);
	txn_clear(&one);
	txn_clear(&two);
	end("wait");
}

static unsigned short
closed_port(void)
{
	unsigned short port;

	close(script_listen(&port));
	return port;
}

static void
test_failover(void)
{
	const char *error;
	char url[64];
	int i;

	begin(PIPE ONE AGAIN AGAIN AGAIN AGAIN "wait\n");
	hop[1] = hop[0];
	sprintf(url, "smtp://127.0.0.1:%u", closed_port());
	nexthop_parse(url, NULL, arena, &hop[0], &error);
	route.count = 2;
	for (i = 0; i < 5; i++)
		deliver("second hop", CHECK, "250 2.1.5|250 2.0.0");
	test_int("shunned after three", (long long)stats().failed, 3);
	route.count = 1;
	deliver("tried if there is no other", CHECK, "451 4.4.1");
	test_int("tried", (long long)stats().failed, 4);
	end("failover");
}

/* The owner leaves: no end-of-data, and no connection that is out of step. */
static void
test_free(void)
{
	struct txn txn;
	int code = 0;

	begin(PIPE MAIL B OK OK "< RSET\n> 250 ok\n" AGAIN "wait\n");
	make_txn(&txn, content);
	txn.handoff = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	relay_rcpt(txn.handoff, &txn, add_rcpt(&txn, "b@two.test"));
	wait_told();
	txn_clear(&txn);
	settle();
	deliver("after a transaction was left", CHECK, "250 2.1.5|250 2.0.0");
	test_int("one connection", (long long)stats().opened, 1);
	end("left after RCPT");

	begin(PIPE MAIL B "< DATA\nwait\n");
	make_txn(&txn, content);
	txn.handoff = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	add_rcpt(&txn, "b@two.test")->state = TXN_RCPT_ACCEPTED;
	relay_deliver(txn.handoff, &txn, txn.message);
	while (stats().opened == 0)
		ev_run(loop, EVRUN_ONCE);
	test_ok("not committed", !relay_committed(txn.handoff));
	ev_run(loop, EVRUN_NOWAIT);
	txn_clear(&txn);
	test_int("closed", stats().connections, 0);
	end("left after DATA");

	make_relays();
	make_txn(&txn, content);
	txn.handoff = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	relay_rcpt(txn.handoff, &txn, add_rcpt(&txn, "b@two.test"));
	txn_clear(&txn);
	free_relays();
	test_ok("left while connecting", !told);
}

/* A hook changed the envelope: the open transaction ends, another begins. */
static void
test_edited(void)
{
	struct txn txn;
	int code = 0;

	begin(PIPE MAIL B OK OK "< RSET\n< MAIL FROM:<x@one.test>*\n" B C
	    "< DATA\n" OK OK OK OK "> 354 go\n<.\n" OK "wait\n");
	make_txn(&txn, content);
	got[0] = '\0';
	txn.handoff = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	relay_rcpt(txn.handoff, &txn, add_rcpt(&txn, "b@two.test"));
	wait_told();
	txn.rcpts->state = TXN_RCPT_ACCEPTED;
	add_rcpt(&txn, "c@two.test")->state = TXN_RCPT_ACCEPTED;
	path_parse_address("x@one.test", 10, false, &txn.sender.path);
	txn.edited = true;
	relay_deliver(txn.handoff, &txn, txn.message);
	wait_told();
	test_str("edited", got, "250 2.1.5|250 2.0.0");
	txn_clear(&txn);
	end("edited");
}

/* It leaves while the content comes in: one fresh transaction. */
static void
test_left_between(void)
{
	struct txn txn;
	int code = 0;

	begin(PIPE MAIL B OK OK "end\n" PIPE MAIL B "< DATA\n" OK OK
	    "> 354 go\n<.\n" OK "wait\n");
	make_txn(&txn, content);
	got[0] = '\0';
	txn.handoff = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	relay_rcpt(txn.handoff, &txn, add_rcpt(&txn, "b@two.test"));
	wait_told();
	txn.rcpts->state = TXN_RCPT_ACCEPTED;
	while (stats().connections)
		ev_run(loop, EVRUN_ONCE);
	test_ok("nothing is told between steps", !told);
	relay_deliver(txn.handoff, &txn, txn.message);
	wait_told();
	test_str("left between", got, "250 2.1.5|250 2.0.0");
	txn_clear(&txn);
	end("left between");
}

/* What it offers is asked, and known until the end. */
static void
test_watch(void)
{
	struct ehlo e;

	begin(GREET "> 250-hub\n> 250-DSN\n> 250-REQUIRETLS\n> 250-SIZE 50\n"
	    "> 250 LIMITS RCPTMAX=7\n< QUIT\n> 221 bye\nend\n");
	test_ok("not asked", !relays_offer(relays, &route, &e));
	test_ok("what can be expected", e.offers & EHLO_8BITMIME &&
	    !(e.offers & EHLO_DSN));
	relays_watch(relays, &route);
	relays_watch(relays, &route);
	while (!relays_offer(relays, &route, &e))
		ev_run(loop, EVRUN_ONCE);
	test_int("offers", e.offers, EHLO_DSN | EHLO_SIZE | EHLO_LIMITS);
	test_int("size", (long long)e.size, 50);
	test_int("rcpt_max", e.rcpt_max, 7);
	settle();
	test_int("one, and not kept", stats().connections, 0);
	test_int("one", (long long)stats().opened, 1);
	hop[1] = hop[0];
	hop[1].tls = NEXTHOP_TLS_REQUIRED;
	route.count = 2;
	test_ok("the other was not asked", !relays_offer(relays, &route, &e));
	hop[1].kind = NEXTHOP_DISCARD;
	test_ok("nobody needs to be asked", relays_offer(relays, &route, &e));
	test_int("the same", e.offers, EHLO_DSN | EHLO_SIZE | EHLO_LIMITS);
	end("watch");

	begin(PIPE ONE "< QUIT\nend\n");
	deliver("mail", CHECK, "250 2.1.5|250 2.0.0");
	test_ok("mail tells as well", relays_offer(relays, &route, &e));
	test_int("what it offers", (long long)e.size, 1000);
	end("mail tells");

	begin("wait\n");
	relays_watch(relays, &route);
	while (!stats().connections)
		ev_run(loop, EVRUN_ONCE);
	relays_drain(relays);
	test_int("nothing under way after drain", stats().connections, 0);
	free_relays();
	shutdown(listener, SHUT_RDWR);	/* it may have been too early to come */
	script_end(&script);
	close(listener);
}

int
main(void)
{
	arena = arena_new();
	client_begin();
	free_relays();
	test_reuse();
	test_uses();
	test_stale();
	test_useless();
	test_silent();
	test_out_of_step();
	test_idle_time();
	test_wait();
	test_failover();
	test_free();
	test_edited();
	test_left_between();
	test_watch();
	make_relays();
	client_end();
	arena_free(arena);
	return test_done();
}
