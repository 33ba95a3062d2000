#ifndef UPSTREAM_STATE_H
#define UPSTREAM_STATE_H

#include "addr.h"
#include "buf.h"
#include "reply.h"

#include "upstream.h"

/*
 * upstream_state: what upstream.c (commands and replies) shares with
 * upstream_hello.c and upstream_auth.c (getting ready), and nobody else.
 */
struct conn;
struct dial;

struct upstream {
	struct upstream_conf conf;
	struct relay_timeouts timeouts;
	upstream_fn fn;
	void *arg;
	struct dial *dial;
	struct conn *conn;
	struct addr peer;
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

	bool clear;		/* no TLS any more */
	bool securing, secured;
	bool login, authenticated;	/* login: AUTH LOGIN, not PLAIN */
	unsigned auth_step;
	struct buf preface;	/* the PROXY header */
	unsigned xclient;	/* attributes it takes, from before the first */
	struct buf identity;	/* XCLIENT, a text: who it was told we are */
	char helo[256];		/* by which the client greeted us; or "" */
};

/* False if the owner freed it meanwhile. */
bool upstream_tell(struct upstream *, const struct upstream_event *);
/* It is over. */
void upstream_lose(struct upstream *, enum upstream_fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void upstream_set_deadline(struct upstream *);
void upstream_expect(struct upstream *, enum upstream_verb);

/* upstream_hello.c */
void upstream_hello_start(struct upstream *);	/* it is connected */
void upstream_hello_secured(struct upstream *);
/* From here on false means that the upstream may be gone. */
bool upstream_hello_reply(struct upstream *, enum upstream_verb,
    const struct reply *);
/* What is left to do before it is ready, or that it is. */
bool upstream_hello_advance(struct upstream *);

/* upstream_auth.c */
bool upstream_auth_start(struct upstream *);
bool upstream_auth_reply(struct upstream *, const struct reply *);

#endif
