#ifndef NOTICE_H
#define NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * notice: what supervisor and worker say to each other.
 *
 * A socketpair per worker that keeps the bounds of messages; each is a struct
 * of fixed size and of a kind from the list below, some with one descriptor.
 * Both ends are non-blocking.  Anything else that arrives is a fault of the
 * peer, and the caller ends it.
 */
enum notice_kind {
	/* to the worker */
	NOTICE_ACCEPT = 1,	/* number: enum notice_accept */
	NOTICE_DRAIN,		/* number: ms until 421; 0: now; max: never */
	NOTICE_LOG,		/* with a descriptor: log there from now on;
				 * text is where that is */
	NOTICE_SESSIONS,	/* list your sessions; serial */
	NOTICE_KILL,		/* end the session called text; serial */
	/* from the worker */
	NOTICE_READY,
	NOTICE_FAILED,		/* cannot start; text says why */
	NOTICE_STOPPED,	/* accepts no more, its listeners are closed */
	NOTICE_ROOM,		/* number 1: there is room; 0: full */
	NOTICE_SPENT,		/* wants to drain: has served its lifetime
				 * (number 0), or Lua has no memory left (1) */
	NOTICE_LIST,		/* with a sealed memfd; answers SESSIONS */
	NOTICE_KILLED,		/* number 1: it was mine; answers KILL */
	NOTICE_KINDS
};

enum notice_accept {
	NOTICE_PAUSE,		/* look at no connection */
	NOTICE_LEAVE,		/* leave them to others */
	NOTICE_TAKE,
};

enum { NOTICE_TEXT_MAX = 1024 };

struct notice_message {
	uint32_t kind;
	uint32_t serial;
	uint64_t number;
	char text[NOTICE_TEXT_MAX];
};

enum notice_result {
	NOTICE_OK,
	NOTICE_AGAIN,		/* nothing there, or no room to send */
	NOTICE_EOF,		/* the peer is gone */
	NOTICE_BROKEN,		/* not a message, or errno */
};

int notice_open(int out[2]);		/* 0, or -1 with errno */
enum notice_result notice_send(int fd, const struct notice_message *,
    int descriptor);			/* descriptor -1: none; not closed */
/* *descriptor is the caller's, or -1.  A kind that may not carry one, or must,
 * is checked here. */
enum notice_result notice_receive(int fd, struct notice_message *out,
    int *descriptor);

/* A message with a number and no more. */
enum notice_result notice_tell(int fd, enum notice_kind, uint64_t number);

#endif
