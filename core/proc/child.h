#ifndef CHILD_H
#define CHILD_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "notice.h"

struct release;
struct scoreboard;

/*
 * child: a worker as the supervisor sees it.
 *
 * The struct lives from the fork until the process has been waited for.  A
 * child that talks nonsense, or cannot take a message, is killed; its end is
 * then found out like any other.
 */
enum child_state {
	CHILD_STARTING,
	CHILD_READY,
	CHILD_DRAINING,		/* was told to, or says so itself */
	CHILD_STOPPED,		/* accepts no more */
};

struct child {
	struct child *next;
	void (*received)(struct child *, const struct notice_message *, int fd);
	void *owner;
	unsigned batch;		/* the owner's: which start it belongs to */
	pid_t pid;
	unsigned slot, generation;
	enum child_state state;
	unsigned accept;	/* enum notice_accept: what it was told */
	bool room;
	bool expiring;		/* its replacement is being started */
	bool aborted;		/* by the watchdog */
	const char *why;	/* it ends, for the log; NULL: by itself */
	int64_t born;		/* ms */
	int64_t idle_since;
	int64_t deadline;	/* ms; 0: none.  After it, SIGKILL */
	uint64_t heartbeat, served;	/* when last looked at */
	double silent;		/* seconds without a heartbeat */
	/* Of its own generation, whatever is in force now. */
	double watchdog;	/* seconds; 0: none */
	uint64_t drain_ms;	/* timeouts.drain */
	int64_t grace_ms;	/* from its end to SIGKILL */
	int fd;
	ev_io io;
};

struct child_args {
	struct ev_loop *loop;
	struct scoreboard *board;
	const struct release *release;
	bool report_room;
	void (*received)(struct child *, const struct notice_message *, int fd);
	void *owner;
	/* Runs in the new process: give up the loop and its signals. */
	void (*forget)(void *arg);
	void *forget_arg;
};

/* NULL with errno: no fork, or (ENOSPC) no slot in the scoreboard. */
struct child *child_start(const struct child_args *);
/* It is dead: hear what it still had to say.  Before it is waited for, so that
 * its pid is nobody else's. */
void child_finish(struct ev_loop *, struct child *);
/* Not NULL: waited for, its channel closed. */
void child_free(struct ev_loop *, struct child *);
void child_tell(struct child *, enum notice_kind, uint64_t number);
void child_send(struct child *, const struct notice_message *, int fd);
void child_kill(struct child *, int signal, const char *why);

#endif
