#include "mem.h"

#include "ehlo.h"
#include "nexthop.h"
#include "watch.h"

#include "relays.h"

struct relays *
relays_new(const struct relays_conf *conf)
{
	struct relays *rs = mem_alloc(sizeof *rs);

	rs->hostname = mem_strdup(conf->hostname);
	rs->pools.conf = *conf;
	rs->pools.conf.hostname = rs->hostname;
	return rs;
}

static void
stop_watching(struct relays *rs)
{
	while (rs->watches) {
		struct watch *w = rs->watches;

		rs->watches = w->next;
		watch_free(w);
	}
}

void
relays_free(struct relays *rs)
{
	if (!rs)
		return;
	relays_drain(rs);
	linkpools_clear(&rs->pools);
	mem_free(rs->hostname);
	mem_free(rs);
}

/* What is asked only for us is not asked any more. */
void
relays_drain(struct relays *rs)
{
	rs->pools.draining = true;
	stop_watching(rs);
	linkpools_drain(&rs->pools);
}

void
relays_stats(const struct relays *rs, struct relays_stats *out)
{
	*out = rs->pools.stats;
}

static bool
is_watched(const struct relays *rs, const struct linkpool *p)
{
	const struct watch *w = rs->watches;

	while (w && w->pool != p)
		w = w->next;
	return w != NULL;
}

static void
watch_hop(struct relays *rs, const struct nexthop *hop)
{
	struct linkpool *p = linkpool_hold(&rs->pools, hop);
	struct watch *w;

	if (!is_watched(rs, p)) {
		w = watch_new(&rs->pools, hop);
		w->next = rs->watches;
		rs->watches = w;
	}
	linkpool_drop(p);
}

void
relays_watch(struct relays *rs, const struct route *route)
{
	size_t i;

	if (rs->pools.draining)
		return;
	for (i = 0; i < route->count; i++) {
		if (nexthop_answers(&route->hop[i]))
			watch_hop(rs, &route->hop[i]);
	}
}

bool
relays_offer(struct relays *rs, const struct route *route, struct ehlo *out)
{
	struct ehlo all = { .offers = ~0u, .auth = ~0u, .xclient = ~0u,
		.xforward = ~0u };
	struct ehlo one;
	size_t i;

	for (i = 0; i < route->count; i++) {
		const struct nexthop *hop = &route->hop[i];

		if (!nexthop_answers(hop))
			continue;
		if (!linkpools_offer(&rs->pools, hop, &one)) {
			ehlo_modest(out);
			return false;
		}
		ehlo_meet(&all, &one);
	}
	*out = all;
	return true;
}
