#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "conn.h"
#include "mem.h"
#include "reply.h"
#include "tls.h"

#include "dial.h"
#include "identity.h"
#include "nexthop.h"
#include "upstream_state.h"

#include "upstream.h"

enum { TEXT_MAX = 512 };

bool
upstream_tell(struct upstream *u, const struct upstream_event *event)
{
	u->telling = true;
	u->fn(u->arg, event);
	u->telling = false;
	if (!u->gone)
		return true;
	mem_free(u);
	return false;
}

static void
release(struct upstream *u)
{
	dial_cancel(u->dial);
	conn_free(u->conn);
	buf_clear(&u->expected);
	buf_clear(&u->unsent);
	buf_clear(&u->preface);
	buf_clear(&u->identity);
	u->dial = NULL;
	u->conn = NULL;
}

void
upstream_free(struct upstream *u)
{
	if (!u)
		return;
	release(u);
	if (u->telling)
		u->gone = true;
	else
		mem_free(u);
}

void
upstream_quit(struct upstream *u)
{
	if (u->conn && !u->in_content && !u->securing) {
		conn_puts(u->conn, "QUIT\r\n");
		conn_close(u->conn);
		u->conn = NULL;
	}
	upstream_free(u);
}

/* Before it is ready, most faults mean that it was not reached. */
void
upstream_lose(struct upstream *u, enum upstream_fault fault,
    const char *fmt, ...)
{
	char text[TEXT_MAX];
	struct upstream_event event = { .what = UPSTREAM_LOST, .text = text };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!u->ready && (fault < UPSTREAM_INSECURE ||
	    fault > UPSTREAM_REFUSED))
		fault = UPSTREAM_UNREACHED;
	event.fault = fault;
	release(u);
	upstream_tell(u, &event);
}

/* The deadline is that of the reply that comes next. */
void
upstream_set_deadline(struct upstream *u)
{
	double seconds = u->idle;

	if (u->securing)
		seconds = u->timeouts.connect;
	else if (u->in_content)
		seconds = u->timeouts.data;
	else if (u->expected.len && u->expected.p[0] == UPSTREAM_BANNER)
		seconds = u->timeouts.connect;
	else if (u->expected.len && (u->expected.p[0] == UPSTREAM_DATA ||
	    u->expected.p[0] == UPSTREAM_END))
		seconds = u->timeouts.data;
	else if (u->expected.len)
		seconds = u->timeouts.command;
	conn_deadline(u->conn, seconds);
}

void
upstream_expect(struct upstream *u, enum upstream_verb verb)
{
	const char octet = (char)verb;

	buf_append(&u->expected, &octet, 1);
}

/* Send what may be sent: everything, or one command at a time. */
static void
flow(struct upstream *u)
{
	bool all = u->ehlo.offers & EHLO_PIPELINING && u->ready;

	if (u->securing)
		return;
	while (u->unsent.len && (all || !u->expected.len)) {
		char *end = memchr(u->unsent.p + 1, '\n', u->unsent.len - 1);
		size_t len = (size_t)(end - u->unsent.p) + 1;

		if (u->unsent.p[0] == UPSTREAM_DATA)
			u->content_asked = true;
		buf_append(&u->expected, u->unsent.p, 1);
		conn_send(u->conn, u->unsent.p + 1, len - 1);
		buf_consume(&u->unsent, len);
		u->unsent_count--;
	}
	upstream_set_deadline(u);
}

void
upstream_command(struct upstream *u, enum upstream_verb verb,
    const char *fmt, ...)
{
	const char octet = (char)verb;
	char *line;
	size_t from;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(n > 0 && !u->in_content);
	buf_append(&u->unsent, &octet, 1);
	from = u->unsent.len;
	line = buf_reserve(&u->unsent, (size_t)n + sizeof "\r\n");
	va_start(ap, fmt);
	vsnprintf(line, (size_t)n + 1, fmt, ap);
	va_end(ap);
	assert(!memchr(line, '\n', (size_t)n));
	memcpy(line + n, "\r\n", 2);
	buf_commit(&u->unsent, (size_t)n + 2);
	assert(u->unsent.len == from + (size_t)n + 2);
	u->unsent_count++;
	if (u->conn)
		flow(u);
}

/* Nobody waits for a reply: it may refuse the content that is being sent. */
static bool
on_unexpected(struct upstream *u, const struct reply *reply)
{
	const struct upstream_event event = {
		.what = UPSTREAM_REPLY, .verb = UPSTREAM_END, .reply = reply,
	};
	int class = reply_class(reply->code);

	if (u->in_content && (class == 4 || class == 5))
		return upstream_tell(u, &event);
	upstream_lose(u, UPSTREAM_GARBLED, "reply to nothing: %d %s",
	    reply->code, reply->text);
	return false;
}

static bool
on_reply(struct upstream *u, const struct reply *reply)
{
	struct upstream_event event = {
		.what = UPSTREAM_REPLY, .reply = reply,
	};

	if (reply->code == 421) {
		upstream_lose(u, UPSTREAM_CLOSED, "421 %s", reply->text);
		return false;
	}
	if (!u->expected.len)
		return on_unexpected(u, reply);
	event.verb = (enum upstream_verb)u->expected.p[0];
	buf_consume(&u->expected, 1);
	switch (event.verb) {
	case UPSTREAM_BANNER:
	case UPSTREAM_HELLO:
	case UPSTREAM_STARTTLS:
	case UPSTREAM_AUTH:
	case UPSTREAM_XCLIENT:
		return upstream_hello_reply(u, event.verb, reply);
	case UPSTREAM_DATA:
		u->in_content = reply->code == 354;
		u->content_asked = u->in_content;
		break;
	case UPSTREAM_END:
		/* It cannot have taken what it has not been sent. */
		if (conn_unsent(u->conn) && reply_class(reply->code) == 2) {
			upstream_lose(u, UPSTREAM_GARBLED,
			    "%d before the end of data", reply->code);
			return false;
		}
		u->content_asked = u->expected.len > 0;
		break;
	case UPSTREAM_RSET:
	case UPSTREAM_XFORWARD:
	case UPSTREAM_MAIL:
	case UPSTREAM_RCPT:
		break;
	}
	return upstream_tell(u, &event);
}

static void
on_input(struct upstream *u)
{
	struct buf *in = conn_input(u->conn);

	while (in->len) {
		switch (reply_parse(&u->parser, in)) {
		case REPLY_MORE:
			if (!u->expected.len && !u->in_content)
				upstream_lose(u, UPSTREAM_GARBLED,
				    "reply to nothing");
			return;
		case REPLY_MALFORMED:
			upstream_lose(u, UPSTREAM_GARBLED, "malformed reply");
			return;
		case REPLY_DONE:
			if (!on_reply(u, &u->parser.reply) || !u->conn)
				return;
			flow(u);
			break;
		}
	}
}

static void
on_timeout(struct upstream *u)
{
	struct conn *c = u->conn;

	if (u->securing) {
		upstream_lose(u, UPSTREAM_INSECURE,
		    "TLS handshake: no answer in time");
		return;
	}
	if (u->expected.len || u->in_content) {
		upstream_lose(u, UPSTREAM_SLOW, "no answer in time");
		return;
	}
	u->conn = NULL;
	conn_puts(c, "QUIT\r\n");
	conn_close(c);
	upstream_lose(u, UPSTREAM_IDLE, "idle");
}

/* The end of the connection; in the handshake it is that which failed, and the
 * peer is to have our alert. */
static void
on_end(struct upstream *u, const char *why)
{
	struct conn *c = u->conn;

	if (!u->securing) {
		upstream_lose(u, UPSTREAM_CLOSED, "%s", why);
		return;
	}
	u->conn = NULL;
	upstream_lose(u, UPSTREAM_INSECURE, "handshake: %s", why);
	conn_close(c);
}

static void
on_conn(void *arg, enum conn_event what)
{
	const struct upstream_event drained = { .what = UPSTREAM_DRAINED };
	struct upstream *u = arg;

	switch (what) {
	case CONN_CONNECTED:
		return;
	case CONN_SECURED:
		upstream_hello_secured(u);
		return;
	case CONN_DATA:
		on_input(u);
		return;
	case CONN_DRAINED:
		upstream_set_deadline(u);
		upstream_tell(u, &drained);
		return;
	case CONN_EOF:
	case CONN_ERROR:
		on_end(u, what == CONN_EOF ? "connection closed" :
		    conn_strerror(u->conn));
		return;
	case CONN_TIMEOUT:
		on_timeout(u);
		return;
	}
}

static void
on_dialled(void *arg, struct conn *c, const struct addr *peer,
    const char *error)
{
	struct upstream *u = arg;

	u->dial = NULL;
	if (!c) {
		upstream_lose(u, UPSTREAM_UNREACHED, "%s", error);
		return;
	}
	u->conn = c;
	u->peer = *peer;
	conn_own(c, on_conn, u);
	upstream_hello_start(u);
}

struct upstream *
upstream_new(const struct upstream_conf *conf,
    const struct relay_timeouts *timeouts, upstream_fn fn, void *arg)
{
	struct upstream *u = mem_alloc(sizeof *u);
	struct dial_target target = {
		.loop = conf->loop, .dns = conf->dns, .host = conf->hop->host,
		.port = conf->hop->port, .path = conf->hop->path,
		.source = conf->hop->source, .timeout = timeouts->connect,
	};

	u->conf = *conf;
	u->timeouts = *timeouts;
	u->fn = fn;
	u->arg = arg;
	u->clear = conf->clear;
	buf_init(&u->expected);
	buf_init(&u->unsent);
	buf_init(&u->preface);
	buf_init(&u->identity);
	reply_parser_init(&u->parser);
	if (conf->hop->identity == NEXTHOP_IDENTITY_PROXY)
		identity_proxy(&u->preface, conf->client);
	u->conf.client = NULL;
	u->dial = dial_start(&target, on_dialled, u);
	return u;
}

void
upstream_own(struct upstream *u, const struct relay_timeouts *timeouts,
    upstream_fn fn, void *arg)
{
	if (timeouts)
		u->timeouts = *timeouts;
	u->fn = fn;
	u->arg = arg;
	u->idle = 0;
	if (u->conn)
		upstream_set_deadline(u);
}

const struct ehlo *
upstream_ehlo(const struct upstream *u)
{
	return &u->ehlo;
}

const struct addr *
upstream_peer(const struct upstream *u)
{
	return &u->peer;
}

bool
upstream_is_lmtp(const struct upstream *u)
{
	return u->conf.hop->kind == NEXTHOP_LMTP;
}

const char *
upstream_tls(const struct upstream *u)
{
	return u->secured && u->conn ? conn_tls(u->conn)->version : NULL;
}

bool
upstream_is_verified(const struct upstream *u)
{
	return u->secured && u->conf.hop->tls == NEXTHOP_TLS_VERIFY;
}

bool
upstream_is_authenticated(const struct upstream *u)
{
	return u->authenticated;
}

size_t
upstream_pending(const struct upstream *u)
{
	return u->expected.len + u->unsent_count;
}

void
upstream_forget_unsent(struct upstream *u)
{
	buf_empty(&u->unsent);
	u->unsent_count = 0;
}

bool
upstream_in_step(const struct upstream *u)
{
	return u->conn && u->ready && !u->content_asked &&
	    (u->expected.len || !conn_input(u->conn)->len);
}

void
upstream_idle(struct upstream *u, double seconds)
{
	u->idle = seconds;
	upstream_set_deadline(u);
}

struct buf *
upstream_output(struct upstream *u)
{
	return conn_output(u->conn);
}

bool
upstream_full(const struct upstream *u)
{
	return conn_output_full(u->conn);
}

void
upstream_want_drained(struct upstream *u)
{
	conn_want_drained(u->conn);
}

void
upstream_end(struct upstream *u, size_t replies)
{
	char *verbs = buf_reserve(&u->expected, replies);

	memset(verbs, UPSTREAM_END, replies);
	buf_commit(&u->expected, replies);
	u->in_content = false;
	upstream_set_deadline(u);
}
