#ifndef UPSTREAM_H
#define UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ehlo.h"
#include "relay.h"

struct addr;
struct buf;
struct dns;
struct ev_loop;
struct nexthop;
struct reply;
struct tls_client;

/*
 * upstream: one connection to a next hop, as the client of SMTP (RFC 5321) or
 * LMTP (RFC 2033): it connects, gets ready (EHLO, TLS, AUTH), sends commands,
 * and says which reply belongs to which command.  What the commands mean is
 * its owner's business.
 *
 * Commands are gathered and sent as early as PIPELINING allows (RFC 2920): all
 * at once, or one by one.  A reply that nobody waits for, one that is
 * malformed, 421 to anything, a timeout: the connection is over.  Events come
 * in the owner's function, never from inside one of its calls, and it may free
 * the upstream there.
 */
enum upstream_verb {
	/* never told */
	UPSTREAM_BANNER, UPSTREAM_HELLO, UPSTREAM_STARTTLS, UPSTREAM_AUTH,
	UPSTREAM_XCLIENT,
	UPSTREAM_RSET, UPSTREAM_XFORWARD, UPSTREAM_MAIL, UPSTREAM_RCPT,
	UPSTREAM_DATA,
	UPSTREAM_END,		/* what follows the final dot */
};

enum upstream_what {
	UPSTREAM_READY,		/* for mail; and each time it was introduced */
	UPSTREAM_REPLY,		/* to verb; before the end of content: verb END */
	UPSTREAM_DRAINED,	/* after upstream_want_drained */
	UPSTREAM_LOST,		/* over; free it */
};

enum upstream_fault {
	UPSTREAM_UNREACHED,	/* not connected, or not ready */
	UPSTREAM_INSECURE,	/* TLS as it must be could not be had */
	UPSTREAM_DENIED,	/* AUTH was refused for good */
	UPSTREAM_REFUSED,	/* it knows the client, and does not want it */
	UPSTREAM_CLOSED,	/* it went away, or said 421 */
	UPSTREAM_SLOW,		/* no answer in time */
	UPSTREAM_GARBLED,	/* not SMTP as we know it */
	UPSTREAM_IDLE,		/* idle for as long as was allowed */
};

struct upstream_event {
	enum upstream_what what;
	enum upstream_verb verb;	/* REPLY */
	const struct reply *reply;	/* REPLY */
	enum upstream_fault fault;	/* LOST */
	const char *text;		/* LOST: for the log */
};

struct upstream_conf {		/* what it points to outlives the upstream */
	struct ev_loop *loop;
	struct dns *dns;
	const struct nexthop *hop;
	const char *hostname;	/* how we greet */
	struct tls_client *tls;	/* NULL: it could not be made, see tls_error */
	const char *tls_error;
	const char *password;	/* for hop->user; NULL: there is none */
	size_t password_len;
	bool clear;		/* no TLS, where that is only to be tried */
	/* Whose connection a PROXY header says this is; NULL: our own.  Not
	 * looked at once upstream_new has returned. */
	const struct relay_session *client;
};

struct upstream;
typedef void (*upstream_fn)(void *arg, const struct upstream_event *);

struct upstream *upstream_new(const struct upstream_conf *,
    const struct relay_timeouts *, upstream_fn, void *arg);
void upstream_free(struct upstream *);	/* at once; NULL is fine */
void upstream_quit(struct upstream *);	/* politely, and free it */

/* Another owner, with its own timeouts. */
void upstream_own(struct upstream *, const struct relay_timeouts *,
    upstream_fn, void *arg);
/* What it offered last: behind TLS, and to whom it was introduced. */
const struct ehlo *upstream_ehlo(const struct upstream *);
const struct addr *upstream_peer(const struct upstream *);
bool upstream_is_lmtp(const struct upstream *);
const char *upstream_tls(const struct upstream *);	/* version; or NULL */
/* TLS, with the certificate that the configuration demands (RFC 8689 4.2.1). */
bool upstream_is_verified(const struct upstream *);
bool upstream_is_authenticated(const struct upstream *);

/*
 * Say for whom the mail that follows is, between transactions: by XCLIENT, if
 * the hop is to be told so, offers it, and does not know it already.  True:
 * READY will say when that is done, LOST if it was refused.
 */
bool upstream_introduce(struct upstream *, const struct relay_session *);
/* Was it told of a client, and takes no word of another?  Is it good for that
 * client's mail? */
bool upstream_is_bound(const struct upstream *);
bool upstream_suits(const struct upstream *, const struct relay_session *);
/* Say it by XFORWARD, which goes before each MAIL; id names the message.  Its
 * commands are queued like any other. */
void upstream_forward(struct upstream *, const struct relay_session *,
    const char *id);

/* Queue a command; text comes without CRLF.  Nothing may follow DATA before
 * its reply. */
void upstream_command(struct upstream *, enum upstream_verb,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Commands without a reply so far, sent or not. */
size_t upstream_pending(const struct upstream *);
/* Take back those that have not been sent. */
void upstream_forget_unsent(struct upstream *);
/* Can it be used again once all replies are here?  Not if content was, or may
 * be, asked for, or if more is there than was asked for. */
bool upstream_in_step(const struct upstream *);
/* Nothing is expected any more: wait that long, then UPSTREAM_IDLE. */
void upstream_idle(struct upstream *, double seconds);

/* After 354: content, dot-stuffed, goes into this buffer. */
struct buf *upstream_output(struct upstream *);
bool upstream_full(const struct upstream *);
void upstream_want_drained(struct upstream *);
/* The end of content is in the buffer: that many replies will come. */
void upstream_end(struct upstream *, size_t replies);

#endif
