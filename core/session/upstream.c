#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "conn.h"
#include "mem.h"
#include "reply.h"

#include "dial.h"

#include "upstream.h"

enum { COMMAND_MAX = 1024, TEXT_MAX = 512 };

struct upstream {
	struct upstream_conf conf;
	struct relay_timeouts timeouts;
	upstream_fn fn;
	void *arg;
	struct dial *dial;
	struct conn *conn;
	struct ehlo ehlo;
	struct reply_parser parser;
	struct buf expected;	/* one verb, an octet, for each reply */
	struct buf unsent;	/* lines, each behind its verb */
	size_t unsent_count;
	bool ready, hello_failed;
	bool in_content;	/* after 354, before the end */
	bool content_asked;	/* DATA was sent and not refused */
	double idle;		/* seconds that it may be idle; 0: for ever */
	bool telling, gone;
};

/* False if the owner freed it meanwhile. */
static bool
tell(struct upstream *u, const struct upstream_event *event)
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
	if (u->conn && !u->in_content) {
		conn_puts(u->conn, "QUIT\r\n");
		conn_close(u->conn);
		u->conn = NULL;
	}
	upstream_free(u);
}

/* It is over.  Before the greeting is done that means not reached. */
static void __attribute__((format(printf, 3, 4)))
lose(struct upstream *u, enum upstream_fault fault, const char *fmt, ...)
{
	char text[TEXT_MAX];
	struct upstream_event event = { .what = UPSTREAM_LOST, .text = text };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	event.fault = u->ready ? fault : UPSTREAM_UNREACHED;
	release(u);
	tell(u, &event);
}

/* The deadline is that of the reply that comes next. */
static void
set_deadline(struct upstream *u)
{
	double seconds = u->idle;

	if (u->in_content)
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

/* Send what may be sent: everything, or one command at a time. */
static void
flow(struct upstream *u)
{
	bool all = u->ehlo.offers & EHLO_PIPELINING && u->ready;

	while (u->unsent.len && (all || !u->expected.len)) {
		char *end = memchr(u->unsent.p, '\n', u->unsent.len);
		size_t len = (size_t)(end - u->unsent.p) + 1;

		if (u->unsent.p[0] == UPSTREAM_DATA)
			u->content_asked = true;
		buf_append(&u->expected, u->unsent.p, 1);
		conn_send(u->conn, u->unsent.p + 1, len - 1);
		buf_consume(&u->unsent, len);
		u->unsent_count--;
	}
	set_deadline(u);
}

void
upstream_command(struct upstream *u, enum upstream_verb verb,
    const char *fmt, ...)
{
	char line[COMMAND_MAX];
	char octet = (char)verb;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	assert(n > 0 && (size_t)n < sizeof line);
	assert(!memchr(line, '\n', (size_t)n) && !u->in_content);
	buf_append(&u->unsent, &octet, 1);
	buf_append(&u->unsent, line, (size_t)n);
	buf_append(&u->unsent, "\r\n", 2);
	u->unsent_count++;
	if (u->conn)
		flow(u);
}

static void
hello(struct upstream *u)
{
	const char *verb = u->conf.lmtp ? "LHLO" : "EHLO";

	if (u->hello_failed)
		verb = "HELO";
	upstream_command(u, UPSTREAM_HELLO, "%s %s", verb, u->conf.hostname);
}

/* HELO is for servers that know nothing else (RFC 5321 3.2). */
static bool
on_hello(struct upstream *u, const struct reply *reply)
{
	const struct upstream_event event = { .what = UPSTREAM_READY };
	int class = reply_class(reply->code);

	if (class == 5 && !u->hello_failed && !u->conf.lmtp) {
		u->hello_failed = true;
		hello(u);
		return true;
	}
	if (class != 2) {
		lose(u, UPSTREAM_UNREACHED, "greeting refused: %d %s",
		    reply->code, reply->text);
		return false;
	}
	if (!u->hello_failed)
		ehlo_parse(reply, &u->ehlo);
	u->ready = true;
	return tell(u, &event);
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
		return tell(u, &event);
	lose(u, UPSTREAM_GARBLED, "reply to nothing: %d %s", reply->code,
	    reply->text);
	return false;
}

static bool
on_reply(struct upstream *u, const struct reply *reply)
{
	struct upstream_event event = {
		.what = UPSTREAM_REPLY, .reply = reply,
	};

	if (reply->code == 421) {
		lose(u, UPSTREAM_CLOSED, "421 %s", reply->text);
		return false;
	}
	if (!u->expected.len)
		return on_unexpected(u, reply);
	event.verb = (enum upstream_verb)u->expected.p[0];
	buf_consume(&u->expected, 1);
	switch (event.verb) {
	case UPSTREAM_BANNER:
		if (reply_class(reply->code) == 2) {
			hello(u);
			return true;
		}
		lose(u, UPSTREAM_UNREACHED, "banner: %d %s", reply->code,
		    reply->text);
		return false;
	case UPSTREAM_HELLO:
		return on_hello(u, reply);
	case UPSTREAM_DATA:
		u->in_content = reply->code == 354;
		u->content_asked = u->in_content;
		break;
	case UPSTREAM_END:
		/* It cannot have taken what it has not been sent. */
		if (conn_unsent(u->conn) && reply_class(reply->code) == 2) {
			lose(u, UPSTREAM_GARBLED, "%d before the end of data",
			    reply->code);
			return false;
		}
		u->content_asked = u->expected.len > 0;
		break;
	case UPSTREAM_RSET:
	case UPSTREAM_MAIL:
	case UPSTREAM_RCPT:
		break;
	}
	return tell(u, &event);
}

static void
on_input(struct upstream *u)
{
	struct buf *in = conn_input(u->conn);

	while (in->len) {
		switch (reply_parse(&u->parser, in)) {
		case REPLY_MORE:
			if (!u->expected.len && !u->in_content)
				lose(u, UPSTREAM_GARBLED, "reply to nothing");
			return;
		case REPLY_MALFORMED:
			lose(u, UPSTREAM_GARBLED, "malformed reply");
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

	if (u->expected.len || u->in_content) {
		lose(u, UPSTREAM_SLOW, "no answer in time");
		return;
	}
	u->conn = NULL;
	conn_puts(c, "QUIT\r\n");
	conn_close(c);
	lose(u, UPSTREAM_IDLE, "idle");
}

static void
on_conn(void *arg, enum conn_event what)
{
	const struct upstream_event drained = { .what = UPSTREAM_DRAINED };
	struct upstream *u = arg;

	switch (what) {
	case CONN_CONNECTED:
	case CONN_SECURED:
		return;
	case CONN_DATA:
		on_input(u);
		return;
	case CONN_DRAINED:
		set_deadline(u);
		tell(u, &drained);
		return;
	case CONN_EOF:
		lose(u, UPSTREAM_CLOSED, "connection closed");
		return;
	case CONN_TIMEOUT:
		on_timeout(u);
		return;
	case CONN_ERROR:
		lose(u, UPSTREAM_CLOSED, "%s", conn_strerror(u->conn));
		return;
	}
}

static void
on_dialled(void *arg, struct conn *c, const char *error)
{
	const char banner = UPSTREAM_BANNER;
	struct upstream *u = arg;

	u->dial = NULL;
	if (!c) {
		lose(u, UPSTREAM_UNREACHED, "%s", error);
		return;
	}
	u->conn = c;
	conn_own(c, on_conn, u);
	buf_append(&u->expected, &banner, 1);
	set_deadline(u);
}

struct upstream *
upstream_new(const struct upstream_conf *conf,
    const struct relay_timeouts *timeouts, upstream_fn fn, void *arg)
{
	struct upstream *u = mem_alloc(sizeof *u);
	struct dial_target target = {
		.loop = conf->loop, .dns = conf->dns, .host = conf->host,
		.port = conf->port, .path = conf->path,
		.timeout = timeouts->connect,
	};

	u->conf = *conf;
	u->timeouts = *timeouts;
	u->fn = fn;
	u->arg = arg;
	buf_init(&u->expected);
	buf_init(&u->unsent);
	reply_parser_init(&u->parser);
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
		set_deadline(u);
}

const struct ehlo *
upstream_ehlo(const struct upstream *u)
{
	return &u->ehlo;
}

bool
upstream_is_lmtp(const struct upstream *u)
{
	return u->conf.lmtp;
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
	set_deadline(u);
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
	set_deadline(u);
}
