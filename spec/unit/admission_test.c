#include <stdatomic.h>

#include "addr.h"
#include "admission.h"
#include "conf.h"
#include "scoreboard.h"

#include "test.h"

static double load_now;

static double
load(void)
{
	return load_now;
}

static struct addr
at(const char *text)
{
	struct addr a;

	if (addr_parse(text, 0, &a) < 0)
		abort();
	return a;
}

/* As the door does it: the slot counts whoever asks. */
static enum admission_result
enter(const struct admission *a, const char *client,
    struct admission_ticket *ticket)
{
	struct scoreboard_slot *s = scoreboard_slot(a->board, a->slot);
	struct addr from = at(client);
	enum admission_result r;

	atomic_fetch_add(&s->sessions, 1);
	r = admission_enter(a, &from, ticket);
	if (r != ADMISSION_OK)
		atomic_fetch_sub(&s->sessions, 1);
	return r;
}

static void
leave(const struct admission *a, struct admission_ticket *t)
{
	admission_leave(a, t);
	atomic_fetch_sub(&scoreboard_slot(a->board, a->slot)->sessions, 1);
}

/* Two workers over one board. */
struct place {
	struct conf_admission conf;
	struct scoreboard *board;
	struct admission one, two;
};

static void
open_place(struct place *p, unsigned total)
{
	struct admission a;

	memset(p, 0, sizeof *p);
	p->conf.net_v4 = 24;
	p->conf.net_v6 = 64;
	p->board = scoreboard_new(64);
	a = (struct admission){ &p->conf, p->board, 0, total, NULL, load };
	a.slot = (unsigned)scoreboard_claim(p->board);
	p->one = a;
	a.slot = (unsigned)scoreboard_claim(p->board);
	p->two = a;
}

static void
test_client(void)
{
	struct place p;
	struct admission_ticket t[8];
	struct addr client = at("192.0.2.1");

	open_place(&p, 100);
	p.conf.per_client = 2;
	test_int("first", enter(&p.one, "192.0.2.1:1000", &t[0]), ADMISSION_OK);
	test_int("second, elsewhere", enter(&p.two, "192.0.2.1:1001", &t[1]),
	    ADMISSION_OK);
	test_int("third", enter(&p.one, "192.0.2.1:1002", &t[2]),
	    ADMISSION_CLIENT);
	test_int("nothing kept", t[2].client.family, 0);
	test_int("counted", admission_count(&p.one, &client), 2);
	test_int("another", enter(&p.one, "192.0.2.2", &t[3]), ADMISSION_OK);
	leave(&p.two, &t[1]);
	test_int("room again", enter(&p.one, "192.0.2.1", &t[4]), ADMISSION_OK);
	test_int("and again", enter(&p.two, "192.0.2.1", &t[5]),
	    ADMISSION_CLIENT);
	scoreboard_reclaim(p.board, p.one.slot);
	test_int("what the dead held is free",
	    admission_count(&p.two, &client), 0);
	scoreboard_free(p.board);
}

static void
test_v6(void)
{
	struct place p;
	struct admission_ticket t[8];

	open_place(&p, 100);
	p.conf.per_client = 2;
	test_int("v6", enter(&p.one, "2001:db8::1", &t[0]), ADMISSION_OK);
	test_int("same /64", enter(&p.one, "2001:db8::2", &t[1]), ADMISSION_OK);
	test_int("still the same", enter(&p.one, "2001:db8::3", &t[2]),
	    ADMISSION_CLIENT);
	test_int("next /64", enter(&p.one, "2001:db8:0:1::1", &t[3]),
	    ADMISSION_OK);
	/* The network of v6 is the client: one row, the lower limit. */
	p.conf.per_net = 1;
	test_int("by net", enter(&p.one, "2001:db8:0:2::1", &t[4]),
	    ADMISSION_OK);
	test_int("over it", enter(&p.one, "2001:db8:0:2::2", &t[5]),
	    ADMISSION_CLIENT);
	leave(&p.one, &t[4]);
	test_int("free again", enter(&p.one, "2001:db8:0:2::2", &t[5]),
	    ADMISSION_OK);
	scoreboard_free(p.board);
}

static void
test_net(void)
{
	struct place p;
	struct admission_ticket t[8];
	struct addr client = at("192.0.2.3");

	open_place(&p, 100);
	p.conf.per_net = 2;
	test_int("one", enter(&p.one, "192.0.2.1", &t[0]), ADMISSION_OK);
	test_int("two", enter(&p.two, "192.0.2.2", &t[1]), ADMISSION_OK);
	test_int("three", enter(&p.one, "192.0.2.3", &t[2]), ADMISSION_NET);
	test_int("is not counted as a client", admission_count(&p.one, &client),
	    0);
	test_int("next net", enter(&p.one, "192.0.3.1", &t[3]), ADMISSION_OK);
	leave(&p.one, &t[0]);
	test_int("room", enter(&p.one, "192.0.2.3", &t[4]), ADMISSION_OK);
	scoreboard_free(p.board);
}

static void
test_map(void)
{
	struct conf_per_client map[2];
	struct place p;
	struct admission_ticket t;
	unsigned i;

	open_place(&p, 100);
	p.conf.per_client = 1;
	cidr_parse("10.0.0.0/8", &map[0].net);
	map[0].limit = 3;
	cidr_parse("10.1.0.0/16", &map[1].net);
	map[1].limit = 0;
	p.conf.per_client_map = map;
	p.conf.per_client_count = 2;
	for (i = 0; i < 3; i++)
		test_int("wide", enter(&p.one, "10.2.0.1", &t), ADMISSION_OK);
	test_int("no more", enter(&p.one, "10.2.0.1", &t), ADMISSION_CLIENT);
	for (i = 0; i < 10; i++)
		test_int("narrower, no limit", enter(&p.one, "10.1.0.1", &t),
		    ADMISSION_OK);
	test_int("others", enter(&p.one, "192.0.2.1", &t), ADMISSION_OK);
	test_int("have one", enter(&p.one, "192.0.2.1", &t), ADMISSION_CLIENT);
	scoreboard_free(p.board);
}

static void
test_total(void)
{
	struct cidr friends;
	struct place p;
	struct admission_ticket t[8];

	open_place(&p, 4);
	cidr_parse("10.0.0.0/8", &friends);
	p.conf.reserve = 2;
	p.conf.reserve_clients.item = &friends;
	p.conf.reserve_clients.count = 1;
	test_int("first", enter(&p.one, "192.0.2.1", &t[0]), ADMISSION_OK);
	test_int("second", enter(&p.two, "192.0.2.2", &t[1]), ADMISSION_OK);
	test_int("the rest is reserved", enter(&p.one, "192.0.2.3", &t[2]),
	    ADMISSION_TOTAL);
	test_int("for these", enter(&p.one, "10.0.0.1", &t[3]), ADMISSION_OK);
	test_int("and these", enter(&p.two, "10.0.0.2", &t[4]), ADMISSION_OK);
	test_int("up to here", enter(&p.one, "10.0.0.3", &t[5]),
	    ADMISSION_TOTAL);
	leave(&p.one, &t[0]);
	leave(&p.two, &t[1]);
	leave(&p.one, &t[3]);
	test_int("room", enter(&p.one, "192.0.2.3", &t[5]), ADMISSION_OK);

	leave(&p.one, &t[5]);
	p.conf.load = 2.;
	load_now = 2.5;
	test_int("too busy", enter(&p.one, "192.0.2.4", &t[5]), ADMISSION_LOAD);
	test_int("not for these", enter(&p.one, "10.0.0.4", &t[5]),
	    ADMISSION_OK);
	load_now = 1.;
	leave(&p.one, &t[5]);
	test_int("quiet again", enter(&p.one, "192.0.2.4", &t[5]),
	    ADMISSION_OK);
	scoreboard_free(p.board);
}

static void
test_unix(void)
{
	struct place p;
	struct admission_ticket t;
	unsigned i;

	open_place(&p, 100);
	p.conf.per_client = 1;
	for (i = 0; i < 3; i++)
		test_int("a UNIX socket has no address",
		    enter(&p.one, "unix:/tmp/x", &t), ADMISSION_OK);
	leave(&p.one, &t);
	scoreboard_free(p.board);
}

static void
test_rates(void)
{
	static const enum session_rate rates[] = {
		SESSION_RATE_HANDSHAKES, SESSION_RATE_MESSAGES,
		SESSION_RATE_RECIPIENTS, SESSION_RATE_LOGINS,
	};
	struct cidr trusted = { AF_INET, 8, { 10 } };
	struct place p;
	struct admission_ticket t[8];
	struct addr client = at("192.0.2.1");
	unsigned i;

	open_place(&p, 100);
	p.one.rates = p.two.rates = rates_new(64);
	p.conf.trusted = (struct cidr_list){ &trusted, 1 };
	p.conf.client_rate = 2;
	p.conf.tls_rate = p.conf.message_rate = p.conf.recipient_rate =
	    p.conf.auth_rate = 1;
	test_int("one", enter(&p.one, "192.0.2.1", &t[0]), ADMISSION_OK);
	test_int("two", enter(&p.two, "192.0.2.1", &t[1]), ADMISSION_OK);
	leave(&p.two, &t[1]);
	test_int("three", enter(&p.one, "192.0.2.1", &t[2]),
	    ADMISSION_CLIENT_RATE);
	test_int("not counted", admission_count(&p.one, &client), 1);
	test_int("another", enter(&p.one, "192.0.2.2", &t[3]), ADMISSION_OK);
	for (i = 0; i < 2; i++)
		test_int("one /64", enter(&p.one, i ? "2001:db8::1" :
		    "2001:db8::2", &t[4]), ADMISSION_OK);
	test_int("is a client", enter(&p.two, "2001:db8::3", &t[4]),
	    ADMISSION_CLIENT_RATE);
	for (i = 0; i < sizeof rates / sizeof rates[0]; i++) {
		client = at("192.0.2.1");
		test_ok("the first", admission_rate(&p.one, rates[i], &client));
		test_ok("the second",
		    !admission_rate(&p.two, rates[i], &client));
		client = at("2001:db8::1");
		test_ok("one /64", admission_rate(&p.one, rates[i], &client));
		client = at("2001:db8::2");
		test_ok("is a client",
		    !admission_rate(&p.one, rates[i], &client));
		client = at("10.0.0.1");
		test_ok("trusted", admission_rate(&p.one, rates[i], &client));
		test_ok("always", admission_rate(&p.one, rates[i], &client));
		client = at("unix:/tmp/x");
		test_ok("UNIX", admission_rate(&p.one, rates[i], &client));
		test_ok("always", admission_rate(&p.one, rates[i], &client));
	}
	rates_free(p.one.rates);
	scoreboard_free(p.board);
}

/* A proxy is not a client; what it brings is. */
static void
test_proxy(void)
{
	struct addr proxy = at("10.0.0.1"), client = at("192.0.2.1");
	struct admission_ticket t;
	struct scoreboard_slot *s;
	struct place p;

	open_place(&p, 1);
	p.conf.per_client = 1;
	s = scoreboard_slot(p.board, p.one.slot);
	atomic_fetch_add(&s->sessions, 1);
	test_int("it comes", admission_enter_proxy(&p.one, &t), ADMISSION_OK);
	test_ok("uncounted", !admission_is(&p.one, &t, &proxy));
	test_int("its count", admission_count(&p.one, &proxy), 0);
	admission_leave(&p.one, &t);
	test_int("whom it brings", admission_enter(&p.one, &client, &t),
	    ADMISSION_OK);
	test_ok("is counted", admission_is(&p.one, &t, &client));
	admission_leave(&p.one, &t);
	test_ok("and given back", !admission_is(&p.one, &t, &client));
	admission_leave(&p.one, &t);
	test_int("once", admission_count(&p.one, &client), 0);
	atomic_fetch_add(&s->sessions, 1);
	test_int("total", admission_enter_proxy(&p.one, &t), ADMISSION_TOTAL);
	scoreboard_free(p.board);
}

int
main(void)
{
	test_client();
	test_rates();
	test_proxy();
	test_v6();
	test_net();
	test_map();
	test_total();
	test_unix();
	test_str("reply", admission_reply(ADMISSION_CLIENT),
	    "421 4.7.0 too many connections from your address\r\n");
	test_ok("load", admission_load() >= 0);
	return test_done();
}
