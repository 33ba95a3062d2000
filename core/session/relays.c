#include "mem.h"

#include "relays.h"

struct relays *
relays_new(const struct relays_conf *conf)
{
	struct relays *rs = mem_alloc(sizeof *rs);

	rs->offload = conf->offload;
	rs->hostname = mem_strdup(conf->hostname);
	rs->pools.loop = conf->loop;
	rs->pools.dns = conf->dns;
	rs->pools.hostname = rs->hostname;
	return rs;
}

void
relays_free(struct relays *rs)
{
	if (!rs)
		return;
	linkpools_clear(&rs->pools);
	mem_free(rs->hostname);
	mem_free(rs);
}

void
relays_drain(struct relays *rs)
{
	linkpools_drain(&rs->pools);
}

void
relays_stats(const struct relays *rs, struct relays_stats *out)
{
	*out = rs->pools.stats;
}
