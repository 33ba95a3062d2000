#include "clock.h"
#include "mem.h"
#include "reply.h"

#include "linkpool_state.h"

#include "linkpool.h"

enum {
	CLEAR_TIME = 5 * 60 * 1000,	/* ms without TLS after it failed */
	BOUND_MAX = 4,			/* idle ones that know one client only */
};

static void on_event(void *, const struct upstream_event *);
static void serve(struct linkpool *);

static void
link_insert(struct link *l, struct link **list)
{
	l->next = *list;
	l->prev = list;
	if (l->next)
		l->next->prev = &l->next;
	*list = l;
}

static void
link_remove(struct link *l)
{
	*l->prev = l->next;
	if (l->next)
		l->next->prev = l->prev;
}

static void
set_state(struct link *l, enum link_state state)
{
	struct linkpool *p = l->pool;

	link_remove(l);
	p->pools->stats.idle -= l->state == LINK_IDLE;
	l->state = state;
	p->pools->stats.idle += l->state == LINK_IDLE;
	link_insert(l, state == LINK_IDLE ? &p->idle : &p->others);
}

/* The connection is gone: its place is free. */
static void
link_free(struct link *l)
{
	struct linkpool *p = l->pool;

	set_state(l, LINK_BUSY);
	link_remove(l);
	p->count--;
	p->pools->stats.connections--;
	mem_free(l);
	serve(p);
}

void
linkpool_quit(struct link *l)
{
	upstream_quit(l->up);
	link_free(l);
}

static void
link_open(struct linkpool *p, struct linkpool_ticket *t)
{
	struct link *l = mem_alloc(sizeof *l);
	struct upstream_conf conf = p->conf;

	l->pool = p;
	l->state = LINK_OPENING;
	l->clear = clock_ms() < p->clear_until;
	l->ticket = t;
	t->opening = l;
	link_insert(l, &p->others);
	p->count++;
	p->pools->stats.connections++;
	conf.client = t->session;
	conf.clear = l->clear;
	l->up = upstream_new(&conf, &t->timeouts, on_event, l);
}

static struct link *
link_give(struct link *l)
{
	set_state(l, LINK_BUSY);
	l->uses++;
	if (l->reused)
		l->pool->pools->stats.reused++;
	return l;
}

/* One that is ready, for a ticket.  NULL: it has to be told first for whom. */
static struct link *
link_engage(struct link *l, struct linkpool_ticket *t)
{
	l->reused = l->state == LINK_IDLE;
	upstream_own(l->up, &t->timeouts, on_event, l);
	if (!t->session || !upstream_introduce(l->up, t->session))
		return link_give(l);
	set_state(l, LINK_INTRODUCED);
	l->ticket = t;
	t->opening = l;
	return NULL;
}

/* Those good for one client's mail are kept for that client's next message, and
 * are few: each is a process of the next hop. */
static void
limit_bound(struct linkpool *p)
{
	struct link *l, *last = NULL;
	unsigned n = 0;

	for (l = p->idle; l; l = l->next) {
		if (upstream_is_bound(l->up)) {
			last = l;
			n++;
		}
	}
	if (n > BOUND_MAX)
		linkpool_quit(last);
}

/* It waits for its next use, or for its end. */
static void
link_rest(struct link *l)
{
	struct linkpool *p = l->pool;
	unsigned mail_max = upstream_ehlo(l->up)->mail_max;

	set_state(l, LINK_IDLE);
	if (p->pools->draining || l->uses >= p->hop.pool_uses ||
	    p->hop.identity == NEXTHOP_IDENTITY_PROXY ||
	    (mail_max && l->uses >= mail_max) || !upstream_in_step(l->up)) {
		linkpool_quit(l);
		return;
	}
	upstream_idle(l->up, p->hop.pool_idle);
	limit_bound(p);
	serve(p);
}

static void
ticket_remove(struct linkpool_ticket *t)
{
	struct linkpool *p = t->pool;

	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	else
		p->waiting_end = t->prev;
	t->prev = NULL;
	ev_timer_stop(p->pools->conf.loop, &t->timer);
	p->pools->stats.waiting--;
}

static bool
is_denied(const struct linkpool *p)
{
	return breaker_open(&p->denied, clock_ms());
}

static struct link *
find_idle(struct linkpool *p, const struct linkpool_ticket *t)
{
	struct link *l = p->idle;

	while (l && !upstream_suits(l->up, t->session))
		l = l->next;
	return l;
}

/* Idle connections and free places go to those who wait.  One that is of no
 * use to the first of them makes room, and so this is called again. */
static void
serve(struct linkpool *p)
{
	struct linkpool_ticket *t;
	struct link *l;

	while ((t = p->waiting)) {
		l = find_idle(p, t);
		if (!l && is_denied(p))
			return;
		if (!l && p->count >= p->hop.pool_size) {
			if (p->idle)
				linkpool_quit(p->idle);
			return;
		}
		ticket_remove(t);
		if (!l)
			link_open(p, t);
		else if (link_engage(l, t))
			t->fn(t->arg, l, LINKPOOL_UNREACHED);
	}
}

static void
on_wait_over(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct linkpool_ticket *t = w->data;

	ticket_remove(t);
	if (t->fault == LINKPOOL_FULL)
		linkpool_log(t->pool, t->session,
		    "no connection free in time");
	t->fn(t->arg, NULL, t->fault);
}

static void
wait_for_link(struct linkpool_ticket *t, double seconds,
    enum linkpool_fault fault)
{
	struct linkpool *p = t->pool;

	t->next = NULL;
	t->prev = p->waiting_end;
	*p->waiting_end = t;
	p->waiting_end = &t->next;
	p->pools->stats.waiting++;
	t->fault = fault;
	ev_timer_init(&t->timer, on_wait_over, seconds, 0);
	t->timer.data = t;
	ev_timer_start(p->pools->conf.loop, &t->timer);
}

/* A new connection, as soon as there may be one. */
static void
obtain(struct linkpool_ticket *t)
{
	struct linkpool *p = t->pool;

	if (is_denied(p))
		wait_for_link(t, 0, LINKPOOL_DENIED);
	else if (p->count < p->hop.pool_size)
		link_open(p, t);
	else
		wait_for_link(t, p->hop.pool_wait, LINKPOOL_FULL);
}

/* It can be reached, and this is what it offers. */
static void
note_opened(struct link *l)
{
	struct linkpool *p = l->pool;

	p->pools->stats.opened++;
	breaker_worked(&p->breaker);
	breaker_worked(&p->denied);
	p->offered = clock_ms();
	p->offer = *upstream_ehlo(l->up);
	if (!upstream_is_verified(l->up))
		p->offer.offers &= ~(unsigned)EHLO_REQUIRETLS;
}

/* Once when it is open, and again when it has been told for whom: then it is
 * as good as new. */
static void
on_ready(struct link *l)
{
	struct linkpool_ticket *t = l->ticket;
	bool opened = l->state == LINK_OPENING;

	if (opened)
		note_opened(l);
	l->ticket = NULL;
	if (!t) {
		link_rest(l);
		return;
	}
	t->opening = NULL;
	if (!opened)
		link_give(l)->reused = false;
	else if (!link_engage(l, t))
		return;
	t->fn(t->arg, l, LINKPOOL_UNREACHED);
}

/* It could not be made ready.  True: there is another way to try. */
static bool
on_failed(struct link *l, const struct upstream_event *event,
    enum linkpool_fault *out)
{
	const struct relay_session *s = l->ticket ? l->ticket->session : NULL;
	struct linkpool *p = l->pool;
	bool insecure = event->fault == UPSTREAM_INSECURE;
	bool denied = event->fault == UPSTREAM_DENIED;

	if (l->state == LINK_INTRODUCED && l->reused)
		return true;
	p->pools->stats.failed++;
	linkpool_log(p, s, event->text);
	if (insecure && !l->clear && p->hop.tls == NEXTHOP_TLS_TRY &&
	    !p->hop.implicit_tls && !p->hop.user) {
		p->clear_until = clock_ms() + CLEAR_TIME;
		return true;
	}
	if (denied)
		breaker_trip(&p->denied, clock_ms());
	if (event->fault != UPSTREAM_REFUSED && l->state == LINK_OPENING)
		breaker_failed(&p->breaker, clock_ms());
	*out = insecure ? LINKPOOL_INSECURE : denied ? LINKPOOL_DENIED :
	    LINKPOOL_UNREACHED;
	return false;
}

static void
on_lost(struct link *l, const struct upstream_event *event)
{
	bool wanted = l->state == LINK_OPENING || l->state == LINK_INTRODUCED;
	enum linkpool_fault fault = LINKPOOL_UNREACHED;
	struct linkpool_ticket *t = l->ticket;
	bool again = wanted && on_failed(l, event, &fault);

	upstream_free(l->up);
	link_free(l);
	if (!t)
		return;
	t->opening = NULL;
	if (again)
		obtain(t);
	else
		t->fn(t->arg, NULL, fault);
}

/* Replies to what is of no interest any more, and to RSET at last. */
static void
on_reply(struct link *l, const struct upstream_event *event)
{
	if (event->verb == UPSTREAM_RSET &&
	    reply_class(event->reply->code) != 2)
		linkpool_close(l);
	else if (l->state == LINK_RESETTING && !upstream_pending(l->up))
		link_rest(l);
}

/* Of connections that are nobody's: being opened, idle, or being reset. */
static void
on_event(void *arg, const struct upstream_event *event)
{
	struct link *l = arg;

	switch (event->what) {
	case UPSTREAM_READY:
		on_ready(l);
		return;
	case UPSTREAM_REPLY:
		on_reply(l, event);
		return;
	case UPSTREAM_DRAINED:
		return;
	case UPSTREAM_LOST:
		on_lost(l, event);
		return;
	}
}

struct link *
linkpool_take(struct linkpool *p, struct linkpool_ticket *t, bool fresh)
{
	struct link *l;

	t->pool = p;
	t->opening = NULL;
	t->prev = NULL;
	l = fresh ? NULL : find_idle(p, t);
	if (l)
		return link_engage(l, t);
	/* Room for a fresh one is made by an idle one, if there is one. */
	if (p->count >= p->hop.pool_size && p->idle)
		linkpool_quit(p->idle);
	obtain(t);
	return NULL;
}

/* One that is being opened is of use to others, unless it carries the name of
 * this one's client, or nobody will come any more. */
void
linkpool_cancel(struct linkpool_ticket *t)
{
	struct link *l = t->opening;

	if (t->prev)
		ticket_remove(t);
	t->opening = NULL;
	if (!l)
		return;
	l->ticket = NULL;
	if (l->pool->pools->draining ||
	    l->pool->hop.identity == NEXTHOP_IDENTITY_PROXY)
		linkpool_close(l);
}

bool
linkpool_has_room(const struct linkpool *p)
{
	return p->count < p->hop.pool_size;
}

void
linkpool_close_idle(struct linkpool *p)
{
	while (p->idle)
		linkpool_quit(p->idle);
}

void
linkpool_close(struct link *l)
{
	upstream_free(l->up);
	link_free(l);
}

void
linkpool_return(struct link *l, bool reset)
{
	upstream_own(l->up, NULL, on_event, l);
	if (!upstream_in_step(l->up)) {
		linkpool_close(l);
		return;
	}
	upstream_forget_unsent(l->up);
	if (reset)
		upstream_command(l->up, UPSTREAM_RSET, "RSET");
	if (upstream_pending(l->up))
		set_state(l, LINK_RESETTING);
	else
		link_rest(l);
}
