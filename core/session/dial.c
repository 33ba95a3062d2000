#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "conn.h"
#include "dns.h"
#include "mem.h"

#include "dial.h"

enum { ADDRS_MAX = 16, ERROR_MAX = 256 };

struct dial {
	struct dial_target target;	/* its texts are the caller's */
	dial_fn fn;
	void *arg;
	struct dns_query *query;
	struct conn *conn;
	struct addr from;		/* family 0: any of ours */
	struct addr addr[ADDRS_MAX];
	size_t count, next;
	char error[ERROR_MAX];	/* of the last address tried */
};

static const char other_family[] = "not of the address family of source";

static void next_address(struct dial *);

static bool
is_usable(const struct dial *d, const struct addr *to)
{
	return !d->target.source || addr_family(to) == addr_family(&d->from);
}

static void
end(struct dial *d, struct conn *c)
{
	d->conn = NULL;
	if (c)
		d->fn(d->arg, c, &d->addr[d->next - 1], NULL);
	else
		d->fn(d->arg, NULL, NULL, d->error);
	mem_free(d);
}

static void
address_failed(struct dial *d, const char *why)
{
	char text[ADDR_TEXT_MAX];

	snprintf(d->error, sizeof d->error, "%s: %s",
	    addr_text(&d->addr[d->next - 1], text), why);
	conn_free(d->conn);
	d->conn = NULL;
	if (d->next < d->count)
		next_address(d);
	else
		end(d, NULL);
}

static void
on_conn(void *arg, enum conn_event event)
{
	struct dial *d = arg;

	switch (event) {
	case CONN_CONNECTED:
		conn_deadline(d->conn, 0);
		end(d, d->conn);
		return;
	case CONN_ERROR:
		address_failed(d, is_usable(d, &d->addr[d->next - 1]) ?
		    conn_strerror(d->conn) : other_family);
		return;
	case CONN_TIMEOUT:
		address_failed(d, strerror(ETIMEDOUT));
		return;
	case CONN_SECURED:
	case CONN_DATA:
	case CONN_EOF:
	case CONN_DRAINED:
		return;
	}
}

static void
next_address(struct dial *d)
{
	d->conn = conn_connect(d->target.loop, &d->addr[d->next++],
	    d->target.source ? &d->from : NULL, on_conn, d);
	conn_deadline(d->conn, d->target.timeout);
}

static void
on_addresses(void *arg, const struct dns_answer *answer)
{
	struct dial *d = arg;
	size_t i;

	d->query = NULL;
	for (i = 0; i < answer->count && d->count < ADDRS_MAX; i++) {
		struct addr *to = &d->addr[d->count];
		const char *text = answer->record[i].text;

		if (addr_parse(text, d->target.port, to) == 0 &&
		    is_usable(d, to))
			d->count++;
	}
	if (d->count) {
		next_address(d);
		return;
	}
	snprintf(d->error, sizeof d->error, "%s: %s", d->target.host,
	    answer->error ? answer->error : answer->count > 0 ?
	    other_family : "no address");
	end(d, NULL);
}

static int
parse_target(const struct dial_target *t, struct addr *out)
{
	char text[ADDR_TEXT_MAX + sizeof "unix:"];

	if (t->host)
		return addr_parse(t->host, t->port, out);
	snprintf(text, sizeof text, "unix:%s", t->path);
	return addr_parse(text, 0, out);
}

struct dial *
dial_start(const struct dial_target *target, dial_fn fn, void *arg)
{
	struct dial *d = mem_alloc(sizeof *d);

	d->target = *target;
	d->fn = fn;
	d->arg = arg;
	if (target->source)
		addr_parse(target->source, 0, &d->from);
	if (parse_target(target, &d->addr[0]) == 0) {
		d->count = 1;
		next_address(d);
	} else {
		d->query = dns_start_host(target->dns, target->host ?
		    target->host : "", on_addresses, d);
	}
	return d;
}

void
dial_cancel(struct dial *d)
{
	if (!d)
		return;
	dns_cancel(d->query);
	conn_free(d->conn);
	mem_free(d);
}
