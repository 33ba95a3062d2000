#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include <stdbool.h>

#include "loader.h"

/*
 * supervisor: the process that binds, forks and watches.
 *
 * It parses nothing from the network and runs no Lua.  Its loop has the poll
 * backend, so that no epoll set is shared with a child.
 *
 * Returns the exit status of the program: 0 after an orderly stop, 71 or 78
 * with one line on stderr when it cannot start.  With daemonize the caller
 * returns when the start is known to be good, or has failed; the service runs
 * on in another process.
 *
 * args is copied: once title_init has been called, the memory of argv is the
 * process title.
 */
struct supervisor_args {
	struct loader_args load;	/* number and timeout are set here */
	bool daemonize;
	bool paused;			/* accept nothing until `ctl resume` */
};

int supervisor_run(const struct supervisor_args *);

#endif
