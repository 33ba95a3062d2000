#ifndef ACCEPTOR_H
#define ACCEPTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "listen.h"

struct ev_loop;

/*
 * acceptor: takes connections from the listeners of a worker.
 *
 * It looks at them only while it is switched on.  A wake-up accepts a bounded
 * number, one from each listener in turn, so that none starves; before each
 * the owner is asked again.  It runs after all other events of a turn: what
 * has just ended makes room first.
 *
 * No error of accept is fatal.  Equal ones in a row are counted and logged in
 * one line: when another kind comes, at the next success, or at 50.  Without
 * descriptors or memory it rests for 100 ms.
 */
struct acceptor_owner {
	/* One more?  If not, the owner has switched it off. */
	bool (*go_on)(void *arg);
	/* fd is the callee's. */
	void (*accepted)(void *arg, size_t listener, int fd,
	    const struct addr *client);
	void *arg;
};

struct acceptor;

struct acceptor *acceptor_new(struct ev_loop *, const struct listen_set *,
    const struct acceptor_owner *);		/* switched off */
void acceptor_switch(struct acceptor *, bool on);
/* For good: close our copies of the listeners. */
void acceptor_close(struct acceptor *);
void acceptor_free(struct acceptor *);

/* Errors in a row. */
struct acceptor_errors {
	int error;		/* 0: none */
	unsigned count;
};

enum { ACCEPTOR_ERRORS_MAX = 50 };

/* An outcome of accept: 0 or an errno.  True if *out is now to be logged. */
bool acceptor_errors_add(struct acceptor_errors *, int error,
    struct acceptor_errors *out);
/* Has it run out of something that time may give back? */
bool acceptor_is_shortage(int error);

#endif
