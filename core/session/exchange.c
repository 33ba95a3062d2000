#include <stdio.h>
#include <string.h>

#include "mem.h"

#include "envelope.h"
#include "linkpool.h"
#include "txn.h"

#include "exchange.h"

enum {
	CHUNK_SIZE = 64 * 1024,
	NAMED_MAX = 10,		/* refused recipients named in one reply */
};

static void on_event(void *, const struct upstream_event *);

void
exchange_init(struct exchange *x, exchange_fn fn, void *arg)
{
	memset(x, 0, sizeof *x);
	x->fn = fn;
	x->arg = arg;
	buf_init(&x->chunk);
}

void
exchange_clear(struct exchange *x)
{
	struct link *l = x->link;
	bool open = x->mailed || x->step != EXCHANGE_NONE;

	x->link = NULL;
	x->step = EXCHANGE_NONE;
	x->mailed = false;
	buf_clear(&x->chunk);
	if (l)
		linkpool_return(l, open);
}

void
exchange_use(struct exchange *x, struct link *l,
    const struct relay_session *session, const struct relay_timeouts *timeouts)
{
	x->link = l;
	x->session = session;
	x->dirty = l->reused;
	x->proven = !l->reused;
	x->mailed = x->committed = false;
	upstream_own(l->up, timeouts, on_event, x);
}

/* The step is over; the owner may free the exchange now. */
static void
finish(struct exchange *x)
{
	const struct exchange_outcome outcome = { .reply = &x->result };

	x->step = EXCHANGE_NONE;
	x->fn(x, &outcome);
}

static void
drop(struct exchange *x)
{
	struct link *l = x->link;

	x->link = NULL;
	x->mailed = false;
	linkpool_close(l);
}

static void
lost(struct exchange *x, enum upstream_fault fault, const char *text)
{
	const struct exchange_outcome outcome = {
		.fault = fault, .text = text,
		.stale = !x->proven,
	};

	drop(x);
	x->fn(x, &outcome);
}

/* A recipient that must be in the transaction. */
static struct txn_rcpt *
next_accepted(struct txn_rcpt *r)
{
	while (r && r->state != TXN_RCPT_ACCEPTED)
		r = r->next;
	return r;
}

/* One refusal more: a temporary one outweighs the others, all are named. */
static void
note_refusal(struct exchange *x, const struct txn_rcpt *r,
    const struct reply *reply)
{
	struct reply *to = &x->result;
	size_t len;

	x->refused++;
	if (x->asked == 1 || !r) {
		*to = *reply;
		return;
	}
	if (x->refused == 1)
		to->text[0] = '\0';
	if (x->refused == 1 || (reply_class(reply->code) == 4 &&
	    reply_class(to->code) == 5)) {
		to->code = reply->code;
		memcpy(to->enhanced, reply->enhanced, sizeof to->enhanced);
	}
	len = strlen(to->text);
	if (x->refused <= NAMED_MAX)
		snprintf(to->text + len, sizeof to->text - len,
		    "%s<%s>: %.200s", len ? "\n" : "", r->path.text,
		    reply->text);
}

static struct envelope_hop
hop_of(const struct exchange *x)
{
	const struct upstream *up = x->link->up;

	return (struct envelope_hop){
		upstream_ehlo(up), upstream_is_verified(up),
		upstream_is_authenticated(up),
	};
}

static void
send_rcpt(struct exchange *x, const struct txn_rcpt *r)
{
	struct envelope_hop hop = hop_of(x);
	struct buf text;

	buf_init(&text);
	envelope_rcpt(&text, r, &hop);
	upstream_command(x->link->up, UPSTREAM_RCPT, "%.*s", (int)text.len,
	    text.p);
	buf_clear(&text);
}

/* MAIL, and RSET before it where something else was begun. */
static void
send_mail(struct exchange *x, const struct txn *txn, uint64_t size)
{
	struct upstream *up = x->link->up;
	struct envelope_hop hop = hop_of(x);
	struct txn_rcpt *r;
	struct buf text;

	for (r = txn->rcpts; r; r = r->next)
		r->offered = false;
	if (x->dirty)
		upstream_command(up, UPSTREAM_RSET, "RSET");
	upstream_forward(up, x->session, txn->id);
	buf_init(&text);
	envelope_mail(&text, txn, size, &hop);
	upstream_command(up, UPSTREAM_MAIL, "%.*s", (int)text.len, text.p);
	buf_clear(&text);
	x->dirty = true;
	x->mailed = false;
	x->accepted = 0;
}

static void
begin_step(struct exchange *x, enum exchange_step step, const struct txn *txn)
{
	x->step = step;
	x->txn = txn;
	x->mail_refused = x->go_ahead = false;
	x->asked = x->replied = x->refused = 0;
}

void
exchange_rcpt(struct exchange *x, const struct txn *txn, struct txn_rcpt *r)
{
	begin_step(x, EXCHANGE_RCPT, txn);
	if (!x->mailed)
		send_mail(x, txn, txn->sender.size);
	x->rcpt = r;
	x->asked = 1;
	send_rcpt(x, r);
}

/* Is there an open transaction that is just what txn says now? */
static bool
is_whole(const struct exchange *x, const struct txn *txn)
{
	const struct txn_rcpt *r;

	if (!x->link || !x->mailed || txn->edited)
		return false;
	for (r = txn->rcpts; r; r = r->next) {
		if (r->offered != (r->state == TXN_RCPT_ACCEPTED))
			return false;
	}
	return true;
}

bool
exchange_fits(const struct exchange *x, const struct txn *txn,
    const struct txn_rcpt *r, const struct message *m, struct reply *out)
{
	struct envelope_hop hop = hop_of(x);
	unsigned max = hop.ehlo->rcpt_max;
	size_t count = x->mailed ? x->accepted + 1 : 1;

	if (!envelope_fits(txn, r, m, &hop, out))
		return false;
	if (!r)
		count = envelope_rcpts(txn);
	if (!max || count <= max)
		return true;
	reply_set(out, 452, "4.5.3", "the next hop takes %u recipients at a "
	    "time", max);
	return false;
}

void
exchange_deliver(struct exchange *x, const struct txn *txn,
    const struct message *m)
{
	bool whole = is_whole(x, txn);
	struct txn_rcpt *r;

	begin_step(x, EXCHANGE_DELIVER, txn);
	for (r = txn->rcpts; r; r = r->next)
		r->final = NULL;
	x->message = m;
	x->rcpt = next_accepted(txn->rcpts);
	if (whole) {
		x->asked = x->accepted;
	} else {
		send_mail(x, txn, message_out_size(m));
		for (r = x->rcpt; r; r = next_accepted(r->next)) {
			send_rcpt(x, r);
			x->asked++;
		}
	}
	upstream_command(x->link->up, UPSTREAM_DATA, "DATA");
}

/* Content, as much as the connection takes for now. */
static void
pump(struct exchange *x)
{
	struct upstream *up = x->link->up;
	struct buf *out;
	int more = 1;

	while (more > 0 && !upstream_full(up)) {
		more = message_reader_next(&x->reader, &x->chunk, CHUNK_SIZE);
		if (more < 0) {
			drop(x);
			reply_set(&x->result, 451, "4.3.0",
			    "the stored message cannot be read");
			finish(x);
			return;
		}
		out = upstream_output(up);
		body_write(&x->writer, x->chunk.p, x->chunk.len, out);
		buf_empty(&x->chunk);
	}
	if (more) {
		upstream_want_drained(up);
		return;
	}
	body_write_end(&x->writer, upstream_output(up));
	x->committed = true;
	upstream_end(up, upstream_is_lmtp(up) ? x->accepted : 1);
}

/*
 * 354 came although no content will: where all recipients were refused, a lone
 * dot ends it (RFC 2920 3.1); where one was accepted, be it by a server that
 * had refused MAIL, a dot would deliver to it.
 */
static void
decline_content(struct exchange *x)
{
	struct link *l = x->link;

	if (x->accepted == 0) {
		buf_puts(upstream_output(l->up), ".\r\n");
		upstream_end(l->up, 1);
		x->link = NULL;
		x->mailed = false;
		upstream_quit(l->up);
		l->up = NULL;
		linkpool_close(l);
		return;
	}
	drop(x);
}

static void
begin_content(struct exchange *x)
{
	x->step = EXCHANGE_CONTENT;
	x->refused = x->replied = 0;
	x->rcpt = upstream_is_lmtp(x->link->up) ?
	    next_accepted(x->txn->rcpts) : NULL;
	message_reader_init(&x->reader, x->message);
	body_writer_init(&x->writer);
	pump(x);
}

/* All replies to what was asked are here. */
static void
settle(struct exchange *x)
{
	bool refused = x->mail_refused || x->refused;

	switch (x->step) {
	case EXCHANGE_NONE:
	case EXCHANGE_RCPT:
		break;
	case EXCHANGE_DELIVER:
		if (x->go_ahead && !refused) {
			begin_content(x);
			return;
		}
		if (x->go_ahead)
			decline_content(x);
		break;
	case EXCHANGE_CONTENT:
		x->mailed = false;
		break;
	}
	finish(x);
}

/* False if that is no answer to MAIL, RCPT, or the end of content. */
static bool
is_answer(const struct reply *reply)
{
	int class = reply_class(reply->code);

	return class == 2 || class == 4 || class == 5;
}

static void
on_mail(struct exchange *x, const struct reply *reply)
{
	if (reply_class(reply->code) == 2) {
		x->mailed = true;
		return;
	}
	x->mail_refused = true;
	x->result = *reply;
	upstream_forget_unsent(x->link->up);
}

static void
on_rcpt(struct exchange *x, const struct reply *reply)
{
	struct txn_rcpt *r = x->rcpt;

	x->rcpt = next_accepted(r->next);
	x->replied++;
	x->accepted += reply_class(reply->code) == 2;
	if (x->mail_refused)
		return;
	if (reply_class(reply->code) == 2) {
		r->offered = true;
		if (x->step == EXCHANGE_RCPT)
			x->result = *reply;
	} else {
		note_refusal(x, r, reply);
	}
	if (x->replied == x->asked && x->refused)
		upstream_forget_unsent(x->link->up);
}

/* The last word on content; LMTP has one for each recipient. */
static void
on_end(struct exchange *x, const struct reply *reply)
{
	struct txn_rcpt *r = x->rcpt;

	if (!x->committed) {
		x->result = *reply;
		drop(x);
		finish(x);
		return;
	}
	if (r) {
		r->final = arena_memdup(x->txn->arena, reply, sizeof *reply);
		x->rcpt = next_accepted(r->next);
	}
	if (reply_class(reply->code) != 2)
		note_refusal(x, r, reply);
	else if (!x->refused)
		x->result = *reply;
	if (!upstream_pending(x->link->up))
		settle(x);
}

/* XFORWARD is refused: it may still think of the client before.  On a fresh
 * connection there was none, and mail does not hang on what is for its log. */
static bool
on_forwarded(struct exchange *x, const struct reply *reply)
{
	char text[128];

	if (reply_class(reply->code) == 2)
		return true;
	snprintf(text, sizeof text, "XFORWARD refused: %d %.100s", reply->code,
	    reply->text);
	if (x->link->reused) {
		x->proven = false;
		lost(x, UPSTREAM_GARBLED, text);
		return false;
	}
	linkpool_log(x->link->pool, x->session, text);
	return true;
}

static void
on_reply(struct exchange *x, enum upstream_verb verb,
    const struct reply *reply)
{
	bool is_data = verb == UPSTREAM_DATA;

	if (is_data ? reply->code != 354 && reply_class(reply->code) < 4 :
	    !is_answer(reply)) {
		lost(x, UPSTREAM_GARBLED, "unexpected reply code");
		return;
	}
	switch (verb) {
	case UPSTREAM_BANNER:
	case UPSTREAM_HELLO:
	case UPSTREAM_STARTTLS:
	case UPSTREAM_AUTH:
	case UPSTREAM_XCLIENT:
		return;
	case UPSTREAM_XFORWARD:
		if (!on_forwarded(x, reply))
			return;
		break;
	case UPSTREAM_RSET:
		if (reply_class(reply->code) != 2) {
			lost(x, UPSTREAM_GARBLED, "RSET refused");
			return;
		}
		x->proven = true;
		break;
	case UPSTREAM_MAIL:
		on_mail(x, reply);
		break;
	case UPSTREAM_RCPT:
		on_rcpt(x, reply);
		break;
	case UPSTREAM_DATA:
		x->go_ahead = reply->code == 354;
		if (!x->go_ahead && !x->mail_refused && !x->refused)
			x->result = *reply;
		break;
	case UPSTREAM_END:
		on_end(x, reply);
		return;
	}
	if (!upstream_pending(x->link->up))
		settle(x);
}

static void
on_event(void *arg, const struct upstream_event *event)
{
	struct exchange *x = arg;

	switch (event->what) {
	case UPSTREAM_READY:
		return;
	case UPSTREAM_REPLY:
		on_reply(x, event->verb, event->reply);
		return;
	case UPSTREAM_DRAINED:
		if (x->step == EXCHANGE_CONTENT && !x->committed)
			pump(x);
		return;
	case UPSTREAM_LOST:
		lost(x, event->fault, event->text);
		return;
	}
}
