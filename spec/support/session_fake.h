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
 * "quarantine"; ".later", ".hangup", ".slow" (a delay) behind it.
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
	unsigned gone, ended;
} fake;

static inline void
fake_event(const char *what, const char *arg)
{
	buf_printf(&fake.events, "%s%s%s%s ", what, arg ? "(" : "",
	    arg ? arg : "", arg ? ")" : "");
}

/* A word of an argument or of fake.words, up to what cannot be in it. */
static inline const char *
fake_word(const char *p, char out[32])
{
	size_t n = strcspn(p, "@ -_");

	snprintf(out, 32, "%.*s", (int)(n < 31 ? n : 31), p);
	return out;
}

static inline const char *
fake_stage_word(const char *stage, char out[32])
{
	const char *p = fake.words;
	size_t n = strlen(stage);

	for (; p != NULL; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (strncmp(p, stage, n) == 0 && p[n] == '=')
			return fake_word(p + n + 1, out);
	}
	return "";
}

static inline void
fake_verdict(const char *word, struct verdict *v)
{
	static const struct {
		const char *word;
		enum verdict_kind kind;
	} kinds[] = {
		{ "no", VERDICT_REJECT }, { "wait", VERDICT_DEFER },
		{ "ok", VERDICT_ACCEPT }, { "drop", VERDICT_DROP },
		{ "discard", VERDICT_DISCARD }, { "fault", VERDICT_FAULT },
		{ "quarantine", VERDICT_QUARANTINE },
		{ "reply", VERDICT_REPLY },
	};
	size_t i, n = strcspn(word, ".");

	memset(v, 0, sizeof *v);
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strlen(kinds[i].word) == n &&
		    strncmp(kinds[i].word, word, n) == 0)
			v->kind = kinds[i].kind;
	if (v->kind == VERDICT_QUARANTINE)
		v->relay = "elsewhere";
	if (v->kind == VERDICT_REPLY) {
		v->code = 250;
		v->text = "done\nwell";
	}
	v->later = strstr(word, ".later") != NULL;
	v->hangup = strstr(word, ".hangup") != NULL;
	v->delay = strstr(word, ".slow") != NULL ? 0.001 : 0;
	if (strstr(word, ".text") != NULL) {
		v->enhanced = v->kind == VERDICT_REJECT ? "5.9.9" : "4.9.9";
		v->text = "so says the hook";
	}
	v->hook = "fake";
}

/* What the session asked, as text, and the word that decides. */
static inline void
fake_decide(struct session *s, struct verdict *v, char event[600])
{
	const struct session_question *q = &s->question;
	const char *arg = NULL, *stage = stage_name(q->stage);
	char word[32];

	switch (q->stage) {
	case STAGE_HELO:
		arg = q->u.helo;
		break;
	case STAGE_MAIL:
		arg = q->u.sender->path.text;
		break;
	case STAGE_RCPT:
		arg = q->u.rcpt->path.text;
		if (strstr(arg, "-hub@"))
			q->u.rcpt->relay = "hub";
		if (strstr(arg, "-red@"))
			q->u.rcpt->group = "red";
		if (strstr(arg, "-also@")) {
			struct path extra;

			path_parse_address("extra@x.test", 12, false, &extra);
			session_add_rcpt(s, &extra);
		}
		break;
	case STAGE_VRFY:
		arg = q->u.vrfy;
		break;
	case STAGE_UNKNOWN:
		arg = q->u.unknown.rest;
		break;
	case STAGE_RELAYED:
		snprintf(event, 600, "relayed(%d)", q->u.result->reply.code);
		return;
	default:
		snprintf(event, 600, "%s", stage);
		fake_verdict(fake_stage_word(stage, word), v);
		return;
	}
	snprintf(event, 600, "%s(%s)", stage, arg);
	fake_verdict(fake_word(arg, word), v);
	if (q->stage == STAGE_RCPT && v->kind == VERDICT_NONE &&
	    arg[0] != 'x')
		v->kind = VERDICT_ACCEPT;
}

static inline void
fake_answer(struct session *s)
{
	struct verdict v = { .kind = VERDICT_NONE };
	char event[600];

	fake_decide(s, &v, event);
	fake_event(event, NULL);
	session_answer(s, &v);
}

static inline void
fake_ask(struct session *s, const struct session_question *q)
{
	if (q != &s->question || fake.pending)
		fake_event("WRONG-ASK", NULL);
	if (fake.late)
		fake.pending = true;
	else
		fake_answer(s);
}

static inline void
fake_forget(struct session *s)
{
	fake_event("forget", stage_name(s->question.stage));
	fake.pending = false;
}

static inline void
fake_reply(struct session *s, const char *verb, struct reply *r)
{
	if (strcmp(verb, "VRFY") != 0)
		return;
	r->code = r->code == 550 ? 553 : 250;
	snprintf(r->text, sizeof r->text, "changed");
}

static inline void
fake_txn_reset(struct session *s)
{
	if (s->txn.open || s->txn.rcpts != NULL || s->txn.message != NULL)
		fake_event("WRONG-RESET", NULL);
}

static inline void
fake_gone(struct session *s)
{
	fake.gone++;
}

static inline void
fake_summary(struct session *s, struct log_line *line)
{
	log_str(line, "summary", "fake");
}

static inline void
fake_ended(struct session *s)
{
	fake.ended++;
	fake.s = NULL;
}

/* The next hop. */
struct relay {
	const struct route *route;
	const struct txn *txn;
	struct txn_rcpt *rcpt;		/* that is being asked about */
	const struct message *message;	/* that is being delivered */
	relay_fn fn;
	void *arg;
	ev_timer timer;
};

static inline void
fake_relay_reply(const char *word, struct reply *r, const char *text)
{
	if (word[1] == '4' && word[2] == '2')
		reply_set(r, 421, "", "hop closes");
	else if (word[1] == '4')
		reply_set(r, 450, "4.2.0", "hop says later");
	else if (word[1] == '5')
		reply_set(r, 550, "", "hop says no");
	else
		reply_set(r, 250, *text == 'h' ? "" : "2.6.0", "%s", text);
}

static inline void
fake_deliver(const struct message *m)
{
	struct message_reader reader;
	struct buf out;
	char *end;

	buf_init(&out);
	message_reader_init(&reader, m);
	while (message_reader_next(&reader, &out, 100) > 0)
		;
	buf_append(&out, "", 1);
	for (end = strchr(out.p, '\n') + 1; *end == '\t';)
		end = strchr(end, '\n') + 1;
	buf_empty(&fake.trace);
	buf_append(&fake.trace, out.p, (size_t)(end - out.p));
	buf_printf(&fake.delivered, "[%s]", end);
	buf_clear(&out);
}

static inline void
fake_relay_answer(struct relay *r)
{
	struct relay_result result = { .relay = r->route->name };

	if (r->message != NULL) {
		const char *from = r->txn->sender.path.text;

		fake_relay_reply(from[0] == 'd' && from[1] != 'i' ? from :
		    "d250", &result.reply, "Hop took it");
		if (result.reply.code == 250)
			fake_deliver(r->message);
		snprintf(result.id, sizeof result.id, "Q1");
	} else {
		const char *to = r->rcpt->path.text;

		fake_relay_reply(to[0] == 'r' ? to : "r250", &result.reply,
		    "hop likes it");
		r->rcpt->offered = result.reply.code == 250;
	}
	r->message = NULL;
	r->rcpt = NULL;
	r->fn(r->arg, &result);
}

static inline void
fake_on_relay(struct ev_loop *loop, ev_timer *w, int revents)
{
	fake_relay_answer(w->data);
}

struct relay *
relay_new(struct relays *all, const struct route *route,
    const struct relay_timeouts *timeouts, const char *id,
    const char *hostname, relay_fn fn, void *arg)
{
	struct relay *r = mem_alloc(sizeof *r);

	r->route = route;
	r->fn = fn;
	r->arg = arg;
	ev_timer_init(&r->timer, fake_on_relay, 0., 0.);
	r->timer.data = r;
	fake_event("+relay", route->name);
	return r;
}

void
relay_free(struct relay *r)
{
	if (r == NULL)
		return;
	fake_event("-relay", r->message || r->rcpt ? "busy" : NULL);
	ev_timer_stop(fake.loop, &r->timer);
	mem_free(r);
}

const struct route *
relay_route(const struct relay *r)
{
	return r->route;
}

bool
relay_can_check(const struct relay *r)
{
	return strncmp(r->route->name, "store", 5) != 0;
}

void
relay_rcpt(struct relay *r, const struct txn *txn, struct txn_rcpt *rcpt)
{
	fake_event("ask", rcpt->path.text);
	r->txn = txn;
	r->rcpt = rcpt;
	if (!fake.stuck)
		ev_timer_start(fake.loop, &r->timer);
}

void
relay_deliver(struct relay *r, const struct txn *txn,
    const struct message *message)
{
	const struct txn_rcpt *rcpt;
	unsigned n = 0;
	char what[32];

	for (rcpt = txn->rcpts; rcpt != NULL; rcpt = rcpt->next)
		n += rcpt->state == TXN_RCPT_ACCEPTED;
	snprintf(what, sizeof what, "%u%s", n, txn->edited ? " edited" : "");
	fake_event("deliver", what);
	r->txn = txn;
	r->message = message;
	if (!fake.stuck)
		ev_timer_start(fake.loop, &r->timer);
}

bool
relay_committed(const struct relay *r)
{
	return fake.committed;
}

const struct route *
route_find(const struct route_table *table, const char *text,
    struct arena *arena, const char **error)
{
	static struct route found;

	if (strcmp(text, "nowhere") == 0) {
		*error = "no such relay";
		return NULL;
	}
	found.name = text;
	return &found;
}

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
	ev_loop_destroy(fake.loop);
}

#endif
