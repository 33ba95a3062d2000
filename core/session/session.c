#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "log.h"
#include "mem.h"
#include "tls.h"

#include "handoff.h"
#include "session_io.h"

#include "session.h"

static const char *const reason_names[] = {
	[SESSION_OPEN] = "open",	[SESSION_QUIT] = "quit",
	[SESSION_LOST] = "lost",	[SESSION_TIMEOUT] = "timeout",
	[SESSION_ERRORS] = "errors",	[SESSION_REFUSED] = "refused",
	[SESSION_DROPPED] = "dropped",	[SESSION_DRAIN] = "drain",
	[SESSION_FAULT] = "fault",	[SESSION_KILLED] = "killed",
	[SESSION_TLS] = "tls",
};

static const char *const state_names[] = {
	[SESSION_GREETING] = "greeting",	[SESSION_HELLO] = "hello",
	[SESSION_READY] = "ready",	[SESSION_MAIL] = "mail",
	[SESSION_RCPT] = "rcpt",	[SESSION_DATA] = "data",
	[SESSION_HANDOFF] = "handoff",	[SESSION_CLOSING] = "closing",
};

/* One block: what is public and what is not. */
struct session_block {
	struct session s;
	struct session_io io;
};

const char *
session_state_name(enum session_state state)
{
	return state_names[state];
}

static char *
put_base32(char *to, uint64_t n, int digits)
{
	for (int i = digits - 1; i >= 0; i--, n >>= 5)
		to[i] = "0123456789abcdefghjkmnpqrstvwxyz"[n & 31];
	return to + digits;
}

/* Second, process and a counter: unique unless one process has a million
 * sessions in a second. */
static void
make_id(struct session *s)
{
	static unsigned serial;
	char *p = s->id;

	p = put_base32(p, (uint64_t)s->began, 7);
	p = put_base32(p, (uint64_t)getpid(), 5);
	p = put_base32(p, serial++, 4);
	*p = '\0';
}

void
session_log(struct session *s, struct log_line *line, int level,
    const char *event)
{
	char client[ADDR_TEXT_MAX];

	log_begin(line, (enum log_level)level, event);
	if (line->off)
		return;
	log_str(line, "id", s->id);
	log_str(line, "client", addr_text(&s->client, client));
}

/* The first turn of its life, or the last. */
static void
on_turn(void *arg)
{
	struct session *s = arg;

	if (s->io->wait == SESSION_WAIT_START) {
		s->io->wait = SESSION_WAIT_NONE;
		session_run(s);
	} else if (s->io->wait == SESSION_WAIT_END) {
		if (s->env->ended != NULL)
			s->env->ended(s);
		session_free(s);
	}
}

/* A delay is over, or a client kept quiet. */
static void
on_timer(EV_P_ ev_timer *w, int events)
{
	struct session *s = w->data;
	struct session_io *io = s->io;
	void (*early)(void *, bool) = io->early;

	if (early != NULL) {
		io->early = NULL;
		early(io->early_arg, session_is_early(s));
	} else if (io->wait == SESSION_WAIT_DELAY) {
		io->wait = SESSION_WAIT_NONE;
		session_run(s);
	}
}

static struct session *
make(struct session_env *env, const struct session_conf *conf,
    const struct addr *client, const struct addr *server)
{
	struct session_block *b = mem_alloc(sizeof *b);
	struct session *s = &b->s;

	s->env = env;
	s->conf = conf;
	s->arena = arena_new();
	s->io = &b->io;
	s->client = *client;
	s->server = *server;
	s->limits = conf->limits;
	s->trusted = cidr_list_has(&conf->trusted, client);
	s->quiet = cidr_list_has(&conf->quiet_clients, client);
	s->began = clock_wall();
	make_id(s);
	txn_init(&s->txn);
	line_init(&s->io->lines, conf->limits.command_line);
	buf_init(&s->io->arg);
	s->io->verb = COMMAND_UNKNOWN;
	s->io->wait = SESSION_WAIT_START;
	s->io->next = opening_start;
	ev_timer_init(&s->io->timer, on_timer, 0., 0.);
	s->io->timer.data = s;
	s->io->turn.fn = on_turn;
	s->io->turn.arg = s;
	turn_add(env->loop, &s->io->turn);
	return s;
}

struct session *
session_new(struct session_env *env, const struct session_conf *conf, int fd,
    const struct addr *client, const struct addr *server)
{
	struct session *s = make(env, conf, client, server);

	s->conn = conn_new(env->loop, fd, session_event, s);
	opening_attach(s);
	return s;
}

struct session *
session_new_pair(struct session_env *env, const struct session_conf *conf,
    int in, int out, const struct addr *client, const struct addr *server)
{
	struct session *s = make(env, conf, client, server);

	s->conn = conn_new_pair(env->loop, in, out, session_event, s);
	opening_attach(s);
	return s;
}

void
session_free(struct session *s)
{
	const struct session_policy *policy;

	if (s == NULL)
		return;
	policy = s->env->policy;
	session_abandon(s);
	txn_clear(&s->txn);
	if (policy != NULL)
		policy->gone(s);
	conn_free(s->conn);
	turn_remove(s->env->loop, &s->io->turn);
	buf_clear(&s->io->arg);
	arena_free(s->arena);
	mem_free((struct session_block *)s);
}

/* By verb: how many of how many were answered well.  Two names are taken. */
static void
log_counts(struct session *s, struct log_line *line)
{
	int v;

	for (v = 0; v < COMMAND_VERBS; v++) {
		char name[16], *p = name;
		const char *upper = v == COMMAND_UNKNOWN ? "UNKNOWN" :
		    command_verb_name((enum command_verb)v);

		if (s->verbs[v].all == 0)
			continue;
		while (*upper != '\0')
			*p++ = (char)(*upper++ | 0x20);
		if (v == COMMAND_HELO || v == COMMAND_AUTH)
			*p++ = 's';
		*p = '\0';
		log_fmt(line, name, "%u/%u", s->verbs[v].ok, s->verbs[v].all);
	}
}

static void
log_end_line(struct session *s)
{
	struct log_line line;

	session_log(s, &line, s->quiet && s->messages == 0 ? LOG_DEBUG :
	    LOG_INFO, "end");
	if (s->helo != NULL)
		log_str(&line, "helo", s->helo);
	if (s->tls != NULL)
		log_str(&line, "tls", s->tls->version);
	if (s->auth_user != NULL)
		log_str(&line, "auth", s->auth_user);
	log_counts(s, &line);
	log_int(&line, "messages", s->messages);
	log_int(&line, "bytes", (int64_t)s->io->bytes_in);
	log_secs(&line, "seconds", clock_wall() - s->began);
	tally_log(&s->io->tally, &line);
	if (s->env->policy != NULL)
		s->env->policy->summary(s, &line);
	log_str(&line, "reason", reason_names[s->reason]);
	log_end(&line);
}

static void
on_disconnect_asked(struct session *s)
{
	log_end_line(s);
	session_count(&s->env->stats->bytes_in, s->io->bytes_in);
	session_count(&s->env->stats->bytes_out, s->io->bytes_out);
	s->io->wait = SESSION_WAIT_END;
	turn_add(s->env->loop, &s->io->turn);
}

static void
on_last_txn_ended(struct session *s)
{
	session_ask(s, STAGE_DISCONNECT, on_disconnect_asked);
}

static void
on_closed(struct session *s)
{
	session_end_txn(s, on_last_txn_ended);
}

/* Nobody listens at the other end if it was lost; where a handshake failed,
 * somebody does.  What has been read may be half a password. */
static void
close_conn(struct session *s)
{
	s->io->bytes_in = conn_bytes_in(s->conn);
	s->io->bytes_out = conn_bytes_out(s->conn) + conn_unsent(s->conn);
	buf_wipe(conn_input(s->conn));
	if (conn_errno(s->conn) != 0 && s->reason != SESSION_TLS)
		conn_free(s->conn);
	else
		conn_close(s->conn);
	s->conn = NULL;
}

void
session_end(struct session *s, enum session_reason reason,
    const struct reply *last)
{
	struct session_io *io = s->io;
	bool mute = session_is_mute(s);

	if (s->state == SESSION_CLOSING)
		return;
	s->reason = reason;
	session_abandon(s);
	if (last != NULL && !mute)
		session_reply(s, last);
	s->state = SESSION_CLOSING;
	close_conn(s);
	io->next = io->begun ? on_closed : on_disconnect_asked;
	io->wait = s->txn.handoff != NULL ? SESSION_WAIT_RELAY :
	    SESSION_WAIT_NONE;
	session_run(s);
}

static void
on_txn_asked(struct session *s)
{
	session_fn next = s->io->after_txn;

	s->io->reset_asked = false;
	s->io->rcpt = NULL;
	txn_reset(&s->txn);
	if (s->env->policy != NULL)
		s->env->policy->txn_reset(s);
	session_forget_held(s, SESSION_HELD_SENDER);
	verb_xforward_forget(s);
	if (s->state != SESSION_CLOSING)
		s->state = SESSION_READY;
	s->io->next = next;
}

void
session_end_txn(struct session *s, session_fn next)
{
	bool ask = s->txn.open && !s->io->reset_asked;

	s->io->after_txn = next;
	s->io->reset_asked = true;
	if (ask)
		session_ask(s, STAGE_RESET, on_txn_asked);
	else
		s->io->next = on_txn_asked;
}

void
session_relayed(void *arg, const struct relay_result *result)
{
	struct session *s = arg;

	s->io->wait = SESSION_WAIT_NONE;
	if (s->io->delivering)
		handoff_result(s, result);
	else
		verb_rcpt_result(s, result);
	session_run(s);
}

void
session_drain(struct session *s)
{
	s->io->drain = true;
	session_run(s);
}

void
session_kill(struct session *s)
{
	struct reply r;

	reply_set(&r, 421, "4.3.2", "closed by the administrator");
	session_end(s, SESSION_KILLED, &r);
}

void
session_early_start(struct session *s, double seconds,
    void (*fn)(void *arg, bool early), void *arg)
{
	struct session_io *io = s->io;

	io->early = fn;
	io->early_arg = arg;
	ev_timer_stop(s->env->loop, &io->timer);
	ev_timer_set(&io->timer, session_is_early(s) ? 0. : seconds, 0.);
	ev_timer_start(s->env->loop, &io->timer);
}

void
session_early_cancel(struct session *s)
{
	if (s->io->early == NULL)
		return;
	s->io->early = NULL;
	ev_timer_stop(s->env->loop, &s->io->timer);
}
