#include <assert.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "mem.h"

#include "breaker.h"
#include "nexthop.h"
#include "upstream.h"

#include "pool.h"

enum {
	LOG_PAUSE = 5000,	/* ms between two lines about one next hop */
	POOLS_MAX = 64,		/* more than that: forget those out of use */
};

struct pool {
	struct pools *pools;
	char *url;
	char *host, *path;
	struct upstream_conf conf;
	unsigned size, uses;
	double idle_time, wait_time;
	unsigned count, holders;
	struct breaker breaker;
	int64_t logged;			/* clock_ms of the last line */
	unsigned unlogged;
	struct pool_link *idle;		/* the one used last is first */
	struct pool_link *others;
	struct pool_ticket *waiting, **waiting_end;
	struct pool *next, **prev;
};

static void on_event(void *, const struct upstream_event *);
static void serve(struct pool *);

static void
link_insert(struct pool_link *l, struct pool_link **list)
{
	l->next = *list;
	l->prev = list;
	if (l->next)
		l->next->prev = &l->next;
	*list = l;
}

static void
link_remove(struct pool_link *l)
{
	*l->prev = l->next;
	if (l->next)
		l->next->prev = l->prev;
}

static void
set_state(struct pool_link *l, enum pool_link_state state)
{
	struct pool *p = l->pool;

	link_remove(l);
	p->pools->stats.idle -= l->state == POOL_IDLE;
	l->state = state;
	p->pools->stats.idle += l->state == POOL_IDLE;
	link_insert(l, state == POOL_IDLE ? &p->idle : &p->others);
}

/* The connection is gone: its place is free. */
static void
link_free(struct pool_link *l)
{
	struct pool *p = l->pool;

	set_state(l, POOL_BUSY);
	link_remove(l);
	p->count--;
	p->pools->stats.connections--;
	mem_free(l);
	serve(p);
}

static void
link_quit(struct pool_link *l)
{
	upstream_quit(l->up);
	link_free(l);
}

static void
link_open(struct pool *p, struct pool_ticket *t)
{
	struct pool_link *l = mem_alloc(sizeof *l);

	l->pool = p;
	l->state = POOL_OPENING;
	l->ticket = t;
	t->opening = l;
	link_insert(l, &p->others);
	p->count++;
	p->pools->stats.connections++;
	l->up = upstream_new(&p->conf, &t->timeouts, on_event, l);
}

static struct pool_link *
link_give(struct pool_link *l)
{
	set_state(l, POOL_BUSY);
	l->reused = l->uses > 0;
	l->uses++;
	if (l->reused)
		l->pool->pools->stats.reused++;
	return l;
}

/* It waits for its next use, or for its end. */
static void
link_rest(struct pool_link *l)
{
	struct pool *p = l->pool;
	unsigned mail_max = upstream_ehlo(l->up)->mail_max;

	set_state(l, POOL_IDLE);
	if (p->pools->draining || l->uses >= p->uses ||
	    (mail_max && l->uses >= mail_max)) {
		link_quit(l);
		return;
	}
	upstream_idle(l->up, p->idle_time);
	serve(p);
}

static void
ticket_remove(struct pool_ticket *t)
{
	struct pool *p = t->pool;

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
serve(struct pool *p)
{
	struct pool_ticket *t;

	while ((t = p->waiting) && (p->idle || p->count < p->size)) {
		ticket_remove(t);
		if (p->idle)
			t->fn(t->arg, link_give(p->idle), POOL_UNREACHED);
		else
			link_open(p, t);
	}
}

static void
on_greeted(struct pool_link *l)
{
	struct pool *p = l->pool;
	struct pool_ticket *t = l->ticket;

	p->pools->stats.opened++;
	breaker_worked(&p->breaker);
	l->ticket = NULL;
	if (!t) {
		link_rest(l);
		return;
	}
	t->opening = NULL;
	t->fn(t->arg, link_give(l), POOL_UNREACHED);
}

static void
on_lost(struct pool_link *l, const struct upstream_event *event)
{
	struct pool *p = l->pool;
	struct pool_ticket *t = l->ticket;

	upstream_free(l->up);
	if (l->state == POOL_OPENING) {
		p->pools->stats.failed++;
		breaker_failed(&p->breaker, clock_ms());
		pool_log(p, t ? t->session : NULL, event->text);
	}
	link_free(l);
	if (!t)
		return;
	t->opening = NULL;
	t->fn(t->arg, NULL, POOL_UNREACHED);
}

/* Of connections that are nobody's: being opened, idle, or being reset. */
static void
on_event(void *arg, const struct upstream_event *event)
{
	struct pool_link *l = arg;

	switch (event->what) {
	case UPSTREAM_READY:
		on_greeted(l);
		return;
	case UPSTREAM_REPLY:
		if (l->state == POOL_RESETTING && !upstream_pending(l->up))
			link_rest(l);
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
	struct pool_ticket *t = w->data;

	ticket_remove(t);
	pool_log(t->pool, t->session, "no connection free in time");
	t->fn(t->arg, NULL, POOL_FULL);
}

static void
wait_for_link(struct pool *p, struct pool_ticket *t)
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

struct pool_link *
pool_take(struct pool *p, struct pool_ticket *t, bool fresh)
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
pool_cancel(struct pool_ticket *t)
{
	if (t->prev)
		ticket_remove(t);
	if (t->opening)
		t->opening->ticket = NULL;
	t->opening = NULL;
}

void
pool_close(struct pool_link *l)
{
	upstream_free(l->up);
	link_free(l);
}

void
pool_return(struct pool_link *l, bool reset)
{
	upstream_own(l->up, NULL, on_event, l);
	if (!upstream_in_step(l->up)) {
		pool_close(l);
		return;
	}
	upstream_forget_unsent(l->up);
	if (reset)
		upstream_command(l->up, UPSTREAM_RSET, "RSET");
	if (upstream_pending(l->up))
		set_state(l, POOL_RESETTING);
	else
		link_rest(l);
}

void
pool_log(struct pool *p, const char *session, const char *text)
{
	int64_t now = clock_ms();
	struct log_line line;

	if (p->logged && now - p->logged < LOG_PAUSE) {
		p->unlogged++;
		return;
	}
	log_begin(&line, LOG_WARN, "relay_error");
	if (session)
		log_str(&line, "id", session);
	log_str(&line, "relay", p->url);
	log_str(&line, "text", text);
	if (p->unlogged)
		log_int(&line, "more", p->unlogged);
	log_end(&line);
	p->logged = now;
	p->unlogged = 0;
}

static struct pool *
pool_find(const struct pools *ps, const char *url)
{
	struct pool *p = ps->first;

	while (p && strcmp(p->url, url) != 0)
		p = p->next;
	return p;
}

static void
pool_free(struct pool *p)
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
sweep(struct pools *ps)
{
	struct pool *p, *next;

	for (p = ps->first; p; p = next) {
		next = p->next;
		if (!p->holders && !p->count && !p->waiting && !pool_shunned(p))
			pool_free(p);
	}
}

static struct pool *
pool_new(struct pools *ps, const struct nexthop *hop)
{
	struct pool *p = mem_alloc(sizeof *p);

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

struct pool *
pool_hold(struct pools *ps, const struct nexthop *hop)
{
	struct pool *p = pool_find(ps, hop->url);

	if (!p && ps->count >= POOLS_MAX)
		sweep(ps);
	if (!p)
		p = pool_new(ps, hop);
	p->size = hop->pool_size ? hop->pool_size : 1;
	p->uses = hop->pool_uses ? hop->pool_uses : 1;
	p->idle_time = hop->pool_idle;
	p->wait_time = hop->pool_wait;
	p->holders++;
	return p;
}

void
pool_drop(struct pool *p)
{
	assert(p->holders);
	p->holders--;
}

const char *
pool_url(const struct pool *p)
{
	return p->url;
}

bool
pool_shunned(const struct pool *p)
{
	return breaker_open(&p->breaker, clock_ms());
}

bool
pools_shunned(const struct pools *ps, const char *url)
{
	const struct pool *p = pool_find(ps, url);

	return p && pool_shunned(p);
}

void
pools_drain(struct pools *ps)
{
	struct pool *p;

	ps->draining = true;
	for (p = ps->first; p; p = p->next) {
		while (p->idle)
			link_quit(p->idle);
	}
}

void
pools_clear(struct pools *ps)
{
	pools_drain(ps);
	while (ps->first) {
		struct pool *p = ps->first;

		assert(!p->holders && !p->waiting);
		while (p->others)
			pool_close(p->others);
		pool_free(p);
	}
}
