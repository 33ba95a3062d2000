#include <string.h>
#include <sys/sysinfo.h>

#include "clock.h"

#include "admission.h"

/* An IPv6 host has a whole network of addresses: it counts as one. */
static int
client_key(const struct admission *a, const struct addr *client,
    struct cidr *out)
{
	return cidr_of(client, 32, a->conf->net_v6, out);
}

static bool
same(const struct cidr *a, const struct cidr *b)
{
	return a->family == b->family && a->bits == b->bits &&
	    memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* The narrowest network of the map that has the client, or the general rule. */
static unsigned
client_limit(const struct conf_admission *c, const struct addr *client)
{
	const struct conf_per_client *best = NULL, *p;

	for (p = c->per_client_map; p < c->per_client_map + c->per_client_count;
	    p++)
		if (cidr_has(&p->net, client) &&
		    (!best || p->net.bits > best->net.bits))
			best = p;
	return best ? best->limit : c->per_client;
}

/* Our slot counts this session already, so that two workers that ask at the
 * same moment cannot both have the last one. */
static enum admission_result
check_total(const struct admission *a, const struct addr *client)
{
	unsigned limit = a->total, reserve = a->conf->reserve;
	bool busy = a->conf->load > 0 && a->load() > a->conf->load;
	bool reserved = (reserve > 0 || busy) &&
	    cidr_list_has(&a->conf->reserve_clients, client);

	if (!reserved) {
		if (busy)
			return ADMISSION_LOAD;
		limit = limit > reserve ? limit - reserve : 0;
	}
	return scoreboard_sessions(a->board) > limit ? ADMISSION_TOTAL :
	    ADMISSION_OK;
}

/* Has this client a token left for one more?  Our own relays come as often as
 * they have mail. */
static bool
take(const struct admission *a, enum rates_kind kind, const struct addr *client,
    unsigned a_minute)
{
	struct cidr key;

	return !a->rates || cidr_list_has(&a->conf->trusted, client) ||
	    client_key(a, client, &key) < 0 ||
	    rates_take(a->rates, kind, &key, a_minute, clock_ms());
}

/* Count a key, and look at the count after that.  A full table (0) refuses
 * nobody. */
static bool
enter(const struct admission *a, const struct cidr *key, unsigned limit)
{
	return scoreboard_enter(a->board, a->slot, key) <= limit || limit == 0;
}

enum admission_result
admission_enter(const struct admission *a, const struct addr *client,
    struct admission_ticket *out)
{
	const struct conf_admission *c = a->conf;
	enum admission_result result = check_total(a, client);
	struct cidr net, key;
	unsigned limit;

	memset(out, 0, sizeof *out);
	if (result != ADMISSION_OK || client_key(a, client, &key) < 0)
		return result;
	if (!take(a, RATES_CONNECTIONS, client, c->client_rate))
		return ADMISSION_CLIENT_RATE;
	out->client = key;
	limit = client_limit(c, client);
	if (c->per_net > 0 &&
	    cidr_of(client, c->net_v4, c->net_v6, &net) == 0) {
		if (!same(&net, &out->client))
			out->net = net;
		else if (limit == 0 || c->per_net < limit)
			limit = c->per_net;
	}
	if (!enter(a, &out->client, limit))
		result = ADMISSION_CLIENT;
	if (out->net.family && !enter(a, &out->net, c->per_net) &&
	    result == ADMISSION_OK)
		result = ADMISSION_NET;
	if (result != ADMISSION_OK)
		admission_leave(a, out);
	return result;
}

enum admission_result
admission_enter_proxy(const struct admission *a, struct admission_ticket *out)
{
	memset(out, 0, sizeof *out);
	return scoreboard_sessions(a->board) > a->total ? ADMISSION_TOTAL :
	    ADMISSION_OK;
}

bool
admission_is(const struct admission *a, const struct admission_ticket *t,
    const struct addr *client)
{
	struct cidr key;

	return client_key(a, client, &key) == 0 && same(&key, &t->client);
}

bool
admission_rate(const struct admission *a, enum session_rate rate,
    const struct addr *client)
{
	const struct conf_admission *c = a->conf;

	switch (rate) {
	case SESSION_RATE_HANDSHAKES:
		return take(a, RATES_HANDSHAKES, client, c->tls_rate);
	case SESSION_RATE_MESSAGES:
		return take(a, RATES_MESSAGES, client, c->message_rate);
	case SESSION_RATE_RECIPIENTS:
		return take(a, RATES_RECIPIENTS, client, c->recipient_rate);
	case SESSION_RATE_LOGINS:
		return take(a, RATES_LOGINS, client, c->auth_rate);
	}
	return true;
}

void
admission_leave(const struct admission *a, struct admission_ticket *t)
{
	if (t->client.family)
		scoreboard_leave(a->board, a->slot, &t->client);
	if (t->net.family)
		scoreboard_leave(a->board, a->slot, &t->net);
	memset(t, 0, sizeof *t);
}

unsigned
admission_count(const struct admission *a, const struct addr *client)
{
	struct cidr key;

	return client_key(a, client, &key) < 0 ? 0 :
	    scoreboard_count(a->board, &key);
}

const char *
admission_reply(enum admission_result r)
{
	switch (r) {
	case ADMISSION_OK:
		break;
	case ADMISSION_TOTAL:
		return "421 4.3.2 too many connections, try again later\r\n";
	case ADMISSION_LOAD:
		return "421 4.3.2 too busy, try again later\r\n";
	case ADMISSION_CLIENT:
		return "421 4.7.0 too many connections from your address\r\n";
	case ADMISSION_NET:
		return "421 4.7.0 too many connections from your network\r\n";
	case ADMISSION_CLIENT_RATE:
		return "421 4.7.0 too many connections in a short time\r\n";
	case ADMISSION_TLS_RATE:
		return "454 4.7.0 too many handshakes in a short time\r\n";
	}
	return "";
}

const char *
admission_name(enum admission_result r)
{
	switch (r) {
	case ADMISSION_OK:
		return "ok";
	case ADMISSION_TOTAL:
		return "total";
	case ADMISSION_LOAD:
		return "load";
	case ADMISSION_CLIENT:
		return "client";
	case ADMISSION_NET:
		return "net";
	case ADMISSION_CLIENT_RATE:
		return "client_rate";
	case ADMISSION_TLS_RATE:
		return "tls_rate";
	}
	return "";
}

double
admission_load(void)
{
	static double load;
	static int64_t read_at;
	int64_t now = clock_ms();
	struct sysinfo info;

	if (read_at == 0 || now - read_at >= 1000) {
		if (sysinfo(&info) == 0)
			load = (double)info.loads[0] / (1 << SI_LOAD_SHIFT);
		read_at = now;
	}
	return load;
}
