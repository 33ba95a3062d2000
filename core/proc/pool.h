#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "child.h"

struct ev_loop;
struct release;
struct scoreboard;

/*
 * pool: the workers of the release in force, of the one that comes in, and
 * those of earlier ones that drain.
 *
 * It starts what is missing, ends what is too many or too old, tells a few
 * which of them accept, watches heartbeats, and takes back what the dead held.
 * A release comes in with pool_start; when all its workers are ready the owner
 * is told and decides: pool_swap puts it in force and drains the others,
 * pool_cancel ends it.
 */
struct pool_owner {
	/* The workers of the incoming release are ready (NULL), or why not. */
	void (*started)(void *arg, const char *error);
	/* After pool_swap: no worker of another release accepts any more. */
	void (*swapped)(void *arg);
	/* After pool_close: no worker is left. */
	void (*empty)(void *arg);
	/* An answer of a worker that is not the pool's business; fd, or -1, is
	 * the callee's. */
	void (*answer)(void *arg, struct child *, const struct notice_message *,
	    int fd);
	/* In a new process, first of all. */
	void (*forget)(void *arg);
	void *arg;
};

struct pool;

struct pool *pool_new(struct ev_loop *, struct scoreboard *,
    const struct pool_owner *);
void pool_free(struct pool *);		/* does not end the workers */

/* The release is borrowed until it is cancelled or the next one is in force;
 * pool_swap does not look at the one before. */
void pool_start(struct pool *, const struct release *);
void pool_cancel(struct pool *);
void pool_swap(struct pool *);

void pool_pause(struct pool *, bool);
/* Start none any more; all drain, with 421 after so many ms (UINT64_MAX:
 * never). */
void pool_close(struct pool *, uint64_t ms);
void pool_kill(struct pool *);		/* SIGKILL to all */
/* Wait for those that have died; call it on SIGCHLD. */
void pool_reap(struct pool *);

/* To all: a notice, with a descriptor or -1; a worker that starts gets only
 * what is about the log.  Returns how many got it. */
size_t pool_tell_all(struct pool *, const struct notice_message *, int fd);

const struct child *pool_first(const struct pool *);
struct pool_counts {
	unsigned ready, starting, draining;
};
void pool_count(const struct pool *, struct pool_counts *out);

#endif
