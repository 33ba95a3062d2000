#include <assert.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "log.h"
#include "mem.h"

#include "breaker.h"
#include "nexthop.h"
#include "upstream.h"

#include "linkpool.h"

enum {
	LOG_PAUSE = 5000,	/* ms between two lines about one next hop */
	POOLS_MAX = 64,		/* more than that: forget those out of use */
};

struct linkpool {
	struct linkpools *pools;
	char *url;
	char *host, *path;
	struct upstream_conf conf;
	unsigned size, uses;
	double idle_time, wait_time;
	unsigned count, holders;
	struct breaker breaker;
	int64_t logged;			/* clock_ms of the last line */
	unsigned unlogged;
	struct link *idle;		/* the one used last is first */
	struct link *others;
	struct linkpool_ticket *waiting, **waiting_end;
	struct linkpool *next, **prev;
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

static void
link_quit(struct link *l)
{
	upstream_quit(l->up);
	link_free(l);
}

static void
link_open(struct linkpool *p, struct linkpool_ticket *t)
{
	struct link *l = mem_alloc(sizeof *l);

	l->pool = p;
	l->state = LINK_OPENING;
	l->ticket = t;
	t->opening = l;
	link_insert(l, &p->others);
	p->count++;
	p->pools->stats.connections++;
	l->up = upstream_new(&p->conf, &t->timeouts, on_event, l);
}

static struct link *
link_give(struct link *l)
{
	l->reused = l->state == LINK_IDLE;
	set_state(l, LINK_BUSY);
	l->uses++;
	if (l->reused)
		l->pool->pools->stats.reused++;
	return l;
}

/* It waits for its next use, or for its end. */
static void
link_rest(struct link *l)
{
	struct linkpool *p = l->pool;
	unsigned mail_max = upstream_ehlo(l->up)->mail_max;

	set_state(l, LINK_IDLE);
	if (p->pools->draining || l->uses >= p->uses ||
	    (mail_max && l->uses >= mail_max) || !upstream_in_step(l->up)) {
		link_quit(l);
		return;
	}
	upstream_idle(l->up, p->idle_time);
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
	ev_timer_stop(p->pools->loop, &t->timer);
	p->pools->stats.waiting--;
}

/* Idle connections and free places go to those who wait. */
static void
serve(struct linkpool *p)
{
	struct linkpool_ticket *t;

	while ((t = p->waiting) && (p->idle || p->count < p->size)) {
		ticket_remove(t);
		if (p->idle)
			t->fn(t->arg, link_give(p->idle), LINKPOOL_UNREACHED);
		else
			link_open(p, t);
	}
}

static void
on_greeted(struct link *l)
{
	struct linkpool *p = l->pool;
	struct linkpool_ticket *t = l->ticket;

	p->pools->stats.opened++;
	breaker_worked(&p->breaker);
	l->ticket = NULL;
	if (!t) {
		link_rest(l);
		return;
	}
	t->opening = NULL;
	t->fn(t->arg, link_give(l), LINKPOOL_UNREACHED);
}

static void
on_lost(struct link *l, const struct upstream_event *event)
{
	struct linkpool *p = l->pool;
	struct linkpool_ticket *t = l->ticket;

	upstream_free(l->up);
	if (l->state == LINK_OPENING) {
		p->pools->stats.failed++;
		breaker_failed(&p->breaker, clock_ms());
		linkpool_log(p, t ? t->session : NULL, event->text);
	}
	link_free(l);
	if (!t)
		return;
	t->opening = NULL;
	t->fn(t->arg, NULL, LINKPOOL_UNREACHED);
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
		on_greeted(l);
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

static void
on_wait_over(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct linkpool_ticket *t = w->data;

	ticket_remove(t);
	linkpool_log(t->pool, t->session, "no connection free in time");
	t->fn(t->arg, NULL, LINKPOOL_FULL);
}

static void
wait_for_link(struct linkpool *p, struct linkpool_ticket *t)
{
	t->next = NULL;
	t->prev = p->waiting_end;
	*p->waiting_end = t;
	p->waiting_end = &t->next;
	p->pools->stats.waiting++;
	ev_timer_init(&t->timer, on_wait_over, p->wait_time, 0);
	t->timer.data = t;
	ev_timer_start(p->pools->loop, &t->timer);
}

struct link *
linkpool_take(struct linkpool *p, struct linkpool_ticket *t, bool fresh)
{
	t->pool = p;
	t->opening = NULL;
	t->prev = NULL;
	if (p->idle && !fresh)
		return link_give(p->idle);
	/* Room for a fresh one is made by an idle one, if there is one. */
	if (p->count >= p->size && p->idle)
		link_quit(p->idle);
	if (p->count < p->size)
		link_open(p, t);
	else
		wait_for_link(p, t);
	return NULL;
}

void
linkpool_cancel(struct linkpool_ticket *t)
{
	if (t->prev)
		ticket_remove(t);
	if (t->opening)
		t->opening->ticket = NULL;
	t->opening = NULL;
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

void
linkpool_log_begin(struct log_line *line, const struct relay_session *session,
    int level)
{
	char client[ADDR_TEXT_MAX];

	log_begin(line, (enum log_level)level, "relay_error");
	if (!session || line->off)
		return;
	log_str(line, "id", session->id);
	log_str(line, "client", addr_text(session->client, client));
}

void
linkpool_log(struct linkpool *p, const struct relay_session *session,
    const char *text)
{
	int64_t now = clock_ms();
	struct log_line line;

	if (p->logged && now - p->logged < LOG_PAUSE) {
		p->unlogged++;
		return;
	}
	linkpool_log_begin(&line, session, LOG_WARN);
	log_str(&line, "relay", p->url);
	log_str(&line, "text", text);
	if (p->unlogged)
		log_int(&line, "more", p->unlogged);
	log_end(&line);
	p->logged = now;
	p->unlogged = 0;
}

static struct linkpool *
linkpool_find(const struct linkpools *ps, const char *url)
{
	struct linkpool *p = ps->first;

	while (p && strcmp(p->url, url) != 0)
		p = p->next;
	return p;
}

static void
linkpool_free(struct linkpool *p)
{
	*p->prev = p->next;
	if (p->next)
		p->next->prev = p->prev;
	p->pools->count--;
	mem_free(p->host);
	mem_free(p->path);
	mem_free(p->url);
	mem_free(p);
}

/* Hooks may name any next hop: forget those that were used once. */
static void
sweep(struct linkpools *ps)
{
	struct linkpool *p, *next;

	for (p = ps->first; p; p = next) {
		next = p->next;
		if (!p->holders && !p->count && !p->waiting &&
		    !linkpool_shunned(p))
			linkpool_free(p);
	}
}

static struct linkpool *
linkpool_new(struct linkpools *ps, const struct nexthop *hop)
{
	struct linkpool *p = mem_alloc(sizeof *p);

	p->pools = ps;
	p->url = mem_strdup(hop->url);
	p->host = hop->host ? mem_strdup(hop->host) : NULL;
	p->path = hop->path ? mem_strdup(hop->path) : NULL;
	p->conf = (struct upstream_conf){
		.loop = ps->loop, .dns = ps->dns, .hostname = ps->hostname,
		.host = p->host, .port = hop->port, .path = p->path,
		.lmtp = hop->kind == NEXTHOP_LMTP,
	};
	p->waiting_end = &p->waiting;
	p->next = ps->first;
	p->prev = &ps->first;
	if (p->next)
		p->next->prev = &p->next;
	ps->first = p;
	ps->count++;
	return p;
}

struct linkpool *
linkpool_hold(struct linkpools *ps, const struct nexthop *hop)
{
	struct linkpool *p = linkpool_find(ps, hop->url);

	if (!p && ps->count >= POOLS_MAX)
		sweep(ps);
	if (!p)
		p = linkpool_new(ps, hop);
	p->size = hop->pool_size ? hop->pool_size : 1;
	p->uses = hop->pool_uses ? hop->pool_uses : 1;
	p->idle_time = hop->pool_idle;
	p->wait_time = hop->pool_wait;
	p->holders++;
	return p;
}

void
linkpool_drop(struct linkpool *p)
{
	assert(p->holders);
	p->holders--;
}

bool
linkpool_shunned(const struct linkpool *p)
{
	return breaker_open(&p->breaker, clock_ms());
}

bool
linkpools_shunned(const struct linkpools *ps, const char *url)
{
	const struct linkpool *p = linkpool_find(ps, url);

	return p && linkpool_shunned(p);
}

void
linkpools_drain(struct linkpools *ps)
{
	struct linkpool *p;

	ps->draining = true;
	for (p = ps->first; p; p = p->next) {
		while (p->idle)
			link_quit(p->idle);
	}
}

void
linkpools_clear(struct linkpools *ps)
{
	linkpools_drain(ps);
	while (ps->first) {
		struct linkpool *p = ps->first;

		assert(!p->holders && !p->waiting);
		while (p->others)
			linkpool_close(p->others);
		linkpool_free(p);
	}
}
