#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "command.h"
#include "line.h"
#include "reply.h"
#include "stage.h"
#include "txn.h"
#include "verdict.h"

struct arena;
struct buf;
struct conn;
struct dns;
struct ev_loop;
struct log_line;
struct message;
struct nexthop;
struct offload;
struct proxy_header;
struct relay_result;
struct relays;
struct route;
struct route_table;
struct session;
struct tls_info;
struct tls_server;

/*
 * session: one client, from accept to close.
 *
 * One command at a time: the next line is cut when this one is answered.
 * Asking the hooks stops the input loop, and session_answer is the only way
 * on.  At most one question is open.  Observers (relayed, reset, disconnect)
 * are questions whose answer is ignored.  session_end is the orderly way out
 * (observers run); session_free is the one destructor and works from every
 * state.
 */

enum session_tls {
	SESSION_TLS_OFF, SESSION_TLS_OFFERED,
	SESSION_TLS_REQUIRED,	/* 530 5.7.0 to MAIL in the clear */
	SESSION_TLS_IMPLICIT,
};
enum session_auth {
	SESSION_AUTH_OFF, SESSION_AUTH_OFFERED,
	SESSION_AUTH_REQUIRED,	/* 530 5.7.0 to MAIL without */
};

/* EHLO keywords that are not said to some clients. */
struct session_withhold {
	struct cidr net;
	const char *const *keyword;	/* NULL at the end */
};

/* What the configuration says for sessions of one listener, resolved. */
struct session_limits {		/* 0 for any number of */
	uint64_t message_size;
	unsigned messages, recipients, commands, errors, soft_errors, received;
	size_t command_line, text_line, header_size, memory_message;
};

struct session_timeouts {	/* seconds; min_rate octets per second */
	double greeting, command, data, tls, hook, message_hook;
	double relay_connect, relay_command, relay_data, after_data, drain;
	double min_rate;
};

struct session_conf {
	const char *listener;	/* its name */
	const char *hostname;
	unsigned chain;		/* number of the chain of hooks */
	uint32_t stages;	/* bit n: a hook listens at stage n */
	const struct route *relay;
	bool check_with_relay;	/* check_recipients = "relay" */
	bool normalize;		/* bare_newline = "normalize" */
	bool lmtp;
	bool hide_client;	/* Received does not name it */
	bool proxy;		/* clients come through a PROXY protocol */
	enum session_tls tls;
	struct tls_server *tls_server;	/* the engine's; NULL: there is none */
	enum session_auth auth;
	unsigned mechanisms;	/* bit n: enum sasl_mechanism n */
	bool auth_without_tls;
	bool script;		/* input is a pipe or file: it cannot wait */
	struct cidr_list normalize_clients, trusted, quiet_clients;
	struct cidr_list proxy_clients, xclient_clients;
	const char *const *withhold;	/* EHLO keywords, NULL at the end */
	const struct session_withhold *withhold_from;
	size_t withholds;
	const char *const *advertise;	/* those hooks add, NULL at the end */
	struct session_limits limits;
	struct session_timeouts timeouts;
};

/* Counters of a worker; they live in its scoreboard slot, it alone writes. */
struct session_stats {
	_Atomic uint64_t accepted, refused, messages, recipients, rejected,
	    deferred, discarded, errors, hook_errors, relay_errors, bytes_in,
	    bytes_out;
};

/* Credentials, while the stage `auth` is asked.  user may be replaced (in the
 * session's arena). */
struct session_login {
	const char *mechanism;
	const char *user, *password, *authzid;	/* password, authzid: or NULL */
};

/* What is counted for each client and minute. */
enum session_rate {
	SESSION_RATE_HANDSHAKES,	/* of TLS */
	SESSION_RATE_MESSAGES, SESSION_RATE_RECIPIENTS,
	SESSION_RATE_LOGINS,		/* AUTH */
};

/* What a hook is asked. */
struct session_question {
	enum stage stage;
	union {
		const char *helo;		/* helo */
		struct txn_sender *sender;	/* mail */
		struct txn_rcpt *rcpt;		/* rcpt */
		struct { const char *verb, *rest; } unknown;
		const char *vrfy;
		struct session_login *login;	/* auth */
		const struct relay_result *result;	/* relayed */
	} u;
};

/*
 * The policy, as the session sees it; the worker fills it in.  ask is called
 * only for stages in conf->stages and answers by session_answer, now or later.
 * forget cancels the open question: no answer will come.  reply may change
 * text and code (same class) of a reply that is about to be sent.  gone says
 * that the session dies: handles must raise from now on.  summary appends
 * fields to the session's closing line.
 */
struct session_policy {
	void (*ask)(struct session *, const struct session_question *);
	void (*forget)(struct session *);
	void (*reply)(struct session *, const char *verb, struct reply *);
	void (*txn_reset)(struct session *);	/* the transaction is gone */
	void (*gone)(struct session *);
	void (*summary)(struct session *, struct log_line *);
};

/* What sessions of one worker share. */
struct session_env {
	struct ev_loop *loop;
	const struct session_policy *policy;
	void *policy_data;
	struct dns *dns;
	struct offload *offload;
	struct relays *relays;
	const struct route_table *routes;
	const char *spool_dir;
	struct session_stats *stats;
	bool stress;		/* nearly full: patience is short */
	bool draining;		/* 421 4.3.2 at the next command boundary */
	/*
	 * Of the worker; NULL where there is none: then there is this one
	 * session, and nobody is refused.
	 *
	 * Open sessions of this client's address, over all workers.
	 */
	unsigned (*connections)(struct session *);
	/*
	 * The client is another than was thought (PROXY, XCLIENT): it is
	 * counted and held against the limits anew.  NULL, or the line with
	 * which it is refused.
	 */
	const char *(*readdress)(struct session *);
	/* May this client do one more of these now?  If so, it is counted. */
	bool (*rate_admit)(struct session *, enum session_rate);
	/* The session has ended and is about to be freed. */
	void (*ended)(struct session *);
};

enum session_state {
	SESSION_GREETING,	/* before our banner is out */
	SESSION_HELLO,		/* before HELO or EHLO; no mail yet */
	SESSION_READY,		/* greeted, no transaction */
	SESSION_MAIL,		/* MAIL accepted, no recipient yet */
	SESSION_RCPT,		/* at least one recipient accepted */
	SESSION_DATA,		/* content is coming */
	SESSION_HANDOFF,	/* between end-of-data and its answer */
	SESSION_CLOSING,	/* said its last; observers may still run */
};

/* Why it ended: `reason` in the closing line, session.closed for hooks. */
enum session_reason {
	SESSION_OPEN, SESSION_QUIT, SESSION_LOST, SESSION_TIMEOUT,
	SESSION_ERRORS, SESSION_REFUSED, SESSION_DROPPED, SESSION_DRAIN,
	SESSION_FAULT, SESSION_KILLED, SESSION_TLS,
};

struct session_verb_count { unsigned ok, all; };

struct session {
	struct session_env *env;
	const struct session_conf *conf;
	struct arena *arena;
	struct conn *conn;
	char id[24];		/* unique over workers and restarts */
	unsigned generation;	/* of the handle that hooks hold */
	enum session_state state;
	enum session_reason reason;
	struct addr client, server;
	struct addr proxy;		/* through which it came; family 0: none */
	const char *client_name;	/* by a hook or XCLIENT; NULL */
	const struct proxy_header *proxy_header;	/* NULL: none came */
	const struct tls_info *tls;	/* NULL in the clear */
	const char *auth_user, *auth_mechanism;	/* NULL before AUTH */
	const char *helo;		/* NULL before HELO */
	bool esmtp, trusted, quiet;
	struct txn txn;
	struct session_limits limits;	/* hooks may change some */
	bool asking;			/* a question is open */
	struct session_question question;
	unsigned messages, recipients, errors, unknown, junk, txns;
	unsigned rcpt_serial;
	struct session_verb_count verbs[COMMAND_VERBS];
	double began;			/* wall clock */
	void *policy;			/* the policy's own, for this session */
	void *owner;			/* the worker's own, for this session */
	struct session_io *io;		/* private to session.c and the verbs */
	struct session *next, **prev;	/* the worker's list */
};

/* fd is taken over.  The session starts on the next turn of the loop (stage
 * pre_connection first). */
struct session *session_new(struct session_env *, const struct session_conf *,
    int fd, const struct addr *client, const struct addr *server);
/* The same over a pair of descriptors. */
struct session *session_new_pair(struct session_env *,
    const struct session_conf *, int in, int out, const struct addr *client,
    const struct addr *server);
/* The one answer to the open question, from inside ask or later.  The session
 * may end by it, and ask again; it is not freed before the present callback of
 * the loop has returned. */
void session_answer(struct session *, const struct verdict *);
/* Orderly end: an optional last reply (NULL: none), then the observers. */
void session_end(struct session *, enum session_reason, const struct reply *);
void session_free(struct session *);

/* End at the next command boundary with 421 4.3.2; at once if idle. */
void session_drain(struct session *);
/* ctl kill: 421 and close, whatever it is doing. */
void session_kill(struct session *);
const char *session_state_name(enum session_state);

/* Begin a log line that carries id and client. */
void session_log(struct session *, struct log_line *, int level,
    const char *event);

/* True as soon as the client speaks before its turn, false if it kept quiet
 * for seconds.  One at a time; cancel is harmless when none is open. */
void session_early_start(struct session *, double seconds,
    void (*fn)(void *arg, bool early), void *arg);
void session_early_cancel(struct session *);
/*
 * A first line of the banner, "220-", before the rest of it; robots take it
 * for the whole and speak.  Once, while stage connect is asked about a client
 * that has had no banner; else nothing happens and it is false.
 */
bool session_tease(struct session *, const char *text);

/* For hooks: add a recipient in the present transaction (address checked by
 * the caller). */
struct txn_rcpt *session_add_rcpt(struct session *, const struct path *);

#endif
