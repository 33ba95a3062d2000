#ifndef SESSION_FAKE_H
#define SESSION_FAKE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>

#include "addr.h"
#include "body.h"
#include "buf.h"
#include "linger.h"
#include "log.h"
#include "mem.h"
#include "message.h"
#include "nexthop.h"
#include "relay.h"
#include "session.h"

/*
 * A session whose hooks and next hop are ours.
 *
 * Hooks go by words.  A stage that has an argument (helo, mail, rcpt, vrfy,
 * unknown) takes the first word of that; the others take theirs from
 * fake.words: "data=no message=discard".  A word is a verdict, with marks:
 * "no" reject, "wait" defer, "ok" accept, "drop", "discard", "fault",
 * "quarantine"; ".later", ".hangup", ".slow" (a delay) behind it.  With
 * ".beside" a reject is held as well.
 *
 * The next hop goes by words too: recipients that begin with "r450" or "r550"
 * are refused by it, senders that begin with "d450", "d550" at the end.
 *
 * fake.late: hooks answer when the loop is idle, not at once.  fake.stuck: the
 * next hop does not answer until fake_relay_answer.
 */
static struct fake {
	struct ev_loop *loop;
	struct session_env env;
	struct session_stats stats;
	struct session_policy policy;
	struct session_conf conf;
	struct nexthop hop;
	struct route route;
	struct ehlo behind;		/* what the next hop offers */
	const char *words;
	bool late, stuck, committed;
	struct session *s;		/* NULL once it is free */
	bool pending;			/* a hook has yet to answer */
	int fd;				/* the client's end */
	bool eof;			/* the session has closed */
	struct buf got;			/* what the client was told */
	struct buf events;		/* what was asked of whom */
	struct buf delivered;		/* without the trace header */
	struct buf trace;
	struct buf wire;		/* the same, as SMTP */
	unsigned gone, ended;
} fake;

static inline void
fake_event(const char *what, const char *arg)
{
	buf_printf(&fake.events, "%s%s%s%s ", what, arg ? "(" : "",
	    arg ? arg : "", arg ? ")" : "");
}

#include "fake_hooks.h"
#include "fake_relay.h"

/* The world around a session; defaults that a spec may change before
 * fake_open. */
static inline void
fake_begin(void)
{
	struct session_limits limits = { 10000, 5, 4, 20, 0, 0, 3, 512, 1000,
	    500, 64 };
	struct session_timeouts timeouts = { 60, 60, 60, 60, 60, 60, 60, 60,
	    60, 60, 60, 500 };

	memset(&fake, 0, sizeof fake);
	fake.loop = ev_loop_new(EVFLAG_AUTO);
	fake.policy = (struct session_policy){ fake_ask, fake_forget,
	    fake_reply, fake_txn_reset, fake_gone, fake_summary };
	fake.env.loop = fake.loop;
	fake.env.policy = &fake.policy;
	fake.env.stats = &fake.stats;
	fake.env.spool_dir = "/tmp";
	fake.env.ended = fake_ended;
	fake.route.name = "hop";
	fake.behind.offers = EHLO_8BITMIME;
	fake.conf.listener = "test";
	fake.conf.hostname = "mx.test";
	fake.conf.stages = ~0u & ~(1u << STAGE_REPLY);
	fake.conf.relay = &fake.route;
	fake.conf.limits = limits;
	fake.conf.timeouts = timeouts;
	buf_init(&fake.got);
	buf_init(&fake.events);
	buf_init(&fake.delivered);
	buf_init(&fake.trace);
	buf_init(&fake.wire);
}

static inline void
fake_open(void)
{
	struct addr client, server;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) != 0)
		exit(1);
	addr_parse("192.0.2.7:4025", 0, &client);
	addr_parse("192.0.2.1:25", 0, &server);
	fake.fd = fd[1];
	fake.s = session_new(&fake.env, &fake.conf, fd[0], &client, &server);
}

static inline void
fake_read(void)
{
	char p[65536];
	ssize_t n;

	while (fake.fd >= 0 && (n = read(fake.fd, p, sizeof p)) >= 0) {
		if (n == 0) {
			fake.eof = true;
			return;
		}
		buf_append(&fake.got, p, (size_t)n);
	}
}

/* Let it run until nothing more happens by itself. */
static inline void
fake_run(void)
{
	int quiet;

	for (quiet = 0; quiet < 5; quiet++) {
		ev_run(fake.loop, EVRUN_NOWAIT);
		fake_read();
		if (fake.pending) {
			fake.pending = false;
			fake_answer(fake.s);
			quiet = 0;
		}
	}
}

/* Let it run until it has closed; for what takes its time. */
static inline void
fake_run_to_end(void)
{
	while (fake.s != NULL) {
		ev_run(fake.loop, EVRUN_ONCE);
		fake_read();
	}
}

static inline void
fake_send(const char *p, size_t n)
{
	if (write(fake.fd, p, n) != (ssize_t)n && !fake.eof)
		fake_event("WRONG-WRITE", NULL);
	fake_run();
}

/* Send what "|" divides into turns, each in pieces of step octets. */
static inline void
fake_say(const char *script, size_t step)
{
	fake_run();
	while (*script != '\0') {
		size_t len = strcspn(script, "|"), off, n;

		for (off = 0; off < len; off += n) {
			n = len - off < step ? len - off : step;
			fake_send(script + off, n);
		}
		script += len + (script[len] == '|');
	}
}

static inline void
fake_hang_up(void)
{
	if (fake.fd >= 0)
		close(fake.fd);
	fake.fd = -1;
	fake_run();
}

static inline const char *
fake_text(struct buf *b)
{
	buf_append(b, "", 1);
	b->len--;
	return b->p;
}

/* Whatever state the session is in, nothing of it may be left. */
static inline void
fake_end(void)
{
	fake_hang_up();
	session_free(fake.s);
	linger_end();
	buf_clear(&fake.got);
	buf_clear(&fake.events);
	buf_clear(&fake.delivered);
	buf_clear(&fake.trace);
	buf_clear(&fake.wire);
	ev_loop_destroy(fake.loop);
}

#endif
