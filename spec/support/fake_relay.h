#ifndef FAKE_RELAY_H
#define FAKE_RELAY_H

#include "session_fake.h"

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

/* What a next hop would be sent, octet for octet. */
static inline void
fake_wire(const struct txn *txn, const struct buf *content)
{
	struct body_writer w;

	buf_printf(&fake.wire, "MAIL FROM:<%s>\r\nDATA\r\n",
	    txn->sender.path.text);
	body_writer_init(&w);
	body_write(&w, content->p, content->len, &fake.wire);
	body_write_end(&w, &fake.wire);
}

static inline void
fake_deliver(const struct txn *txn, const struct message *m)
{
	struct message_reader reader;
	struct buf out;
	char *end;

	buf_init(&out);
	message_reader_init(&reader, m);
	while (message_reader_next(&reader, &out, 100) > 0)
		;
	fake_wire(txn, &out);
	buf_append(&out, "", 1);
	for (end = strchr(out.p, '\n') + 1; *end == '\t';)
		end = strchr(end, '\n') + 1;
	buf_empty(&fake.trace);
	buf_append(&fake.trace, out.p, (size_t)(end - out.p));
	buf_printf(&fake.delivered, "[%s]", end);
	buf_clear(&out);
}

/* LMTP: recipients that begin with "f" have their own last word. */
static inline void
fake_finals(const struct txn *txn)
{
	struct txn_rcpt *r;

	for (r = txn->rcpts; r != NULL; r = r->next) {
		struct reply *final;

		if (r->path.text[0] != 'f')
			continue;
		final = arena_alloc(txn->arena, sizeof *final);
		fake_relay_reply(r->path.text, final, "Hop took it");
		r->final = final;
	}
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
			fake_deliver(r->txn, r->message);
		fake_finals(r->txn);
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
    const struct relay_timeouts *timeouts, const struct relay_session *session,
    relay_fn fn, void *arg)
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
relays_offer(struct relays *all, const struct route *route, struct ehlo *out)
{
	*out = fake.behind;
	return true;
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

#endif
