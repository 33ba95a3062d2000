#ifndef CLIENT_H
#define CLIENT_H

#include <signal.h>
#include <unistd.h>

#include <ev.h>

#include "addr.h"
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

/*
 * client: what specs of relay share: a loop with relays in it, transactions,
 * and a session that puts them through, check_recipients in both forms.  What
 * it was told is in got: "CODE ENHANCED" for each step, apart by "|", then
 * "id=" and "?" (unknown), and the text unless brief.
 */
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

static struct ev_loop *loop;
static struct relays_conf shared;
static struct relays *relays;
static struct relay_timeouts timeouts = { 30, 30, 30 };
static struct addr peer;	/* the session's client */
static const struct relay_session session = {
	.id = "s1", .client = &peer, .server = &peer, .hostname = "us",
};
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
	ev_run(loop, EVRUN_NOWAIT);
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

static struct message *
new_message(void)
{
	static const struct message_conf conf = { "/tmp", 65536, 65536 };

	return message_new(&conf);
}

static void
make_txn(struct txn *txn, const char *content)
{
	txn_init(txn);
	path_parse_address("a@one.test", 10, false, &txn->sender.path);
	txn->message = new_message();
	message_append(txn->message, content, strlen(content));
	message_end(txn->message);
}

static inline void
hand_off(struct txn *txn, const struct route *route, enum mode mode,
    unsigned rcpts)
{
	static const char *const address[] = { "b@two.test", "c@two.test" };
	int code = 250, accepted = 0;
	struct txn_rcpt *r;
	unsigned i;

	got[0] = '\0';
	txn->handoff = relay_new(relays, route, &timeouts, &session,
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
static inline void
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
client_begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(120);
	addr_parse("192.0.2.1", 25, &peer);
	log_set(LOG_LOGFMT, LOG_ERROR);
	loop = ev_loop_new(EVBACKEND_EPOLL);
	make_relays();
}

static void
client_end(void)
{
	free_relays();
	ev_loop_destroy(loop);
}

#endif
