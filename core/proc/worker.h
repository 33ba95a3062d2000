#ifndef WORKER_H
#define WORKER_H

#include <sys/types.h>

#include "release.h"
#include "scoreboard.h"

/*
 * worker: one process with many sessions, of one generation.
 *
 * It is forked with everything it needs, drops its privileges, makes its own
 * loop, loads the policy and says READY.  It accepts when the supervisor says
 * so.  It ends by draining: it stops accepting, serves what it has, tells
 * clients 421 4.3.2 at their next command when the time is up, and cuts what
 * is left after timeouts.drain.  Without a supervisor (the channel is at its
 * end), and on SIGTERM, it drains with the 421 at once.
 */
struct worker_args {
	const struct release *release;
	struct scoreboard *board;
	unsigned slot;
	int channel;			/* to the supervisor; see notice.h */
	pid_t parent;
	bool report_room;	/* tell the supervisor when we are full */
};

/* Returns the exit status. */
int worker_run(const struct worker_args *);

#endif
