#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <ev.h>

#include "log.h"
#include "mem.h"

#include "dns_answer.h"
#include "dns_text.h"

#include "dns.h"

enum { CLASS_IN = 1, EDNS_SIZE = 1232 };

struct dns {
	struct ev_loop *loop;
	ares_channel channel;
	size_t servers;
	char *hosts;
	ev_timer timer;		/* the next try, or its end */
	ev_timer soon;		/* answers that wait for the next turn */
	struct watch *watches;	/* one for each socket of c-ares */
	struct dns_query *open;
	struct dns_query *answered, **answered_end;
	unsigned answers;	/* in that list */
	bool busy;		/* deliver follows: no need of soon */
};

struct watch {
	ev_io io;
	struct dns *dns;
	struct watch *next;
};

struct dns_query {
	struct dns *dns;
	dns_fn fn;		/* NULL once cancelled */
	void *arg;
	enum dns_type type;
	unsigned pending;	/* questions at c-ares */
	enum dns_status status;
	const char *error;
	struct dns_set set;
	bool is_answered;
	struct dns_query *next, **prev;		/* in open or answered */
	struct ask { struct dns_query *query; enum dns_type type; } ask[2];
};

static const struct {
	int ares;
	enum dns_status status;
} statuses[] = {
	{ ARES_SUCCESS,		DNS_OK },
	{ ARES_ENODATA,		DNS_NONE },
	{ ARES_ENOTFOUND,	DNS_NXDOMAIN },
	{ ARES_ETIMEOUT,	DNS_TIMEOUT },
	{ ARES_EREFUSED,	DNS_REFUSED },
};

static enum dns_status
status_of(int ares)
{
	size_t i;

	for (i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		if (statuses[i].ares == ares)
			return statuses[i].status;
	}
	return DNS_FAILED;
}

static void
unlink_query(struct dns_query *q)
{
	*q->prev = q->next;
	if (q->next)
		q->next->prev = q->prev;
	else if (q->is_answered)
		q->dns->answered_end = q->prev;
	q->dns->answers -= q->is_answered;
}

static void
query_free(struct dns_query *q)
{
	unlink_query(q);
	dns_answer_clear(&q->set);
	mem_free(q);
}

static void
deliver_soon(struct dns *d)
{
	if (ev_is_active(&d->soon))
		return;
	ev_timer_set(&d->soon, 0, 0);
	ev_timer_start(d->loop, &d->soon);
}

/* All that was asked has come: it is for deliver now. */
static void
query_answered(struct dns_query *q)
{
	struct dns *d = q->dns;

	unlink_query(q);
	q->is_answered = true;
	d->answers++;
	q->next = NULL;
	q->prev = d->answered_end;
	*d->answered_end = q;
	d->answered_end = &q->next;
	if (!d->busy)
		deliver_soon(d);
}

/* Tell the owners; what is answered meanwhile waits for the next turn. */
static void
deliver(struct dns *d)
{
	struct dns_answer answer;
	struct dns_query *q;
	unsigned n = d->answers;
	dns_fn fn;

	while (n-- && (q = d->answered)) {
		dns_answer_sort(&q->set, q->type);
		answer.status = q->set.count ? DNS_OK : q->status;
		answer.error = answer.status == DNS_OK ? NULL : q->error;
		answer.count = q->set.count;
		answer.record = q->set.record;
		unlink_query(q);
		fn = q->fn;
		q->fn = NULL;	/* dns_cancel is harmless from now on */
		fn(q->arg, &answer);
		dns_answer_clear(&q->set);
		mem_free(q);
	}
	if (d->answered)
		deliver_soon(d);
}

static void
on_soon(struct ev_loop *loop, ev_timer *w, int revents)
{
	deliver(w->data);
}

/* Two questions for one host: a failure tells more than "none", and "none"
 * more than NXDOMAIN. */
static bool
tells_more(enum dns_status a, enum dns_status b)
{
	static const int rank[] = {
		[DNS_OK] = 0, [DNS_NXDOMAIN] = 1, [DNS_NONE] = 2,
		[DNS_REFUSED] = 3, [DNS_FAILED] = 4, [DNS_TIMEOUT] = 5,
	};

	return rank[a] > rank[b];
}

static void
query_note(struct dns_query *q, enum dns_status status, const char *error)
{
	if (!tells_more(status, q->status))
		return;
	q->status = status;
	q->error = error;
}

static void
on_reply(void *arg, int ares, int timeouts, unsigned char *p, int len)
{
	struct ask *ask = arg;
	struct dns_query *q = ask->query;
	size_t before = q->set.count;

	q->pending--;
	if (ares != ARES_SUCCESS)
		query_note(q, status_of(ares), ares_strerror(ares));
	else if (dns_answer_parse(ask->type, p, (size_t)len, &q->set) < 0)
		query_note(q, DNS_FAILED, "malformed answer");
	else if (q->set.count == before)
		query_note(q, DNS_NONE, ares_strerror(ARES_ENODATA));
	if (q->pending)
		return;
	if (q->fn)
		query_answered(q);
	else
		query_free(q);
}

/* Let the timer come when c-ares wants to look at its questions again. */
static void
rearm(struct dns *d)
{
	struct timeval tv, *t = ares_timeout(d->channel, NULL, &tv);

	ev_timer_stop(d->loop, &d->timer);
	if (!t)
		return;
	ev_timer_set(&d->timer, (double)t->tv_sec + (double)t->tv_usec / 1e6,
	    0);
	ev_timer_start(d->loop, &d->timer);
}

/* Let c-ares look at its sockets, then tell what came of it.  It is never
 * the owner's turn while c-ares is at work. */
static void
process(struct dns *d, int readable, int writable)
{
	d->busy = true;
	ares_process_fd(d->channel, readable, writable);
	d->busy = false;
	rearm(d);
	deliver(d);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	process(w->data, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void
on_socket(struct ev_loop *loop, ev_io *w, int revents)
{
	struct watch *watch = w->data;

	process(watch->dns, revents & EV_READ ? w->fd : ARES_SOCKET_BAD,
	    revents & EV_WRITE ? w->fd : ARES_SOCKET_BAD);
}

/* c-ares says what it wants to know of a socket: nothing, once it closes it. */
static void
on_socket_state(void *arg, ares_socket_t fd, int reads, int writes)
{
	struct dns *d = arg;
	struct watch **at = &d->watches, *w;

	while (*at && (*at)->io.fd != fd)
		at = &(*at)->next;
	w = *at;
	if (!w && (reads || writes)) {
		w = *at = mem_alloc(sizeof *w);
		w->dns = d;
		ev_io_init(&w->io, on_socket, fd, 0);
		w->io.data = w;
	}
	if (!w)
		return;
	ev_io_stop(d->loop, &w->io);
	if (reads || writes) {
		ev_io_set(&w->io, fd, (reads ? EV_READ : 0) |
		    (writes ? EV_WRITE : 0));
		ev_io_start(d->loop, &w->io);
	} else {
		*at = w->next;
		mem_free(w);
	}
}

static int
set_servers(struct dns *d, const struct addr *addr, size_t n)
{
	struct ares_addr_port_node node[DNS_SERVERS_MAX] = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		const uint8_t *ip = addr_bytes(&addr[i]);

		node[i].family = addr_family(&addr[i]);
		node[i].udp_port = node[i].tcp_port = addr_port(&addr[i]);
		node[i].next = i + 1 < n ? &node[i + 1] : NULL;
		if (ip)
			memcpy(&node[i].addr, ip, node[i].family == AF_INET ?
			    sizeof(struct in_addr) : sizeof(struct in6_addr));
	}
	return ares_set_servers_ports(d->channel, n ? node : NULL);
}

/*
 * Every option that c-ares would otherwise look up is set, so that it reads no
 * file and no environment.  It seeds its query ids from /dev/urandom, and
 * where that cannot be opened (chroot) from rand: seed that well.
 *
 * Of several servers the next is asked when one answers SERVFAIL or REFUSED,
 * and then c-ares cannot say which it was; of a single one we want to know.
 */
static int
start_channel(struct dns *d, const struct dns_conf *conf)
{
	char lookups[] = "b";
	struct ares_options o = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
		    ARES_FLAG_EDNS,
		.timeout = (int)(conf->timeout * 1000),
		.tries = conf->tries,
		.ednspsz = EDNS_SIZE,
		.lookups = lookups,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = d,
	};
	struct addr addr[DNS_SERVERS_MAX];
	size_t n = dns_text_servers(conf->servers, conf->resolv_conf, addr);
	unsigned seed;
	int status;

	d->servers = n;
	if (n == 1)
		o.flags |= ARES_FLAG_NOCHECKRESP;
	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed)
		srand(seed);
	status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status != ARES_SUCCESS)
		return status;
	status = ares_init_options(&d->channel, &o, ARES_OPT_FLAGS |
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
	    ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
	    ARES_OPT_SORTLIST | ARES_OPT_SOCK_STATE_CB | ARES_OPT_EDNSPSZ |
	    ARES_OPT_NOROTATE);
	return status == ARES_SUCCESS ? set_servers(d, addr, n) : status;
}

struct dns *
dns_new(struct ev_loop *loop, const struct dns_conf *conf)
{
	struct dns *d = mem_alloc(sizeof *d);
	int status;

	d->loop = loop;
	d->answered_end = &d->answered;
	ev_timer_init(&d->timer, on_timer, 0, 0);
	ev_timer_init(&d->soon, on_soon, 0, 0);
	d->timer.data = d->soon.data = d;
	status = start_channel(d, conf);
	if (status != ARES_SUCCESS) {
		log_event(LOG_ERROR, "dns_error", "c-ares: %s",
		    ares_strerror(status));
		errno = status == ARES_ENOMEM ? ENOMEM : EINVAL;
		dns_free(d);
		return NULL;
	}
	if (conf->hosts)
		d->hosts = mem_strdup(conf->hosts);
	return d;
}

void
dns_free(struct dns *d)
{
	struct dns_query *q;

	if (!d)
		return;
	for (q = d->open; q; q = q->next)
		q->fn = NULL;
	if (d->channel)
		ares_destroy(d->channel);
	while (d->answered)
		query_free(d->answered);
	ev_timer_stop(d->loop, &d->timer);
	ev_timer_stop(d->loop, &d->soon);
	mem_free(d->hosts);
	mem_free(d);
	ares_library_cleanup();
}

static struct dns_query *
query_new(struct dns *d, enum dns_type type, dns_fn fn, void *arg)
{
	struct dns_query *q = mem_alloc(sizeof *q);

	q->dns = d;
	q->type = type;
	q->fn = fn;
	q->arg = arg;
	q->next = d->open;
	if (q->next)
		q->next->prev = &q->next;
	q->prev = &d->open;
	d->open = q;
	return q;
}

/* Ask for all of types (at most two) at once. */
static void
query_ask(struct dns_query *q, const char *name, const enum dns_type *types,
    unsigned count)
{
	const char *error = NULL;
	unsigned i;

	if (!*name || !dns_name_ok(name))
		error = "not a name that can be asked for";
	else if (!q->dns->servers)
		error = "no name server";
	if (error) {
		query_note(q, DNS_FAILED, error);
		query_answered(q);
		return;
	}
	q->pending = count;
	for (i = 0; i < count; i++) {
		q->ask[i] = (struct ask){ q, types[i] };
		ares_query(q->dns->channel, name, CLASS_IN,
		    dns_answer_type(types[i]), on_reply, &q->ask[i]);
	}
	rearm(q->dns);
}

struct dns_query *
dns_start(struct dns *d, enum dns_type type, const char *name, dns_fn fn,
    void *arg)
{
	struct dns_query *q = query_new(d, type, fn, arg);

	query_ask(q, name, &type, 1);
	return q;
}

struct dns_query *
dns_start_ptr(struct dns *d, const struct addr *addr, dns_fn fn, void *arg)
{
	const uint8_t *ip = addr_bytes(addr);
	char name[DNS_NAME_MAX] = "";
	size_t n = 0;
	int i;

	if (addr_family(addr) == AF_INET) {
		snprintf(name, sizeof name, "%u.%u.%u.%u.in-addr.arpa", ip[3],
		    ip[2], ip[1], ip[0]);
	} else if (addr_family(addr) == AF_INET6) {
		for (i = 15; i >= 0; i--)
			n += (size_t)snprintf(name + n, sizeof name - n,
			    "%x.%x.", ip[i] & 15, ip[i] >> 4);
		snprintf(name + n, sizeof name - n, "ip6.arpa");
	}
	return dns_start(d, DNS_PTR, name, fn, arg);
}

struct dns_query *
dns_start_host(struct dns *d, const char *name, dns_fn fn, void *arg)
{
	static const enum dns_type both[] = { DNS_A, DNS_AAAA };
	struct dns_query *q = query_new(d, DNS_A, fn, arg);
	unsigned char ip[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, name, ip) == 1 ||
	    inet_pton(AF_INET6, name, ip) == 1)
		dns_answer_add(&q->set, name, strlen(name), 0);
	else if (!dns_text_hosts(d->hosts, name, &q->set)) {
		query_ask(q, name, both, 2);
		return q;
	}
	query_answered(q);
	return q;
}

void
dns_cancel(struct dns_query *q)
{
	if (!q || !q->fn)
		return;
	q->fn = NULL;
	if (q->is_answered)
		query_free(q);
}
