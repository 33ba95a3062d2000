#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "clock.h"
#include "log.h"
#include "mem.h"

#include "linkpool_state.h"

#include "linkpool.h"

enum {
	LOG_PAUSE = 5000,	/* ms between two lines about one next hop */
	POOLS_MAX = 64,		/* more than that: forget those out of use */
};

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
	int64_t now = clock_ms(), *logged = &p->logged[session != NULL];
	struct log_line line;

	if (*logged && now - *logged < LOG_PAUSE) {
		p->unlogged++;
		return;
	}
	linkpool_log_begin(&line, session, LOG_WARN);
	log_str(&line, "relay", p->hop.url);
	log_str(&line, "text", text);
	if (p->unlogged)
		log_int(&line, "more", p->unlogged);
	log_end(&line);
	*logged = now;
	p->unlogged = 0;
}

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* What is said over a connection, and what it takes to have one. */
static bool
same_hop(const struct nexthop *a, const struct nexthop *b)
{
	return strcmp(a->url, b->url) == 0 && same(a->source, b->source) &&
	    a->implicit_tls == b->implicit_tls && a->tls == b->tls &&
	    a->identity == b->identity && same(a->ca, b->ca) &&
	    same(a->fingerprint, b->fingerprint) && same(a->user, b->user) &&
	    same(a->password, b->password);
}

static struct linkpool *
linkpool_find(const struct linkpools *ps, const struct nexthop *hop)
{
	struct linkpool *p = ps->first;

	while (p && !same_hop(&p->hop, hop))
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
	tls_client_free(p->conf.tls);
	arena_free(p->arena);
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

/* The texts of a hop that a hook named live as long as its transaction. */
static void
copy_hop(struct linkpool *p, const struct nexthop *hop)
{
	p->hop = *hop;
	p->hop.url = arena_strdup(p->arena, hop->url);
	p->hop.host = arena_strdup(p->arena, hop->host);
	p->hop.path = arena_strdup(p->arena, hop->path);
	p->hop.source = arena_strdup(p->arena, hop->source);
	p->hop.ca = arena_strdup(p->arena, hop->ca);
	p->hop.fingerprint = arena_strdup(p->arena, hop->fingerprint);
	p->hop.user = arena_strdup(p->arena, hop->user);
	p->hop.password = arena_strdup(p->arena, hop->password);
}

/* What is asked of the server's certificate; a failure is told by each attempt
 * to connect. */
static void
make_tls(struct linkpool *p)
{
	const struct relays_conf *rc = &p->pools->conf;
	const struct nexthop *hop = &p->hop;
	struct tls_client_conf conf = {
		.name = hop->host, .fingerprint = hop->fingerprint,
	};

	if (hop->tls == NEXTHOP_TLS_OFF && !hop->implicit_tls)
		return;
	if (hop->tls == NEXTHOP_TLS_VERIFY)
		conf.trust = hop->fingerprint ? TLS_TRUST_PIN : TLS_TRUST_CA;
	if (hop->ca) {
		conf.ca.path = hop->ca;
		conf.ca.p = rc->certificate ? rc->certificate(rc->find_arg,
		    hop->ca, &conf.ca.len) : NULL;
		if (!conf.ca.p) {
			snprintf(p->tls_error, sizeof p->tls_error,
			    "%s: not loaded", hop->ca);
			return;
		}
	}
	p->conf.tls = tls_client_new(&conf, p->tls_error);
}

static struct linkpool *
linkpool_new(struct linkpools *ps, const struct nexthop *hop)
{
	struct linkpool *p = mem_alloc(sizeof *p);
	const struct relays_conf *rc = &ps->conf;

	p->pools = ps;
	p->arena = arena_new();
	copy_hop(p, hop);
	p->conf = (struct upstream_conf){
		.loop = rc->loop, .dns = rc->dns, .hostname = rc->hostname,
		.hop = &p->hop, .tls_error = p->tls_error,
	};
	if (hop->user && hop->password && rc->secret)
		p->conf.password = rc->secret(rc->find_arg, hop->password,
		    &p->conf.password_len);
	make_tls(p);
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
	struct linkpool *p = linkpool_find(ps, hop);

	if (!p && ps->count >= POOLS_MAX)
		sweep(ps);
	if (!p)
		p = linkpool_new(ps, hop);
	p->hop.pool_size = hop->pool_size ? hop->pool_size : 1;
	p->hop.pool_uses = hop->pool_uses ? hop->pool_uses : 1;
	p->hop.pool_idle = hop->pool_idle;
	p->hop.pool_wait = hop->pool_wait;
	p->holders++;
	return p;
}

void
linkpool_drop(struct linkpool *p)
{
	assert(p->holders);
	p->holders--;
}

const struct nexthop *
linkpool_hop(const struct linkpool *p)
{
	return &p->hop;
}

bool
linkpool_shunned(const struct linkpool *p)
{
	return breaker_open(&p->breaker, clock_ms());
}

bool
linkpools_shunned(const struct linkpools *ps, const struct nexthop *hop)
{
	const struct linkpool *p = linkpool_find(ps, hop);

	return p && linkpool_shunned(p);
}

bool
linkpool_offer(const struct linkpool *p, struct ehlo *out, int64_t *when)
{
	*out = p->offer;
	*when = p->offered;
	return p->offered != 0;
}

bool
linkpools_offer(const struct linkpools *ps, const struct nexthop *hop,
    struct ehlo *out)
{
	const struct linkpool *p = linkpool_find(ps, hop);
	int64_t when;

	return p && linkpool_offer(p, out, &when);
}

void
linkpools_drain(struct linkpools *ps)
{
	struct linkpool *p;

	ps->draining = true;
	for (p = ps->first; p; p = p->next)
		linkpool_close_idle(p);
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
