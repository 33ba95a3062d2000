#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "log.h"
#include "mem.h"
#include "turn.h"

#include "exchange.h"
#include "maildir.h"
#include "nexthop.h"
#include "linkpool.h"
#include "queue_id.h"
#include "relays.h"
#include "txn.h"

#include "relay.h"

enum step { STEP_NONE, STEP_RCPT, STEP_DELIVER };

struct relay {
	struct relays *relays;
	const struct route *route;
	struct relay_timeouts timeouts;
	struct relay_session session;
	relay_fn fn;
	void *arg;

	enum step step;
	const struct txn *txn;		/* during a step */
	struct txn_rcpt *rcpt;
	const struct message *message;
	int64_t began;			/* clock_ms of the step */

	size_t hop;			/* of the route: tried now */
	bool try_all;			/* none is worth more than another */
	bool was_open;			/* the step found a transaction open */
	bool retried;			/* after an idle connection was stale */
	struct linkpool *pool;
	struct linkpool_ticket ticket;
	struct exchange exchange;
	struct maildir *maildir;

	struct relay_result result;
	struct turn tell;		/* the result waits to be told */
};

static void attempt(struct relay *);

static const struct nexthop *
hop_of(const struct relay *r)
{
	return &r->route->hop[r->hop];
}

/* Let go of the next hop: its connection goes back to the pool. */
static void
leave(struct relay *r)
{
	linkpool_cancel(&r->ticket);
	exchange_clear(&r->exchange);
	if (r->pool)
		linkpool_drop(r->pool);
	r->pool = NULL;
}

/* The owner may free the relay in it. */
static void
on_tell(void *arg)
{
	struct relay *r = arg;

	r->fn(r->arg, &r->result);
}

/* The step is over; that is told when the present callback has returned, so
 * that it never comes from inside a call. */
static void
finish(struct relay *r)
{
	r->step = STEP_NONE;
	r->result.seconds = (double)(clock_ms() - r->began) / 1000;
	turn_add(r->relays->pools.conf.loop, &r->tell);
}

static void
fail(struct relay *r, const char *enhanced, const char *text)
{
	reply_set(&r->result.reply, 451, enhanced, "%s", text);
	finish(r);
}

static bool
worth_trying(const struct relay *r, size_t i)
{
	const struct nexthop *hop = &r->route->hop[i];

	return r->try_all || !nexthop_answers(hop) ||
	    !linkpools_shunned(&r->relays->pools, hop);
}

/* On to the next hop that is worth it, from index i on.  False: none left. */
static bool
choose(struct relay *r, size_t i)
{
	while (i < r->route->count && !worth_trying(r, i))
		i++;
	r->hop = i;
	r->retried = false;
	return i < r->route->count;
}

static void
start_over(struct relay *r)
{
	leave(r);
	r->try_all = false;
	if (!choose(r, 0)) {
		r->try_all = true;
		choose(r, 0);
	}
	attempt(r);
}

static void
next_hop(struct relay *r, const char *enhanced, const char *text)
{
	leave(r);
	if (choose(r, r->hop + 1))
		attempt(r);
	else
		fail(r, enhanced, text);
}

static void
set_result(struct relay *r, const struct reply *reply)
{
	struct relay_result *to = &r->result;
	const char *usual = "2.0.0";

	to->reply = *reply;
	if (reply_class(reply->code) != 2)
		usual = reply_class(reply->code) == 4 ? "4.0.0" : "5.0.0";
	else if (r->step == STEP_RCPT)
		usual = "2.1.5";
	if (!*to->reply.enhanced)
		snprintf(to->reply.enhanced, sizeof to->reply.enhanced, "%s",
		    usual);
	if (r->step == STEP_DELIVER && reply_class(reply->code) == 2)
		queue_id_parse(reply->text, to->id, sizeof to->id);
}

/*
 * The connection is lost.  What has been sent to the end may have arrived:
 * that is never tried again.  Where an idle connection turns out to be stale
 * (it has left, is silent, or takes no RSET), a fresh one is tried once; a
 * transaction that was open begins anew.  That a next hop closes what is idle
 * is no error.
 */
static void
on_lost(struct relay *r, const struct exchange_outcome *outcome)
{
	const char *text = outcome->fault == UPSTREAM_SLOW ?
	    "the next hop did not answer in time" :
	    "connection to the next hop lost";
	bool stale = outcome->stale && !r->retried;

	if (!stale || outcome->fault != UPSTREAM_CLOSED)
		linkpool_log(r->pool, &r->session, outcome->text);
	if (r->step == STEP_NONE) {
		leave(r);
	} else if (r->exchange.committed) {
		leave(r);
		r->result.unknown = true;
		fail(r, "4.4.2", text);
	} else if (r->was_open) {
		r->was_open = false;
		start_over(r);
	} else if (stale) {
		leave(r);
		r->retried = true;
		attempt(r);
	} else {
		next_hop(r, "4.4.2", text);
	}
}

static void
on_outcome(struct exchange *x, const struct exchange_outcome *outcome)
{
	struct relay *r = x->arg;

	if (!outcome->reply) {
		on_lost(r, outcome);
		return;
	}
	set_result(r, outcome->reply);
	if (r->step == STEP_DELIVER)
		leave(r);
	finish(r);
}

/* The step over a connection that is there. */
static void
proceed(struct relay *r)
{
	struct exchange *x = &r->exchange;
	bool rcpt = r->step == STEP_RCPT;
	const char *tls = upstream_tls(x->link->up);

	r->result.relay = hop_of(r)->url;
	snprintf(r->result.tls, sizeof r->result.tls, "%s", tls ? tls : "");
	if (!exchange_fits(x, r->txn, rcpt ? r->rcpt : NULL,
	    rcpt ? NULL : r->message, &r->result.reply)) {
		if (!rcpt)
			leave(r);
		finish(r);
	} else if (rcpt) {
		exchange_rcpt(x, r->txn, r->rcpt);
	} else {
		exchange_deliver(x, r->txn, r->message);
	}
}

static struct relay_timeouts
timeouts_of(const struct relay *r)
{
	double t = hop_of(r)->timeout;

	return t > 0 ? (struct relay_timeouts){ t, t, t } : r->timeouts;
}

/* The address to which the client came is that of the next hop: mail would go
 * round until it has too many Received fields.  Where one of several addresses
 * of ours is named, that is found out on the second round. */
static void
refuse_loop(struct relay *r, struct link *l)
{
	linkpool_log(r->pool, &r->session,
	    "the next hop is the listener that the client came to");
	linkpool_return(l, false);
	leave(r);
	reply_set(&r->result.reply, 554, "5.4.6",
	    "the next hop is this server itself");
	finish(r);
}

static void
on_link(void *arg, struct link *l, enum linkpool_fault fault)
{
	struct relay *r = arg;
	struct relay_timeouts timeouts = timeouts_of(r);

	if (l && addr_equal(upstream_peer(l->up), r->session.server)) {
		refuse_loop(r, l);
		return;
	}
	if (l) {
		exchange_use(&r->exchange, l, &r->session, &timeouts);
		proceed(r);
		return;
	}
	switch (fault) {
	case LINKPOOL_UNREACHED:
		next_hop(r, "4.4.1", "the next hop cannot be reached");
		return;
	case LINKPOOL_INSECURE:
		next_hop(r, "4.7.4", "no TLS with the next hop as it must be");
		return;
	case LINKPOOL_DENIED:
		next_hop(r, "4.7.0", "the next hop does not let us in");
		return;
	case LINKPOOL_FULL:
		next_hop(r, "4.3.2", "too many connections to the next hop");
		return;
	}
}

static void
on_stored(void *arg, int error, const char *name)
{
	struct relay *r = arg;
	struct log_line line;

	r->maildir = NULL;
	if (!error) {
		reply_set(&r->result.reply, 250, "2.0.0", "ok: stored as %s",
		    name);
		queue_id_parse(r->result.reply.text, r->result.id,
		    sizeof r->result.id);
		finish(r);
		return;
	}
	linkpool_log_begin(&line, &r->session, LOG_ERROR);
	log_str(&line, "relay", hop_of(r)->url);
	log_str(&line, "text", strerror(error));
	log_end(&line);
	if (error == ENOSPC || error == EDQUOT)
		reply_set(&r->result.reply, 452, "4.3.1",
		    "no space for this now");
	else
		reply_set(&r->result.reply, 451, "4.3.0",
		    "the message could not be stored");
	finish(r);
}

/* A next hop that takes all there is. */
static void
store(struct relay *r)
{
	const struct nexthop *hop = hop_of(r);
	const struct maildir_conf conf = {
		r->relays->pools.conf.offload, hop->path, r->session.hostname,
	};

	r->result.relay = hop->url;
	if (r->step == STEP_DELIVER && hop->kind == NEXTHOP_MAILDIR) {
		r->maildir = maildir_start(&conf, r->txn, r->message,
		    on_stored, r);
		return;
	}
	reply_set(&r->result.reply, 250, r->step == STEP_RCPT ? "2.1.5" :
	    "2.0.0", "ok");
	r->result.discarded = r->step == STEP_DELIVER;
	finish(r);
}

static void
attempt(struct relay *r)
{
	struct link *l;

	if (!nexthop_answers(hop_of(r))) {
		store(r);
		return;
	}
	r->pool = linkpool_hold(&r->relays->pools, hop_of(r));
	r->ticket.fn = on_link;
	r->ticket.arg = r;
	r->ticket.session = &r->session;
	r->ticket.timeouts = timeouts_of(r);
	l = linkpool_take(r->pool, &r->ticket, r->retried);
	if (l)
		on_link(r, l, LINKPOOL_UNREACHED);
}

struct relay *
relay_new(struct relays *relays, const struct route *route,
    const struct relay_timeouts *timeouts, const struct relay_session *session,
    relay_fn fn, void *arg)
{
	struct relay *r = mem_alloc(sizeof *r);

	assert(route->count);
	r->relays = relays;
	r->route = route;
	r->timeouts = *timeouts;
	r->session = *session;
	r->fn = fn;
	r->arg = arg;
	r->tell.fn = on_tell;
	r->tell.arg = r;
	exchange_init(&r->exchange, on_outcome, r);
	return r;
}

void
relay_free(struct relay *r)
{
	if (!r)
		return;
	turn_remove(r->relays->pools.conf.loop, &r->tell);
	maildir_cancel(r->maildir);
	leave(r);
	mem_free(r);
}

const struct route *
relay_route(const struct relay *r)
{
	return r->route;
}

bool
relay_can_check(const struct relay *r)
{
	return nexthop_answers(&r->route->hop[0]);
}

bool
relay_committed(const struct relay *r)
{
	return r->exchange.committed ||
	    (r->maildir && maildir_committed(r->maildir));
}

static void
begin(struct relay *r, enum step step, const struct txn *txn)
{
	assert(r->step == STEP_NONE);
	r->step = step;
	r->txn = txn;
	r->began = clock_ms();
	memset(&r->result, 0, sizeof r->result);
	r->result.relay = "";
	r->was_open = r->exchange.link != NULL;
	if (r->was_open)
		proceed(r);
	else
		start_over(r);
}

void
relay_rcpt(struct relay *r, const struct txn *txn, struct txn_rcpt *rcpt)
{
	r->rcpt = rcpt;
	begin(r, STEP_RCPT, txn);
}

void
relay_deliver(struct relay *r, const struct txn *txn, const struct message *m)
{
	r->message = m;
	begin(r, STEP_DELIVER, txn);
}
