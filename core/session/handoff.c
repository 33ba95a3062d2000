#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "conn.h"
#include "log.h"
#include "mem.h"
#include "utf8.h"

#include "answer.h"
#include "message.h"
#include "nexthop.h"
#include "received.h"
#include "session_io.h"

#include "handoff.h"

bool
handoff_relay(struct session *s, const char *name)
{
	const struct session_timeouts *w = &s->conf->timeouts;
	const struct relay_timeouts timeouts = {
		w->relay_connect, w->relay_command, w->relay_data,
	};
	const struct relay_session session = {
		.id = s->id, .client = &s->client, .server = &s->server,
		.name = s->client_name, .helo = s->helo,
		.login = s->auth_user, .esmtp = s->esmtp,
		.secured = s->tls != NULL, .hostname = s->conf->hostname,
	};
	const struct route *route = s->conf->relay;
	struct txn *t = &s->txn;
	const char *error = NULL;

	if (name != NULL)
		route = route_find(s->env->routes, name, t->arena, &error);
	if (route == NULL) {
		struct log_line line;

		session_log(s, &line, LOG_ERROR, "relay_error");
		log_str(&line, "relay", name);
		log_str(&line, "text", error);
		log_end(&line);
		return false;
	}
	if (t->handoff != NULL) {
		if (strcmp(relay_route(t->handoff)->name, route->name) == 0)
			return true;
		relay_free(t->handoff);
		t->edited = true;
	}
	t->handoff = relay_new(s->env->relays, route, &timeouts, &session,
	    session_relayed, s);
	return true;
}

void
handoff_clean(struct reply *r, const char *enhanced)
{
	int class = reply_class(r->code);

	if (class == 2) {
		r->code = 250;
	} else if (r->code == 421) {
		r->code = 451;	/* it closes its connection, not ours */
	} else if (class != 4 && class != 5) {
		reply_set(r, 451, "4.4.2", "unexpected answer of the next hop");
		return;
	}
	if (reply_enhanced_ok(r->enhanced, r->code))
		return;
	if (class != 2)
		enhanced = class == 4 ? "4.0.0" : "5.0.0";
	snprintf(r->enhanced, sizeof r->enhanced, "%s", enhanced);
}

/* The client has its answer: end the transaction. */
static void
finish(struct session *s)
{
	conn_deadline(s->conn, 0);
	s->junk = 0;
	session_end_txn(s, NULL);
}

static void
refuse(struct session *s, int code, const char *enhanced, const char *text)
{
	struct reply r;

	session_note(s, code, enhanced, text);
	reply_set(&r, code, enhanced, "%s", text);
	answer_message(s, &r);
	finish(s);
}

/* How many recipients are left to deliver to; the first one. */
static size_t
deliverable(const struct txn *t, const struct txn_rcpt **first)
{
	const struct txn_rcpt *r;
	size_t n = 0;

	*first = NULL;
	for (r = t->rcpts; r != NULL; r = r->next) {
		if (r->state != TXN_RCPT_ACCEPTED)
			continue;
		if (n++ == 0)
			*first = r;
	}
	return n;
}

static void
log_txn(struct session *s, struct log_line *line)
{
	const struct txn *t = &s->txn;
	const struct txn_rcpt *first;
	size_t n = deliverable(t, &first);

	log_str(line, "txn", t->id);
	log_str(line, "from", t->sender.path.text);
	log_int(line, "rcpts", (int64_t)n);
	if (n > 0)
		log_str(line, "to", first->path.text);
	log_int(line, "size", (int64_t)message_size(t->message));
	verb_xforward_log(s, line);
}

/* The exception to rule "a 250 is the next hop's 250": it is logged. */
static void
discard(struct session *s, const char *why)
{
	struct log_line line;
	struct reply r;

	reply_set(&r, 250, "2.0.0", "ok");
	answer_message(s, &r);
	conn_flush(s->conn);
	s->messages++;
	session_count(&s->env->stats->discarded, 1);
	session_log(s, &line, LOG_WARN, "discard");
	log_txn(s, &line);
	log_str(&line, "text", why);
	log_end(&line);
	finish(s);
}

/* RFC 3848, RFC 6531 4.3. */
static const char *
protocol(const struct session *s, char out[16])
{
	bool lmtp = s->conf->lmtp;

	if (!s->esmtp)
		return "SMTP";
	snprintf(out, 16, "%s%s%s%s", s->txn.sender.utf8 ? "UTF8" :
	    lmtp ? "" : "E", lmtp ? "LMTP" : "SMTP", s->tls != NULL ? "S" : "",
	    s->auth_user != NULL ? "A" : "");
	return out;
}

static void
set_trace(struct session *s, const struct txn_rcpt *only)
{
	char with[16];
	bool shown = only != NULL && (s->txn.sender.utf8 ||
	    !utf8_has_8bit((struct line){ only->path.text, only->path.len }));
	const struct received trace = {
		.helo = s->helo,
		.name = s->client_name,
		.client = s->conf->hide_client ? NULL : &s->client,
		.hostname = s->conf->hostname,
		.protocol = protocol(s, with),
		.id = s->txn.id,
		.rcpt = shown ? only->path.text : NULL,
		.when = clock_wall(),
	};
	struct buf *out = &s->io->arg;

	buf_empty(out);
	received_write(&trace, out);
	buf_append(out, "", 1);
	message_set_trace(s->txn.message, out->p);
}

static const char *
route_name(const struct session *s, const struct txn_rcpt *r)
{
	return r->relay != NULL ? r->relay : s->conf->relay->name;
}

/* Hooks may have given recipients next hops of their own since RCPT. */
static bool
is_divided(const struct session *s, const struct txn_rcpt *first)
{
	const struct txn_rcpt *r;

	for (r = first->next; r != NULL; r = r->next)
		if (r->state == TXN_RCPT_ACCEPTED &&
		    strcmp(route_name(s, r), route_name(s, first)) != 0)
			return true;
	return false;
}

static void
deliver(struct session *s, const struct txn_rcpt *first, size_t count)
{
	struct txn *t = &s->txn;
	const char *name = first->relay;

	if (t->relay != NULL)
		name = t->relay;
	if (t->quarantine != NULL)
		name = t->quarantine;
	if (t->relay == NULL && t->quarantine == NULL && is_divided(s, first)) {
		refuse(s, 451, "4.3.0", "no single way for this message");
		return;
	}
	if (!handoff_relay(s, name)) {
		refuse(s, 451, "4.3.0", "no way for this message");
		return;
	}
	set_trace(s, count == 1 ? first : NULL);
	s->io->delivering = true;
	s->io->wait = SESSION_WAIT_RELAY;
	relay_deliver(t->handoff, t, t->message);
}

static void
refuse_as_hooks(struct session *s)
{
	struct session_io *io = s->io;

	if (io->verdict == VERDICT_DROP || io->hangup) {
		session_refused(s);
		return;
	}
	if (io->verdict == VERDICT_DEFER)
		s->errors++;	/* as session_refused has it */
	answer_message(s, &io->reply);
	finish(s);
}

static void
on_message_asked(struct session *s)
{
	const struct txn_rcpt *first;
	size_t count = deliverable(&s->txn, &first);

	if (session_refuses(s)) {
		refuse_as_hooks(s);
	} else if (s->io->verdict == VERDICT_DISCARD) {
		discard(s, s->io->why != NULL ? s->io->why :
		    "discarded by policy");
	} else if (count == 0) {
		discard(s, "no recipient is left");
	} else {
		s->txn.quarantine = s->io->quarantine;
		deliver(s, first, count);
	}
}

static bool
has_bare_ends(const struct session *s)
{
	const struct body_reader *b = &s->io->body;

	return (b->bare_cr > 0 || b->bare_lf > 0) && !s->conf->normalize &&
	    !cidr_list_has(&s->conf->normalize_clients, &s->client);
}

/* The core's own rules for content.  True if the message has been refused. */
static bool
refuse_content(struct session *s)
{
	const struct message *m = s->txn.message;
	const struct session_io *io = s->io;

	if (has_bare_ends(s))
		refuse(s, 550, "5.5.2", "bare CR or LF in the message");
	else if (io->too_big)
		refuse(s, 552, "5.3.4", "message too big");
	else if (header_count(message_header(m), "Received") >
	    s->limits.received)
		refuse(s, 554, "5.4.6", "too many hops, it looks like a loop");
	else if (message_status(m) == MESSAGE_HEADER_LONG)
		refuse(s, 552, "5.3.4", "header too big");
	else if (message_status(m) == MESSAGE_NO_SPACE)
		refuse(s, 452, "4.3.1", "no space for this now");
	else if (io->body.longest > s->limits.text_line)
		refuse(s, 550, "5.6.0", "line too long");
	else
		return false;
	return true;
}

/* A refusal by the `headers` hooks was kept until now. */
static bool
refuse_as_said(struct session *s)
{
	struct session_io *io = s->io;

	if (io->refusal == NULL)
		return false;
	if (io->refusal_hangup) {
		session_end(s, SESSION_DROPPED, io->refusal);
	} else {
		answer_message(s, io->refusal);
		finish(s);
	}
	return true;
}

/* Input behind the final dot needs PIPELINING; QUIT alone harms nobody, and
 * simple clients send it so. */
static bool
may_follow(struct session *s)
{
	const char *quit = "QUIT\r\n";
	size_t n = session_unread(s);

	return s->io->pipelining || n == 0 || (n <= strlen(quit) &&
	    strncasecmp(conn_input(s->conn)->p, quit, n) == 0) ||
	    session_in_step(s);
}

void
handoff_start(struct session *s)
{
	struct session_io *io = s->io;

	s->state = SESSION_HANDOFF;
	io->armed = false;
	conn_deadline(s->conn, s->conf->timeouts.after_data);
	if (!may_follow(s))
		return;
	if (refuse_as_said(s) || refuse_content(s))
		return;
	session_ask(s, STAGE_MESSAGE, on_message_asked);
}

void
handoff_expired(struct session *s)
{
	struct session_io *io = s->io;
	bool unknown = io->delivering && relay_committed(s->txn.handoff);
	struct log_line line;
	struct reply r;

	session_log(s, &line, LOG_WARN, "relay_error");
	log_txn(s, &line);
	log_str(&line, "text", unknown ?
	    "after_data is over, the next hop may have taken the message" :
	    "after_data is over");
	log_end(&line);
	io->delivering = false;
	session_abandon(s);
	io->next = NULL;
	reply_set(&r, 451, "4.4.2", "this took too long, try again later");
	answer_message(s, &r);
	finish(s);
}

static void
log_result(struct session *s, const struct relay_result *result,
    const struct reply *r)
{
	struct log_line line;
	const char *event = "message";

	if (reply_class(r->code) != 2)
		event = "relay_error";
	else if (result->discarded)
		event = "discard";
	session_log(s, &line, *event == 'm' ? LOG_INFO : LOG_WARN, event);
	log_txn(s, &line);
	log_str(&line, "relay", result->relay);
	log_fmt(&line, "reply", "%d %s %s", r->code, r->enhanced, r->text);
	if (result->id[0] != '\0')
		log_str(&line, "queue_id", result->id);
	if (result->tls[0] != '\0')
		log_str(&line, "tls", result->tls);
	if (s->txn.quarantine != NULL)
		log_str(&line, "quarantine", "true");
	log_secs(&line, "seconds", result->seconds);
	if (result->unknown)
		log_str(&line, "unknown", "true");
	if (s->state == SESSION_CLOSING)
		log_str(&line, "lost", "true");
	log_end(&line);
}

static void
count_result(struct session *s, const struct relay_result *result, bool taken)
{
	struct session_stats *stats = s->env->stats;

	if (!taken) {
		session_count(&stats->relay_errors, 1);
		return;
	}
	s->messages++;
	session_count(&stats->messages, 1);
	if (result->discarded)
		session_count(&stats->discarded, 1);
}

/* The hooks may look at the result until they have answered. */
static void
keep_result(struct session *s, const struct relay_result *result,
    const struct reply *r)
{
	struct relay_result *kept = arena_memdup(s->txn.arena, result,
	    sizeof *result);

	kept->relay = arena_strdup(s->txn.arena, result->relay);
	kept->reply = *r;
	s->question.u.result = kept;
}

static void
on_relayed_asked(struct session *s)
{
	finish(s);
}

void
handoff_result(struct session *s, const struct relay_result *result)
{
	struct session_io *io = s->io;
	struct reply r = result->reply;
	session_fn next = on_relayed_asked;
	bool taken;

	io->delivering = false;
	handoff_clean(&r, "2.0.0");
	if (s->state == SESSION_CLOSING) {
		next = io->next;	/* nobody is there to be told */
		taken = reply_class(r.code) == 2;
	} else {
		taken = answer_message(s, &r);
		conn_flush(s->conn);
		conn_deadline(s->conn, 0);
	}
	count_result(s, result, taken);
	log_result(s, result, &r);
	if (session_listens(s, STAGE_RELAYED))
		keep_result(s, result, &r);
	relay_free(s->txn.handoff);
	s->txn.handoff = NULL;
	session_ask(s, STAGE_RELAYED, next);
}
