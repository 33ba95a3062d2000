#ifndef SESSION_IO_H
#define SESSION_IO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "body.h"
#include "buf.h"
#include "command.h"
#include "conn.h"
#include "line.h"
#include "relay.h"
#include "reply.h"
#include "sasl.h"
#include "tally.h"
#include "turn.h"

#include "ehlo.h"
#include "session.h"

/*
 * session_io: what session.c, the loop and the verbs share, and nobody else.
 *
 * The loop (session_run) does one thing at a time: what `next` says if that is
 * set, else the next piece of input.  Whoever has to wait sets `wait`, and the
 * loop stands until that is NONE again.  So an answer that comes at once and
 * one that comes later take the same way, and nothing recurses.
 */
typedef void (*session_fn)(struct session *);

enum session_wait {
	SESSION_WAIT_NONE,
	SESSION_WAIT_START,	/* for the first turn of the loop */
	SESSION_WAIT_ANSWER,	/* for the hooks */
	SESSION_WAIT_DELAY,	/* for the timer: a verdict's delay, pacing */
	SESSION_WAIT_RELAY,	/* for the next hop */
	SESSION_WAIT_OUTPUT,	/* for the client to read its replies */
	SESSION_WAIT_TLS,	/* for the client to shake hands */
	SESSION_WAIT_END,	/* all is done; session_free on the next turn */
};

/* Who a verdict that is held is about. */
enum session_held {
	SESSION_HELD_CLIENT, SESSION_HELD_HELO, SESSION_HELD_SENDER,
	SESSION_HELD			/* how many */
};

enum {
	SESSION_HELO_MAX = 255,		/* RFC 5321 4.5.3.1.2 */
	SESSION_JUNK_MAX = 256 * 1024,	/* octets of a command without CRLF */
	SESSION_DELAY_MAX = 60,
	SESSION_REFUSED_MAX = 1000,	/* recipients in one transaction */
	SESSION_CLIENTS_MAX = 1000,	/* by XCLIENT: each costs memory */
	SESSION_AUTH_TRIES = 3,		/* failures, and it ends */
	SESSION_PROXY_WAIT = 5,		/* seconds for a PROXY header */
};

enum session_chunk_phase {
	SESSION_CHUNK_NONE,
	SESSION_CHUNK_OPEN,	/* a message comes in chunks */
	SESSION_CHUNK_FAILED,	/* it was refused; LAST or RSET ends that */
};

struct session_chunk {		/* of BDAT */
	enum session_chunk_phase phase;
	bool coming;		/* its octets are not all here */
	bool last;
	uint64_t size, left;
	uint64_t total;		/* of this message */
	unsigned empty;		/* that were not the last */
	int code;		/* 0, or how it is answered */
	const char *enhanced, *text;
};

struct session_io {
	struct line_reader lines;
	struct body_reader body;
	struct buf arg;			/* what a question borrows; scratch */
	struct turn turn;		/* the first one, and the last */
	ev_timer timer;			/* a delay, or session_early_start */
	enum session_wait wait;
	session_fn next, after_txn;
	/* Who takes the input; false if more is needed.  NULL: commands, or
	 * content. */
	bool (*reader)(struct session *);
	bool begun;			/* pre_connection was asked */
	bool running;			/* inside session_run */
	bool pipelining;		/* we have offered it */
	struct ehlo offer;		/* what this client may use */
	bool drain;
	bool paced;			/* the delay for this command is over */
	bool framed;			/* the line begins with BDAT */
	bool armed;			/* the deadline of this request runs */
	bool reset_asked;		/* for the present transaction */

	enum command_verb verb;		/* that is being served */

	/* What the hooks answered to the last question. */
	enum verdict_kind verdict;
	bool hangup;
	const char *quarantine, *why;	/* in the transaction's arena */
	struct reply reply;
	struct verdict held[SESSION_HELD];	/* by :later(), until RCPT */
	struct tally tally;

	char helo[2][SESSION_HELO_MAX + 1];	/* one of them is s->helo */
	const char *old_helo;		/* what it was before this one */
	bool old_esmtp;
	struct verdict old_held;

	bool xclient;			/* the peer may say who the client is */
	struct xforward *xforward;	/* what it said; NULL: nothing */

	struct reply *tls_refusal;	/* by `starttls`: all that it is told */

	/* AUTH; sasl is there while a dialogue or its question is open. */
	struct sasl *sasl;
	enum sasl_status sasl_status;
	struct session_login login;
	unsigned auth_failures;
	bool astray;			/* AUTH is not over for the client */

	struct txn_rcpt *rcpt;		/* that is being decided */

	/* Content. */
	struct session_chunk chunk;
	session_fn after_piece;
	bool body_done, headers_asked;
	bool too_big;
	struct reply *refusal;		/* by `headers`, given after the end */
	bool refusal_hangup;
	double budget;			/* seconds the client may still take */
	int64_t waiting_since;		/* ms; 0: not waiting */
	bool delivering;		/* the relay was told to deliver */

	bool teased;			/* session_tease has written */
	int64_t banner_at;		/* ms */
	void (*early)(void *arg, bool early);
	void *early_arg;
	uint64_t bytes_in, bytes_out;	/* once the connection is closed */
};

/* session_run.c: the loop. */
void session_run(struct session *);
void session_event(void *session, enum conn_event);
/* Input that is waiting behind the present line. */
size_t session_unread(const struct session *);
bool session_is_early(const struct session *);	/* spoken before its turn */
bool session_is_implicit(const struct session *);	/* TLS from the start */
/* Is it true that nothing may be said now: in or before a handshake, before a
 * PROXY header? */
bool session_is_mute(const struct session *);

/* session_command.c: a line, and who serves it. */
/* Cut a line and serve it.  False if there is none. */
bool session_read_command(struct session *);
/* False, with the session ended, if there is any: for what must be last in a
 * group (RFC 2920 3.1). */
bool session_in_step(struct session *);
/* There is no whole line: false, or the session ended over one without end. */
bool session_no_line(struct session *);
/* Overwrite the line that is being served. */
void session_wipe_line(struct session *);

/* session_reply.c: what the client is told. */
/* A reply that cannot be changed, CRLF included. */
void session_say(struct session *, const char *line);
void session_reply(struct session *, const struct reply *);
void session_error(struct session *, int code, const char *enhanced,
    const char *text);
/* End with a last reply. */
void session_bye(struct session *, enum session_reason, int code,
    const char *enhanced, const char *text);
/* Which transaction, and which recipient if one is being decided. */
void session_log_txn(struct session *, struct log_line *);
/* A refusal by the core for the log; text is what was wrong. */
void session_note(struct session *, int code, const char *enhanced,
    const char *text);
/* May it do one more of these now?  That is all; nobody is told. */
bool session_admits(struct session *, enum session_rate);
/* Has the client come too often with MAIL, RCPT or AUTH?  Then it was told so
 * (true), and the log says which limit it was. */
bool session_over_rate(struct session *, enum session_rate);

/* session_ask.c: the hooks. */
/* Ask; then next is called, with io->verdict and io->reply set.  The caller
 * has set question.u. */
void session_ask(struct session *, enum stage, session_fn next);
/* If they refused: answers, ends the session if they said so, and is true. */
bool session_refused(struct session *);
bool session_refuses(const struct session *);	/* only tells */
/* Go on with next after so many seconds. */
void session_delay(struct session *, double seconds, session_fn next);
/* Put what is held in place of a verdict of the hooks at RCPT. */
bool session_use_held(struct session *);
void session_forget_held(struct session *, enum session_held);
/* Stop waiting, for anything. */
void session_abandon(struct session *);

/* The transaction ends: `reset` is asked, then all is forgotten, then next
 * (may be NULL) is called. */
void session_end_txn(struct session *, session_fn next);

/* opening.c: from accept to the banner. */
void opening_attach(struct session *);	/* the connection is new */
void opening_start(struct session *);	/* the first step of its life */
/* The client is another (XCLIENT): all is as it was before the banner. */
void opening_again(struct session *);

/* verb_tls.c: shake hands, then next; what fails ends the session. */
void verb_tls_handshake(struct session *, session_fn next);
void verb_tls_secured(struct session *);
void verb_tls_failed(struct session *, const char *why);

/* verb_auth.c: forget what a dialogue holds, wiped. */
void verb_auth_forget(struct session *);
/* verb_xclient.c: who the peer says has sent this; nothing if it did not. */
void verb_xforward_log(const struct session *, struct log_line *);
void verb_xforward_forget(struct session *);

/* verb_data.c, verb_bdat.c: content that has come; false if more input is
 * needed. */
bool verb_data_input(struct session *);
bool verb_bdat_input(struct session *);
/* A command line begins with BDAT and cannot be read: 501 and close. */
void verb_bdat_bad(struct session *);
/* May no other command touch the transaction now?  Then it is answered. */
bool verb_bdat_excludes(struct session *);
/* RSET or a greeting: what was failed is forgotten. */
void verb_bdat_reset(struct session *);
/* verb_rcpt.c: the next hop's answer to RCPT. */
void verb_rcpt_result(struct session *, const struct relay_result *);
/* The callback of a session's relay. */
void session_relayed(void *session, const struct relay_result *);

static inline void
session_count(_Atomic uint64_t *counter, uint64_t n)
{
	/* one writer: no locked instruction is needed */
	atomic_store_explicit(counter, atomic_load_explicit(counter,
	    memory_order_relaxed) + n, memory_order_relaxed);
}

static inline bool
session_listens(const struct session *s, enum stage stage)
{
	return (s->conf->stages >> stage) & 1;
}

#endif
